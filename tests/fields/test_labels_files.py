"""Renamed files find their images; messages say what a file is; only files are read."""

from __future__ import annotations

import os
import socket
import threading

import numpy as np
import pytest
from PIL import Image

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.label_set import LabelSet, read_label_set
from napari_clumps.cli.labels import frozen_labels
from napari_clumps.review import Review
from tests.fields.labels_made import (
    BOX,
    IMAGE,
    annotation,
    coco,
    placed,
    put,
    put_coco,
    sources,
    voc,
)
from tests.fields.understood import understood

HASH = "0123456789abcdef0123456789abcdef"


def found(tmp_path, names, *cutouts):
    """Return by cutout how many boxes of images with some names it gets, and words."""
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    boxes = [annotation(image_id=i, bbox=[10 + i, 20, 8, 6]) for i in range(len(names))]
    labels = read_labels(put_coco(tmp_path, coco(*boxes, images=images)))
    on_them = placed(labels, sources(*cutouts))
    counts = {key: len(on_it) for key, on_it in on_them.boxes.items()}
    return counts, " ".join(on_them.in_words())


@understood(
    "Label Studio, Roboflow",
    "images are named 1a2b3c4d-name.png, name_png.rf.HASH.jpg, or by an address",
    "read",
    "They find the image of the name before, where there is one and only one; that "
    "they were renamed is said.",
)
@pytest.mark.parametrize(
    ("name", "cutout"),
    [
        ("images\\cb0618f6-a.png", "a.png"),
        ("/data/upload/12/cb0618f6-a.png", "a.png"),
        ("cb0618f6-1234-4abc-8def-0123456789ab-a.png", "a.png"),
        ("/data/local-files/?d=far/away/a.png", "a.png"),
        ("https://host.org/x/a.png?X-Amz-Date=1&d2=b.png", "a.png"),
        (f"a_png.rf.{HASH}.jpg", "a.png"),
        (f"train/my-galaxy-1-_png.rf.{HASH}.jpg", "my galaxy (1).png"),
        (f"a_fits.rf.{HASH}.jpg", "a.fits"),
        (f"cb0618f6-a_jpg.rf.{HASH}.jpg", "cb0618f6-a.jpg"),
        ("my%20galaxy.png", "My Galaxy.png"),
        ("s%C3%BCd.png", "süd.png"),
        ("su\u0308d.png", "s\u00fcd.png"),
        ("J1234+5678.png", "J1234+5678.fits"),
        ("a.webp", "a.png"),
        ("A.JPG", "a.png"),
        ("cb0618f6-a.png", "cb0618f6-a.png"),
    ],
)
def test_renamed_images_find_their_cutouts(tmp_path, name, cutout):
    counts, said = found(tmp_path, [name], "b.png", cutout)
    assert counts == {2: 1}, said


@understood(
    "Label Studio, Roboflow",
    "several images may be one cutout by their names before, or one several cutouts",
    "refused",
    "The boxes are left out and counted: copies may be turned or cut, as Roboflow "
    "makes them.",
)
def test_renamed_images_are_never_ambiguous(tmp_path):
    copies = [f"a_png.rf.{HASH}.jpg", f"a_png.rf.{HASH[::-1]}.jpg"]
    counts, said = found(tmp_path, copies, "a.png")
    assert counts == {}
    assert "2 left out: a program made several images of one cutout" in said
    counts, said = found(tmp_path, copies[:1], "a.png", "a.fits")
    assert counts == {1: 1}, "the ending before tells them apart"
    counts, said = found(tmp_path, ["cb0618f6-a.webp"], "a.png", "a.fits")
    assert counts == {}
    assert "several cutouts have the name" in said
    # The name itself comes first: another cutout's older name means nothing then.
    counts, _ = found(tmp_path, ["a.png", "cb0618f6-a.png"], "a.png", "cb0618f6-a.png")
    assert counts == {1: 1, 2: 1}


def test_names_with_a_hyphen_are_no_renamed_ones(tmp_path):
    counts, said = found(tmp_path, ["ngc-a.png", "12345678x-a.png"], "a.png")
    assert counts == {}
    assert "2 left out: no cutout here shows it" in said


# -- what a file is -----------------------------------------------------------


def picture(kind):
    import io

    pixels = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


@understood(
    "pictures",
    "a web page, WebP, HEIC, PDF or another format has the ending of a picture",
    "refused",
    "The message says what it is by its first bytes.",
)
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jpg", picture("WEBP"), "a WebP picture"),
        ("a.jpg", b"\n<!DOCTYPE html><html>404</html>", "a web page"),
        ("a.png", b"<?xml version='1.0'?><html>404</html>", "a web page"),
        ("a.png", b"%PDF-1.7 and more", "a PDF document"),
        ("a.png", b"\0\0\0\x18ftypheic" + bytes(40), "a HEIC picture"),
        ("a.tif", b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("a.npy", b"PK\x03\x04" + bytes(99), "a ZIP archive"),
        ("a.png", b"", "an empty file"),
    ],
)
def test_a_message_says_what_a_picture_is(tmp_path, name, content, words):
    path = put(tmp_path, name, content)
    with pytest.raises(ClumpError) as error:
        read_cutout(path)
    assert words in error.value.message
    assert "MPO" not in error.value.message
    assert name in error.value.message


