"""Images that have changed since they were labelled: no box goes out on another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from clump_detector.core.errors import LabelError
from clump_detector.image_files.sources import find_sources
from clump_detector.labels.label_set import read_label_set
from napari_clumps.cli.labels import frozen_labels
from napari_clumps.io.formats import FORMATS, export, run_to_end
from napari_clumps.review import Review
from tests.fields.understood import understood

BOXES = [(10.0, 10.0, 20.0, 20.0), (70.0, 40.0, 85.0, 55.0)]

#: A file of each format, or a folder.
OUT = {
    "labels": "x.json",
    "catalogue": "x.csv",
    "coco": "x.json",
    "coco-folder": "x",
    "ds9-sky": "x.reg",
    "ds9-image": "x",
    "yolo": "x",
    "voc": "x",
    "zooniverse": "x",
    "sheet": "x.html",
}


def put(path: Path, size: tuple[int, int], seed: int) -> None:
    """Write a FITS plane of a width and height, with sky coordinates."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = size[0] / 2, size[1] / 2
    wcs.wcs.cdelt = -1e-4, 1e-4
    rng = np.random.default_rng(seed)
    plane = rng.normal(1, 0.1, size[::-1]).astype("f4")
    fits.writeto(path, plane, wcs.to_header(), overwrite=True)


def two_images(top):
    """Return a folder with two images."""
    folder = top / "images"
    folder.mkdir()
    for n, name in enumerate(("first", "second")):
        put(folder / f"{name}.fits", (90, 60), n)
    return folder


@pytest.fixture
def review(tmp_path):
    """Return a review of two images, both seen, done, and with two boxes each."""
    folder, path = two_images(tmp_path), tmp_path / "r.clumps"
    with Review.create(path, find_sources([folder]), held_out=0) as made:
        for i in made.ids:
            made.note_seen(i, (90, 60))
            for box in BOXES:
                made.add(i, box, "clump")
            made.set_done(i, True)
        yield made


@understood(
    "A review's images",
    "an image that has another size than when it was labelled",
    "refused",
    "Every export and every training leaves it out and names it.",
)
@understood(
    "A review's images",
    "an image of the same size whose content has changed since it was labelled",
    "refused",
    "Every export and every training leaves it out and names it, until it is looked at "
    "again and set done anew.",
)
@pytest.mark.parametrize("size", [(45, 30), (90, 60)])
@pytest.mark.parametrize("how", OUT)
def test_a_changed_image_goes_nowhere(review, tmp_path, how, size):
    assert set(OUT) == set(FORMATS)
    put(tmp_path / "images" / "first.fits", size, 7)
    path = tmp_path / "out" / OUT[how]
    path.parent.mkdir()
    said = run_to_end(export(review, path, how))
    assert "first.fits has changed" in said
    assert "2 boxes" in said
    assert "1 cutout" in said
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert not [p for p in files if "first" in p.name]
    if how != "labels":  # which says in its own words what was left out
        assert not [p for p in files if b"first" in p.read_bytes()]


@understood(
    "A review's images",
    "all images have changed since they were labelled",
    "refused",
    "Nothing is written, and the message names the first of them.",
)
@pytest.mark.parametrize("how", OUT)
def test_nothing_is_written_where_all_have_changed(review, tmp_path, how):
    for name in ("first", "second"):
        put(tmp_path / "images" / f"{name}.fits", (45, 30), 7)
    path = tmp_path / "out" / OUT[how]
    path.parent.mkdir()
    with pytest.raises(LabelError, match=r"first\.fits has changed"):
        run_to_end(export(review, path, how))
    assert not list(path.parent.iterdir())


def test_a_training_leaves_it_out(review, tmp_path, capsys):
    put(tmp_path / "images" / "first.fits", (90, 60), 7)
    review.close()
    with frozen_labels(tmp_path / "r.clumps") as frozen:
        names = [cutout.source.name for cutout in read_label_set(frozen).cutouts]
    assert names == ["second"]
    assert "first.fits has changed" in capsys.readouterr().err


