"""The file about a cluster, and the jobs that are made of it."""

from __future__ import annotations

import gc

import pytest

from clump_detector.core.errors import ConfigError, FileError
from clump_detector.survey_search import cluster as clusters
from clump_detector.survey_search.cluster import ClusterChoice, connected, read_cluster

SLURM = """
kind = "slurm"
jobs = 3
[options]
queue = "galaxies"
cores = 4
processes = 4
memory = "16GB"
walltime = "04:00:00"
"""


def written(tmp_path, text):
    path = tmp_path / "cluster.toml"
    path.write_text(text)
    return path


def test_a_file_describes_a_cluster(tmp_path):
    choice = read_cluster(written(tmp_path, SLURM))
    assert (choice.kind, choice.jobs) == ("slurm", 3)
    assert choice.options["walltime"] == "04:00:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind = 'abacus'", "unknown kind 'abacus'. Choose one of local, slurm"),
        ("kinds = 'slurm'", "unknown key 'kinds'"),
        ("kind = slurm", "not TOML"),
        ("kind = 'pbs'\njobs = 0", "jobs = 0 is no number"),
        ("kind = 'pbs'\njobs = true", "jobs = True is no number"),
        ("kind = 'pbs'\noptions = 3", "options is no table"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path, text, reason):
    with pytest.raises(ConfigError) as error:
        read_cluster(written(tmp_path, text))
    assert reason in error.value.message
    assert "cluster.toml" in error.value.message


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_cluster(tmp_path / "none.toml")


@pytest.mark.filterwarnings("ignore")
def test_an_unknown_option_of_a_queue_is_one_sentence():
    choice = ClusterChoice("slurm", "", 1, {"cores": 1, "memory": "1GB", "colour": 3})
    with pytest.raises(ConfigError, match="kind slurm cannot be made") as raised:
        connected(choice).__enter__()
    del raised
    # Dask warns of the cluster that was half made, in words that pytest-xdist cannot
    # send: it goes here, not in another test.
    gc.collect()


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", ["#SBATCH -p galaxies", "#SBATCH -t 04:00:00", "--nthreads 1"]),
        ("pbs", ["#PBS -q galaxies", "#PBS -l walltime=04:00:00", "--nthreads 1"]),
    ],
)
def test_the_script_of_a_job_has_what_the_file_says(tmp_path, kind, lines):
    pytest.importorskip("dask_jobqueue")
    choice = read_cluster(written(tmp_path, SLURM.replace("slurm", kind)))
    with clusters._class_of(kind)(**choice.options) as made:
        script = made.job_script()
    for line in lines:
        assert line in script


def test_a_scheduler_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(clusters, "_FOR_SCHEDULER", 1)
    choice = ClusterChoice("scheduler", "tcp://127.0.0.1:9")
    with pytest.raises(ConfigError, match="cannot be reached"), connected(choice):
        pass
