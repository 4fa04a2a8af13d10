"""Each kind of source through the search of a worker, with the starter."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace

import astroquery.hips2fits  # noqa: F401 - takes seconds, which no test is to pay
import h5py
import numpy as np
import pytest

from clump_detector.core.errors import FetchError, FileError
from clump_detector.galaxies.surveys import Services
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.models.card import read_card
from clump_detector.models.registry import STARTER, resolve_model
from clump_detector.survey_search import scheduling
from clump_detector.survey_search.batch import search_batch
from clump_detector.survey_search.dataset.tables import CUTOUTS, DETECTIONS, PROBLEMS
from clump_detector.survey_search.options import SurveyOptions
from clump_detector.survey_search.run import task_of
from clump_detector.survey_search.scheduling import Scheduling
from clump_detector.survey_search.sources.choice import SourceChoice, source_of
from clump_detector.survey_search.sources.positions import Positions
from clump_detector.survey_search.sources.scratch import FailedItem
from tests.helpers.resources import PATIENCE
from tests.helpers.survey_cutouts import (
    BANDS,
    DEC,
    RA,
    SCALE,
    fluxes,
    picture,
    write_cube,
    write_png,
    write_tar,
)
from tests.helpers.survey_server import serving


@pytest.fixture(scope="module")
def task():
    folder = resolve_model(STARTER)
    options = SurveyOptions(device="cpu", score=0.02)
    return task_of(folder, read_card(folder), options)


@pytest.fixture
def files(tmp_path):
    """Two cutouts in files: fluxes and a picture."""
    folder = tmp_path / "images"
    folder.mkdir()
    return [write_cube(folder / "a.fits"), write_png(folder / "b.png")]


def searched(task, items):
    """Search items as a worker gets them; return the tables by name."""
    items = pickle.loads(pickle.dumps(list(items)))
    found = search_batch(task, items, [0] * len(items))
    assert found.tables[PROBLEMS].to_pylist() == []
    assert found.unreachable == 0
    return found.tables


def boxes(tables):
    """Return score, corners and position of all boxes."""
    columns = ["score", "x1", "y1", "x2", "y2", "ra", "dec"]
    table = tables[DETECTIONS].select(columns).to_pylist()
    return np.array([list(row.values()) for row in table], dtype=float)


@pytest.fixture
def wanted(task, files, tmp_path):
    """What comes out for the two files."""
    tables = searched(task, source_of(list(map(str, files)), tmp_path / "set"))
    assert len(tables[DETECTIONS])
    return tables


def _list(tmp_path, files):
    path = tmp_path / "list.txt"
    path.write_text("\n".join(map(str, files)))
    return [str(path)]


def _table(tmp_path, files):
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["path,redshift", *(f"{f},0.03" for f in files)]))
    return [str(path)]


def _shard(tmp_path, files):
    members = [(file.name, file.read_bytes()) for file in files]
    return [str(write_tar(tmp_path / "s-000.tar", members))]


def _remote(tmp_path, files):
    return [file.as_uri() for file in files]


def _stack(tmp_path, files):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        cubes = file.create_dataset("cubes", data=fluxes()[None])
        cubes.attrs.update({"bands": BANDS, "unit": "nanomaggy", "ra": RA, "dec": DEC})
        cubes.attrs.update({"pixel_scale": SCALE, "psf_fwhm": 1.3})
        file["pictures"] = picture()[None]
    return [f"{tmp_path}/s.h5::cubes", f"{tmp_path}/s.h5::pictures"]


@pytest.mark.parametrize("kind", [_list, _table, _shard, _remote, _stack])
def test_the_boxes_are_those_of_the_files(task, tmp_path, files, wanted, kind):
    tables = searched(task, source_of(kind(tmp_path, files), tmp_path / "set"))
    assert len(tables[CUTOUTS]) == 2
    np.testing.assert_allclose(boxes(tables), boxes(wanted), rtol=1e-6, equal_nan=True)
    for name in ("width", "height", "bands", "n_boxes"):
        assert tables[CUTOUTS][name] == wanted[CUTOUTS][name]
    for name in ("pixel_scale", "psf_fwhm", "ra", "dec"):
        one, other = (
            np.array(t[CUTOUTS][name].to_pylist(), dtype=float)
            for t in (tables, wanted)
        )
        np.testing.assert_allclose(one, other, rtol=1e-6, equal_nan=True)


def test_a_mosaic(task, tmp_path):
    mosaic = write_cube(tmp_path / "m.fits")
    listed = tmp_path / "g.csv"
    listed.write_text(f"name,ra,dec\nx,{RA},{DEC}\ny,{RA + 1},{DEC}\n")
    found = source_of([str(mosaic)], tmp_path, SourceChoice(listed, 60 * SCALE))
    (row,) = searched(task, found)[CUTOUTS].to_pylist()
    assert row["name"] == "x"
    assert (row["ra"], row["dec"]) == pytest.approx((RA, DEC))
    assert (row["width"], row["height"]) == (60, 60)
    assert row["cutout"] == f"m.fits::{RA:.6f},{DEC:.6f},{60 * SCALE:g}"


def test_what_a_service_does_not_deliver_is_a_problem_and_no_lost_disk(
    task, tmp_path, monkeypatch
):
    listed = tmp_path / "g.csv"
    listed.write_text(f"name,ra,dec\nN1,{RA},{DEC}\nN2,{RA + 1},{DEC}\n")
    request = DownloadRequest("sdss", size=25.0)
    services = replace(Services(), pace=0.0, patience=0.01, timeout=PATIENCE)
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(RA, DEC, 100.0)]
        server.script.extend(["", "", "", "empty"])
        services = replace(services, hips=f"{server.url}/hips2fits", cache=None)
        items = list(Positions(listed, request, tmp_path / "set", None, services))
    found = search_batch(task, items, [0, 0])
    (row,) = found.tables[CUTOUTS].to_pylist()
    (problem,) = found.tables[PROBLEMS].to_pylist()
    assert row["cutout"] == "images/N1.fits"
    assert problem["cutout"] == "images/N2.fits"
    assert problem["reason"].startswith("there is no image in g")
    assert problem["name"] == "N2"
    assert found.unreachable == 0


def test_missing_files_are_unreachable_and_failed_downloads_are_not(task, tmp_path):
    run = Scheduling(tmp_path, task, 1, threading.Event())
    refused = FailedItem("images/a.fits", "a", FetchError("no image"))
    for _ in range(5):
        run._keep(search_batch(task, [refused], [0]))
    path = tmp_path / "l.txt"
    path.write_text("".join(f"gone-{k}.png\n" for k in range(30)))
    gone = list(source_of([str(path)], tmp_path))
    run._keep(search_batch(task, gone[:10], [0] * 10))
    run._keep(search_batch(task, gone[10:20], [0] * 10))
    with pytest.raises(FileError, match="cannot be reached any more"):
        run._keep(search_batch(task, gone[20:], [0] * 10))


def test_a_problem_names_no_file_of_the_scratch_folder(task, tmp_path):
    members = [("a.fits", b"SIMPLE  = no"), ("b.png", b"no picture")]
    shard = write_tar(tmp_path / "s.tar", members)
    items = list(source_of([str(shard)], tmp_path / "set"))
    found = search_batch(task, items, [0, 0])
    reasons = [row["reason"] for row in found.tables[PROBLEMS].to_pylist()]
    assert len(reasons) == 2
    for reason in reasons:
        assert "clumps-" not in reason
        assert "damaged" in reason or "not an image" in reason
    again = search_batch(task, items, [0, 0])
    assert [row["reason"] for row in again.tables[PROBLEMS].to_pylist()] == reasons


class _Cores:
    """A client with two cores that does nothing."""

    def nthreads(self):
        return {"a": 1, "b": 1}


def test_cutouts_that_come_slowly_are_sent_before_a_batch_is_full(
    task, tmp_path, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(scheduling.time, "monotonic", lambda: now[0])
    run = Scheduling(tmp_path, task, 32, threading.Event())
    items = [(FailedItem(str(k), str(k), FetchError("x")), 0) for k in range(10)]

    def slowly():
        for item in items[1:]:
            now[0] += 1.5
            yield item

    batches = list(run._batches(items[0], slowly(), 1000, _Cores()))
    assert max(map(len, batches)) <= 2
    assert [item for batch in batches for item in batch] == items
    quick = list(run._batches(items[0], iter(items[1:]), 1000, _Cores()))
    assert [len(batch) for batch in quick] == [10]