@understood(
    "A review's images",
    "an image that nobody has looked at, of another size than a script said of it",
    "refused",
    "Every export leaves it out and names it.",
)
@pytest.mark.parametrize("how", ["yolo", "voc", "catalogue", "ds9-image"])
def test_a_size_that_a_script_told(tmp_path, how):
    folder, path = two_images(tmp_path), tmp_path / "r.clumps"
    with Review.create(path, find_sources([folder]), held_out=0) as made:
        for i, size in ((1, (180, 120)), (2, (90, 60))):
            made.propose(i, [], "m", size=size)
            made.add(i, BOXES[0], "clump")
            made.set_done(i, True)
        said = run_to_end(export(made, tmp_path / OUT[how], how))
    assert "first.fits has 90 x 60 pixels, but its boxes were made on 180 x 120" in said


def test_set_done_anew_is_looked_at_again(review, tmp_path):
    put(tmp_path / "images" / "first.fits", (90, 60), 7)
    assert review.check_source(1) is not None
    review.set_done(1, False)
    assert review.check_source(1) is not None
    review.set_done(1, True)
    assert review.check_source(1) is None
    said = run_to_end(export(review, tmp_path / "x", "yolo"))
    assert "4 boxes on 2 cutouts." in said
    review.undo()
    assert review.check_source(1) is not None, "one undo takes both back"
    review.redo()
    assert review.check_source(1) is None
    assert review.check() == []


def test_another_size_is_never_looked_at_again(review, tmp_path):
    put(tmp_path / "images" / "first.fits", (45, 30), 7)
    review.set_done(1, False)
    review.finish(1, [])
    assert "has changed" in (review.check_source(1) or "")


@understood(
    "A review's images",
    "more than three images have changed or are missing",
    "refused",
    "Three are told in full, and the names of the next twenty.",
)
def test_many_are_named(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for n in range(6):
        put(folder / f"galaxy{n}.fits", (90, 60), n)
    with Review.create(
        tmp_path / "r.clumps", find_sources([folder]), held_out=0
    ) as made:
        for i in made.ids:
            made.note_seen(i, (90, 60))
            made.add(i, BOXES[0], "clump")
            made.set_done(i, True)
        for n in range(1, 6):
            put(folder / f"galaxy{n}.fits", (90, 60), n + 100)
        said = run_to_end(export(made, tmp_path / "x", "yolo"))
    assert all(f"galaxy{n}" in said for n in range(1, 6))
    assert "And 2 more cutouts were left out: galaxy4, galaxy5." in said


@understood(
    "A review's images",
    "a box of a script that lies wholly outside its image",
    "refused",
    "Left out and counted.",
)
@pytest.mark.parametrize("how", ["yolo", "labels"])
def test_a_box_without_a_pixel_is_counted(tmp_path, how):
    folder = tmp_path / "images"
    folder.mkdir()
    put(folder / "first.fits", (90, 60), 0)
    with Review.create(
        tmp_path / "r.clumps", find_sources([folder]), held_out=0
    ) as made:
        for box in (BOXES[0], (200.0, 200.0, 220.0, 220.0)):
            made.add(1, box, "clump")
        made.set_done(1, True)
        said = run_to_end(export(made, tmp_path / OUT[how], how))
    assert "1 box" in said
    assert "pixel in" in said


def test_a_training_on_nothing_names_the_review(review, tmp_path):
    for name in ("first", "second"):
        put(tmp_path / "images" / f"{name}.fits", (45, 30), 7)
    review.close()
    path = tmp_path / "r.clumps"
    with pytest.raises(LabelError) as told, frozen_labels(path):
        pass
    assert told.value.path == path
    assert "first.fits has changed" in told.value.message
    assert ".." not in told.value.message
