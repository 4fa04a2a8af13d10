"""Broken files of every kind but images: labels, lists, reviews, models.

``python -m tests.broken_files FOLDER N SEED`` writes N files, one after the other,
reads each, and prints as JSON the slowest, what was no `ClumpError`, and every file
that was left or written anywhere but where the broken one lies.
"""

from __future__ import annotations

import faulthandler
import gzip
import json
import os
import random
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from astropy.table import MaskedColumn, Table

from tests.broken_images import HANG, _cut, _flipped, _longer, _moved, _overwritten
from tests.resources import peak_memory

Reader = Callable[[Path], object]

#: What stands in the place of a word or a number.
NASTY = (
    "nan", "inf", "-1", "1e400", "9" * 400, "", '"', "'", "{", "]", "\0", "../../up",
    "/etc/passwd", "1e9", "None", "null", "true", "[]", "{}", "2147483648", "1,5",
    "-99999999999999999999", "ä\U0001f30c", "%s%n", "\r\n", "\t", "#", ";", ",", "|",
    "image", "fk5", "1000000000", "*", "&a *a", "&x;", "=HYPERLINK(1)", "sep=;",
    "!!python/object/apply:os.system [ls]", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
)  # fmt: skip

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
    from clump_detector.foreign import read_labels

    for line in read_labels(path).in_words():
        assert "\n" not in line


def _label_set(path: Path) -> None:
    from clump_detector.labels import read_label_set

    read_label_set(path)


def _list(path: Path) -> None:
    from clump_detector.galaxies.lists import read_galaxies

    list(read_galaxies(path))


def _beside(path: Path) -> None:
    from clump_detector.galaxies.beside import galaxy_of
    from clump_detector.sources import Source

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
    from clump_detector.card import read_card
    from clump_detector.weights import read_weights

    read_weights(path.parent, read_card(path.parent))


def _recipe(path: Path) -> None:
    from clump_detector.recipe import read_recipe

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

    from clump_detector.catalogue import Rows, write_catalogue
    from clump_detector.recipe import find_recipe
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
    rows = Rows()
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
    from clump_detector.sources import Source

    with Review.create(review, [Source("a", (folder / "a.png",))]) as made:
        made.add(1, (1, 2, 30, 40), "clump")
    found.append(("r.clumps", review.read_bytes(), _review))
    found += [("r.clumps", review.read_bytes(), _review)] * 2
    import clump_detector.models as models  # a folder, not a module

    card = Path(next(iter(models.__path__)), "starter", "model.json").read_bytes()
    found.append(("model.json", card, _model))
    weights = save({"a": np.ones((3, 4), np.float32)})
    found.append(("weights.safetensors", weights, _model))
    shutil.rmtree(folder)
    return found


def broken(content: bytes, chance: random.Random) -> bytes:
    """Return a file that is broken in one to three ways."""
    ways = (_flipped, _cut, _longer, _moved, _overwritten, _words, _words, _lines)
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = chance.choice(ways)(content, chance)
    return content


def _words(content: bytes, chance: random.Random) -> bytes:
    """Put something absurd in the place of a word."""
    marks = [i for i, byte in enumerate(content[:50_000]) if byte in b' ,;"<>:()=\n']
    if len(marks) < 2:
        return content
    place = chance.randrange(len(marks) - 1)
    start, stop = marks[place] + 1, marks[place + 1]
    return content[:start] + chance.choice(NASTY).encode() + content[stop:]


def _lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    place = chance.randrange(len(lines))
    way = chance.randrange(3)
    if way == 0 and len(lines) > 1:
        del lines[place]
    elif way == 1:
        lines.insert(place, chance.choice(lines))
    else:
        chance.shuffle(lines)
    return b"\n".join(lines)


def read_broken_files(folder: Path, n: int, seed: int) -> dict[str, object]:
    """Write and read files, and return what became of them."""
    from clump_detector.errors import ClumpError

    faulthandler.enable()
    warnings.simplefilter("ignore")
    (folder / "whole").mkdir()
    files = whole_files(folder / "whole")
    for name, content, reader in files:  # imports take their time once
        (folder / "whole").mkdir()
        (folder / "whole" / name).write_bytes(content)
        with suppress(ClumpError):
            reader(folder / "whole" / name)
        shutil.rmtree(folder / "whole")
    import clump_detector.weights  # noqa: F401

    card = next(content for name, content, _ in files if name == "model.json")
    others = {"model.json": files[-1][:2], "weights.safetensors": ("model.json", card)}
    elsewhere = _watched(folder)
    wrong: list[str] = []
    slowest, read, left = (0.0, ""), 0, set()
    for number in range(n):
        chance = random.Random(f"{seed} {number}")
        name, content, reader = files[number % len(files)]
        place = folder / "here"
        place.mkdir()
        path = place / name
        path.write_bytes(broken(content, chance))
        if name in others:
            (place / others[name][0]).write_bytes(others[name][1])
        faulthandler.dump_traceback_later(HANG, exit=True)
        start = time.perf_counter()
        try:
            reader(path)
            read += 1
        except ClumpError as error:
            if "\n" in error.message or str(place) not in error.message:
                wrong.append(f"{number} {name}: says {error.message[:200]}")
        except BaseException as error:
            wrong.append(f"{number} {name}: {type(error).__name__} {error}"[:300])
        slowest = max(slowest, (time.perf_counter() - start, f"{number} {name}"))
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(place)
        left |= {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return {
        "files": n, "read": read, "wrong": wrong, "slowest": slowest,
        "peak_gb": peak_memory(), "left": sorted(left), "watched": elsewhere,
    }  # fmt: skip


def _watched(folder: Path) -> list[str]:
    """Have this process work, keep and write its own files in folders of its own."""
    names = ["cwd", "tmp"]
    for name in names:
        (folder / name).mkdir()
    os.chdir(folder / "cwd")
    import tempfile

    tempfile.tempdir = str(folder / "tmp")
    return names


if __name__ == "__main__":
    folder, n, seed = sys.argv[1:]
    print(json.dumps(read_broken_files(Path(folder), int(n), int(seed))))
