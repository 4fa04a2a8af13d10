"""A survey on this machine: beside the plain loop, by workers, by length, by memory.

``SURVEY_SHORT`` (default 1,000) and ``SURVEY_LONG`` (default 100,000) are the numbers
of cutouts of the short runs and of the long one; 0 leaves the long one out.
``SURVEY_INPUT`` is the side in pixels at which the network looks at a cutout (default:
the starter model's own). A small one makes a long run affordable; what Dask and the
writing take weighs all the more then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.goal import Figure
from tests.helpers.survey_runs import environment

#: Side length of the small cutouts, and how many different ones there are.
SIDE, DIFFERENT = 96, 200

#: One process that searches cutouts one after the other, without Dask or a dataset.
_LOOP = """
import json, sys, time
import torch
torch.set_num_threads(1)
from pathlib import Path
from clump_detector.images.cutout import read_cutout
from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import find_sources
predictor = Predictor(Path(sys.argv[2]), "cpu")
sources = find_sources([Path(sys.argv[1])])
for source in sources[:20]:
    predictor.predict(read_cutout(source))
start = time.perf_counter()
for source in sources:
    predictor.predict(read_cutout(source))
print(json.dumps((time.perf_counter() - start) / len(sources)))
"""

#: A survey, with the time from its first results to its last and the workers' memory.
_SURVEY = """
import json, sys, threading
from pathlib import Path
from clump_detector.survey_search import run
from clump_detector.survey_search.cluster import ClusterChoice
from clump_detector.survey_search.options import SurveyOptions
from clump_detector.survey_search.scheduling import Progressed
from clump_detector.survey_search.sources.folders import Folders
from tests.helpers.resources import memory_of_children

def main():
    folder, out, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    rates, peaks = [], []
    options = SurveyOptions(photometry=False, model=sys.argv[4])
    source = Folders([folder])
    for event in run.search_survey(source, out, options, ClusterChoice(jobs=workers)):
        if isinstance(event, Progressed):
            rates.append(event.rate)
            if len(rates) % 20 == 1:
                peaks.append(memory_of_children())
        elif isinstance(event, run.Ended):
            total = event.seconds
    print(json.dumps([1 / rates[-1], peaks, total]))

if __name__ == "__main__":
    main()
"""

#: A run whose workers answer at once: what scheduler, client and writing take.
_LIMIT = """
import json, sys, threading, time
from pathlib import Path
from clump_detector.image_files.sources import Source
from clump_detector.survey_search import batch, scheduling
from clump_detector.survey_search.cluster import ClusterChoice, connected
from clump_detector.survey_search.dataset.collection import collect
from clump_detector.survey_search.dataset.tables import table_of, tables_joined
from clump_detector.survey_search.items import FileItem

def answered(task, items, failed):
    where = {"ra": 150.0, "dec": 2.0, "model": "m"}
    cutouts = [
        {"cutout": i.address, "name": i.name, "stamp": "1-2", "content": "c", **where}
        for i in items
    ]
    boxes = [
        {"cutout": i.address, "name": i.name, "box": k, "class": "clump",
         "score": 0.5, "x1": 1.0, "y1": 1.0, "x2": 9.0, "y2": 9.0, **where}
        for i in items for k in (1, 2, 3)
    ]
    tables = {"cutouts": table_of("cutouts", cutouts),
              "detections": table_of("detections", boxes)}
    return batch.Found(tables_joined([tables]), {i.address: 0.01 for i in items})

def main():
    out, n = Path(sys.argv[1]), int(sys.argv[2])
    scheduling.search_batch = answered
    items = (
        (FileItem(Source(f"g{k}", (Path(f"/survey/g{k:07d}.fits"),)), f"g{k:07d}"), 0)
        for k in range(n)
    )
    task = batch.Task(Path("none"), "m", "1", 0.2)
    run = scheduling.Scheduling(out, task, 32, threading.Event())
    choice = ClusterChoice(jobs=1, options={"processes": False})
    with connected(choice) as client:
        for _ in run.events(client, next(items), items, n):
            pass
    start = time.perf_counter()
    collect(out)
    print(json.dumps([run.seconds / n, (time.perf_counter() - start) / n]))

if __name__ == "__main__":
    main()
"""


def small_cutouts(folder: Path, n: int) -> None:
    """Make small simulated cutouts; beyond `DIFFERENT`, the same under other names."""
    from clump_detector.simulate.dataset import simulate

    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        simulate(Path(made) / "all", min(n, DIFFERENT), seed=71, size=SIDE)
        images = sorted((Path(made) / "all" / "images").iterdir())
        folder.mkdir()
        for k in range(n):
            image = images[k % len(images)]
            part = folder / f"{k // 1000:04d}"
            part.mkdir(exist_ok=True)
            os.link(image, part / f"galaxy-{k:06d}{image.suffix}")


def _model(folder: Path) -> Path:
    """Copy the starter model, with another input size where that is asked for."""
    from clump_detector.models.registry import resolve_model

    shutil.copytree(resolve_model("starter"), folder)
    card = folder / "model.json"
    values = json.loads(card.read_text(encoding="utf-8"))
    side = os.environ.get("SURVEY_INPUT")
    if side:
        values["config"]["input_size"] = int(side)
    card.write_text(json.dumps(values), encoding="utf-8")
    return folder


def figures() -> Iterator[Figure]:
    """Measure the loop, one worker and two, and a long run beside a short one."""
    long = int(os.environ.get("SURVEY_LONG", "100000"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = int(os.environ.get("SURVEY_SHORT", "1000"))
        small_cutouts(folder / "short", short)
        each, after = json.loads(_run(_LIMIT, folder / "answered", 20_000))
        yield Figure("cutouts a second that one client can hand out", 1 / each, "")
        yield Figure("putting the tables together, a cutout", 1000 * after, "ms")
        model = _model(folder / "model")
        loop = json.loads(_run(_LOOP, folder / "short", model))
        one, _, _ = _survey(folder, "short", 1)
        again = json.loads(_run(_LOOP, folder / "short", model))
        two, peaks, _ = _survey(folder, "short", 2)
        plain = float(np.median([loop, again]))
        yield Figure("the plain loop, a cutout", 1000 * plain, "ms")
        yield Figure("one worker over the plain loop", one / plain, "", "1.15")
        yield Figure("two workers of one core against one", one / two, "times", "1.8")
        if long:
            small_cutouts(folder / "long", long)
            each, peaks, seconds = _survey(folder, "long", 2)
            yield Figure(
                f"{long:,} cutouts over {short:,}, a cutout", each / two, "", "1.1"
            )
            yield Figure(f"{long:,} cutouts, altogether", seconds / 60, "min")
        yield Figure("memory of a worker, at most", max(peaks), "GB", "2")
        later = peaks[len(peaks) // 4 :]
        yield Figure("its growth after a quarter", later[-1] - later[0], "GB", "0")


def _survey(folder: Path, name: str, workers: int) -> tuple[float, list[float], float]:
    """Return seconds a cutout, memory of workers over time in GB, and all seconds."""
    out = folder / f"dataset-{name}-{workers}"
    each, peaks, seconds = json.loads(
        _run(_SURVEY, folder / name, out, workers, folder / "model")
    )
    return each, peaks, seconds


def _run(code: str, *words: object) -> str:
    """Run a program in a process of its own; return the last line that it printed."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "measured.py"
        script.write_text(code, encoding="utf-8")
        command = [sys.executable, str(script), *map(str, words)]
        done = subprocess.run(
            command, env=environment(), check=True, capture_output=True, text=True
        )
    return done.stdout.splitlines()[-1]
