"""Broken files of every kind but images: labels, lists, reviews, models.

``python -m tests.helpers.broken_files FOLDER N SEED`` writes N files, one after the
other, reads each, and prints as JSON the slowest, what was no `ClumpError`, and every
file that was left or written anywhere but where the broken one lies.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from astropy.table import MaskedColumn, Table

from tests.helpers.breaking import (
    Broken,
    cut,
    flipped,
    lines,
    longer,
    moved,
    overwritten,
    read_each,
    words,
)

Reader = Callable[[Path], object]

REGIONS = b'image\nbox(20,30,10,10,0) # text={clump}\nfk5\ncircle(150,2,3")\n'
VOC = (
    b"<annotation><filename>a.png</filename><size><width>90</width><height>80</height>"
    b"</size><object><name>clump</name><bndbox><xmin>1</xmin><ymin>2</ymin>"
    b"<xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>"
)
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 90, "height": 80}],
    "categories": [{"id": 1, "name": "clump"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 9}
    ],
}


def _labels(path: Path) -> None:
    from clump_detector.labels.formats.detect import read_labels

    for line in read_labels(path).in_words():
        assert "\n" not in line


def _label_set(path: Path) -> None:
    from clump_detector.labels.label_set import read_label_set

    read_label_set(path)


def _list(path: Path) -> None:
    from clump_detector.galaxies.read import read_galaxies

    list(read_galaxies(path))


def _beside(path: Path) -> None:
    from clump_detector.galaxies.sidecar import galaxy_of
    from clump_detector.image_files.sources import Source

    galaxy, said = galaxy_of(Source("a", (path.parent / "a.png",)))
    assert galaxy is not None or said


def _review(path: Path) -> None:
    from napari_clumps.review import Review

    with Review.open(path) as review:
        for cutout in review.cutouts():
            review.boxes(cutout.id)
            review.keys(cutout)
        review.label_set()


def _model(path: Path) -> None:
    from clump_detector.detector.weights import read_weights
    from clump_detector.models.card import read_card

    read_weights(path.parent, read_card(path.parent))


def _recipe(path: Path) -> None:
    from clump_detector.config.recipe import read_recipe

    read_recipe(path)


def _catalogue(path: Path) -> None:
    from clump_detector.catalogue import read_catalogue

    read_catalogue(path)


def _table() -> Table:
    n = 6
    chance = np.random.default_rng(0)
    table = Table()
    table["file"] = [f"{letter}.png" for letter in "abcdef"]
    table["objid"] = chance.integers(10**17, 9 * 10**18, n)
    table["ra"] = MaskedColumn(chance.uniform(0, 360, n), unit="deg")
    table["dec"] = MaskedColumn(chance.uniform(-90, 90, n), unit="deg")
    table["redshift"] = MaskedColumn(chance.uniform(0, 1, n), mask=np.arange(n) == 3)
    table["x1"], table["y1"] = chance.uniform(0, 9, (2, n))
    table["x2"], table["y2"] = chance.uniform(20, 30, (2, n))
    table["class"] = ["clump"] * n
    return table


#: How astropy calls the formats of tables.
TABLES = {
    ".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".vot": "votable", ".fits": "fits",
    ".parquet": "parquet",
}  # fmt: skip


def whole_files(folder: Path) -> list[tuple[str, bytes, Reader]]:
    """Return good files: the name, the bytes and what reads it."""
    from safetensors.numpy import save

    from clump_detector.catalogue import CatalogueBuilder, write_catalogue
    from clump_detector.config.recipe import find_recipe
    from napari_clumps.review import Review

    european = b"file;ra;dec;objid\na.png;150,1;2,2;1237665126939754531\n" * 2
    found: list[tuple[str, bytes, Reader]] = [
        ("x.reg", REGIONS, _labels),
        ("a.xml", VOC, _labels),
        ("coco.json", json.dumps(COCO).encode(), _labels),
        ("set.json", json.dumps(COCO).encode(), _label_set),
        ("labels.txt", b"0 0.5 0.25 0.1 0.2\n1 0.5 0.5 0.1 0.1 0.75\n", _labels),
        ("list.csv", european, _list),
        ("galaxies.csv", european, _beside),
        ("recipe.toml", find_recipe("retrain-fpn").read_bytes(), _recipe),
    ]
    rows = CatalogueBuilder()
    rows.add(2, {"clump_id": [1, 2], "galaxy_name": "a", "listed": {"n": (7, "")}})
    for ending, kind in TABLES.items():
        path = folder / f"whole{ending}"
        _table().write(path, format=kind, overwrite=True)
        content = path.read_bytes()
        found += [
            (f"list{ending}", content, _list),
            (f"boxes{ending}", content, _labels),
        ]
        write_catalogue(rows.finished({"a": {"b": 1}}), path)
        found.append((f"catalogue{ending}", path.read_bytes(), _catalogue))
    found.append(("boxes.csv.gz", gzip.compress(found[9][1], mtime=0), _labels))
    review = folder / "whole.clumps"
    from clump_detector.image_files.sources import Source

    with Review.create(review, [Source("a", (folder / "a.png",))]) as made:
        made.add(1, (1, 2, 30, 40), "clump")
    found.append(("r.clumps", review.read_bytes(), _review))
    found += [("r.clumps", review.read_bytes(), _review)] * 2
    from clump_detector import models

    card = Path(next(iter(models.__path__)), "starter", "model.json").read_bytes()
    found.append(("model.json", card, _model))
    weights = save({"a": np.ones((3, 4), np.float32)})
    found.append(("weights.safetensors", weights, _model))
    shutil.rmtree(folder)
    return found


def broken(content: bytes, chance: random.Random) -> bytes:
    """Return a file that is broken in one to three ways."""
    ways = (flipped, cut, longer, moved, overwritten, words, words, lines)
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = chance.choice(ways)(content, chance)
    return content


def cases(folder: Path, n: int, seed: int) -> Iterator[Broken]:
    """Yield broken files; good ones are made, and read once, in a folder inside."""
    from clump_detector.core.errors import ClumpError

    whole = folder / "whole"
    whole.mkdir()
    files = whole_files(whole)
    for name, content, reader in files:  # imports take their time once
        whole.mkdir()
        (whole / name).write_bytes(content)
        with suppress(ClumpError):
            reader(whole / name)
        shutil.rmtree(whole)
    card = next(content for name, content, _ in files if name == "model.json")
    # A model folder is whole but for the file that is broken.
    beside = {
        "model.json": {files[-1][0]: files[-1][1]},
        "weights.safetensors": {"model.json": card},
    }
    for number in range(n):
        chance = random.Random(f"{seed} {number}")
        name, content, reader = files[number % len(files)]
        yield Broken(name, broken(content, chance), reader, beside.get(name, {}))


def apart(folder: Path) -> None:
    """Have this process work and keep its own files in folders of their own."""
    for name in ("cwd", "tmp"):
        (folder / name).mkdir()
    os.chdir(folder / "cwd")
    tempfile.tempdir = str(folder / "tmp")


if __name__ == "__main__":
    folder, n, seed = Path(sys.argv[1]).absolute(), *map(int, sys.argv[2:])
    warnings.simplefilter("ignore")
    apart(folder)
    print(json.dumps(read_each(cases(folder, n, seed), folder)))
