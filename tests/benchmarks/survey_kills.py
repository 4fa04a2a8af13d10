"""A survey whose workers, scheduler and client are killed at random: no row is lost.

``SURVEY_KILLS`` (default 100) kills over a run of ``SURVEY_CUTOUTS`` (default 5,000)
small simulated cutouts, in batches of 8. Afterwards the tables are compared, byte for
byte, with those of a run that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.goal import Figure
from tests.benchmarks.survey import small_cutouts
from tests.helpers.survey_runs import Cluster, contents, kill_all, survey


def figures() -> Iterator[Figure]:
    """Kill at random until all is done, and compare with a run that was left alone."""
    kills = int(os.environ.get("SURVEY_KILLS", "100"))
    n = int(os.environ.get("SURVEY_CUTOUTS", "5000"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_cutouts(folder / "cutouts", n)
        left_alone = survey(folder / "cutouts", "--out", folder / "quiet")
        words, _ = left_alone.communicate()
        if left_alone.returncode:
            raise RuntimeError(words)
        done = _disturbed(folder, kills)
        same = contents(folder / "quiet") == contents(folder / "killed")
        for what, number in sorted(done.items()):
            yield Figure(f"kills of the {what}", number, "times")
        yield Figure("tables equal to those of a quiet run", float(same), "", "1")
        shutil.rmtree(folder / "killed")


def _disturbed(folder: Path, kills: int) -> Counter[str]:
    """Run to the end, with so many kills on the way; return of what, how many."""
    rng = random.Random(0)
    done: Counter[str] = Counter()
    cluster = Cluster(2, folder)
    words = (folder / "cutouts", "--out", folder / "killed", "--batch", "8")
    run = None
    try:
        while True:
            if run is None:
                cluster.mend()
                run = survey(*words, "--scheduler", cluster.address)
            time.sleep(rng.uniform(2, 12))
            if run.poll() is not None:
                if run.returncode == 0:
                    return done
                run = None  # it lost the scheduler, and is started again
                continue
            if sum(done.values()) >= kills:
                run.communicate()
                continue
            what = rng.choices(["worker", "client", "scheduler"], [6, 3, 1])[0]
            done[what] += 1
            if what == "worker":
                cluster.kill_worker(rng.randrange(2))
                cluster.mend()
            elif what == "scheduler":
                cluster.kill_scheduler()
            else:
                kill_all(run)
                run = None
    finally:
        if run is not None:
            kill_all(run)
        cluster.close()