@understood(
    "JSON",
    "labels of LabelMe, VIA, Label Studio, CreateML and others that are no COCO",
    "refused",
    "The message says whose format it is; those programs export COCO or others.",
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"version": "5", "shapes": [], "imagePath": "a.png"}', "LabelMe"),
        ('{"a.png1": {"filename": "a.png", "regions": []}}', "VIA"),
        ('[{"id": 1, "data": {}, "annotations": []}]', "Label Studio"),
        ('[{"image": "a.png", "annotations": []}]', "CreateML"),
        ('{"type": "FeatureCollection", "features": []}', "GeoJSON"),
    ],
)
def test_a_message_says_whose_json_it_is(tmp_path, content, words):
    with pytest.raises(LabelError, match=f"this is .*{words}.*not COCO"):
        read_labels(put(tmp_path, "a.json", content))


@understood(
    "Pascal VOC",
    "several files name the same image",
    "converted",
    "Their own names are taken for their images', which is said.",
)
def test_a_template_names_one_image_in_all(tmp_path):
    put(tmp_path, "x/a.xml", voc())
    put(tmp_path, "x/b.xml", voc())
    labels = read_labels(tmp_path / "x")
    assert [box.image for box in labels.boxes] == ["a", "b"]
    assert "Several files name the same image" in labels.notes[0]


def test_a_picture_that_is_cut_short_is_damaged(tmp_path):
    path = put(tmp_path, "a.png", picture("PNG")[:300])
    with pytest.raises(ClumpError, match="damaged"):
        read_cutout(path)


@understood(
    "any labels",
    "a web page or a picture has the ending of labels",
    "refused",
    "The message says what it is.",
)
@pytest.mark.parametrize("name", ["a.json", "a.xml", "a.reg", "a.txt", "a.csv"])
def test_a_message_says_what_labels_are(tmp_path, name):
    page = put(tmp_path, name, "<!DOCTYPE html><html><body>404</body></html>")
    with pytest.raises(ClumpError) as error:
        read_labels(page)
    assert name in error.value.message
    if name in ("a.json", "a.xml"):
        assert "a web page" in error.value.message
    put(tmp_path, name, picture("PNG"))
    with pytest.raises(ClumpError) as error:
        read_labels(page)
    assert "PNG" in error.value.message or name in ("a.txt", "a.csv")


# -- only files ---------------------------------------------------------------


def in_time(work, seconds=10.0):
    """Return what work raises, and fail where it does not end."""
    raised: list[BaseException] = []

    def run():
        try:
            work()
        except ClumpError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits for ever"
    return raised[0].message if raised else ""


@understood(
    "folders",
    "a named pipe, a socket or a device lies among the files",
    "refused",
    "It is never opened, so nothing waits for it; the message says what it is.",
)
@pytest.mark.parametrize(
    "name", ["a.png", "a.fits", "a.tif", "a.npy", "a.reg", "a.json", "a.xml", "a.csv"]
)
def test_a_pipe_is_not_waited_for(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(path)
    if name in ("a.png", "a.fits", "a.tif", "a.npy"):
        said = in_time(lambda: read_cutout(path))
    else:
        said = in_time(lambda: read_labels(path))
        assert "a named pipe" in in_time(lambda: read_label_set(path))
    assert name in said
    assert "a named pipe" in said


def test_sockets_and_devices(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("a.png")
        assert "a socket" in in_time(lambda: read_cutout("a.png"))
    (tmp_path / "b.png").symlink_to("/dev/zero")
    assert "a device" in in_time(lambda: read_cutout(tmp_path / "b.png"))


def test_pipes_in_folders_of_labels(tmp_path):
    os.mkfifo(tmp_path / "b.txt")
    put(tmp_path, "a.txt", "0 0.5 0.5 0.1 0.1\n")
    assert "a named pipe" in in_time(lambda: read_labels(tmp_path))
    os.mkfifo(tmp_path / "galaxies.fits")
    put(tmp_path, "c.png", picture("PNG"))
    assert in_time(lambda: find_sources([tmp_path])) == ""


# -- the user's file ----------------------------------------------------------


@understood(
    "reviews",
    "train or evaluate is given a review without a decision",
    "refused",
    "The message names the review and what to do, not the file it was frozen into.",
)
def test_a_message_names_the_review(tmp_path):
    source = Source("a", (put(tmp_path, "a.png", picture("PNG")),))
    path = tmp_path / "r.clumps"
    with Review.create(path, [source]) as review:
        review.propose(1, [], "m", size=(40, 40))
    no_decision = pytest.raises(LabelError, match=r"r\.clumps: no cutout is done")
    with no_decision, frozen_labels(path):
        pass
    with Review.open(path) as review:
        review.set_done(1, True)
    with pytest.raises(LabelError) as error:
        _fail(path)
    assert error.value.message == f"{path}: what is wrong with it. Mend it."


def _fail(review):
    """Find something wrong with the labels of a review."""
    with frozen_labels(review) as frozen:
        assert isinstance(read_label_set(frozen), LabelSet)
        raise LabelError("what is wrong with it", frozen, "Mend it.")


def test_boxes_are_where_they_were(tmp_path):
    images = [{**IMAGE, "file_name": "cb0618f6-a.png"}]
    labels = read_labels(put_coco(tmp_path, coco(images=images)))
    (box,) = placed(labels, sources("a.png")).boxes[1]
    assert box.corners == BOX
