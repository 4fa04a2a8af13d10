"""Pictures with an orientation tag: boxes lie on the same bright spot everywhere.

A picture is turned as its tag says when it is read, so labels made in a browser, with
CVAT or with OpenCV fit, and everything that goes out fits a picture without a tag.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from clump_detector.image_files.sources import Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.formats.orientation import picture_size
from clump_detector.images.rgb import to_rgb
from clump_detector.labels.formats.detect import read_labels
from clump_detector.labels.placement.place import place_labels
from napari_clumps.io.formats import export, run_to_end
from napari_clumps.io.import_labels import add_labels, find_labels
from napari_clumps.review import Review
from napari_clumps.review.storage.steps import run_to_end as ended
from tests.fields.properties import checked
from tests.fields.understood import understood

TAG = 274
DARK, BRIGHT = 20, 200

#: How the stored pixels are turned back from the shown ones, by the tag's value: by
#: Pillow's own names, so that nothing of the program is in it.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Turned:
    """A picture as it is shown, with one bright spot, and how it is stored."""

    orientation: int
    ending: str
    grey: bool
    width: int
    height: int
    spot: tuple[int, int, int, int]  # first and last+1 column and row: x1, y1, x2, y2

    def shown(self) -> np.ndarray:
        """Return the pixels as they are to be seen."""
        picture = np.full((self.height, self.width, 3), DARK, np.uint8)
        x1, y1, x2, y2 = self.spot
        picture[y1:y2, x1:x2] = BRIGHT
        return picture[:, :, 0] if self.grey else picture

    def write(self, folder: Path) -> Path:
        """Write the picture with its tag, and return where."""
        path = folder / f"g{self.ending}"
        picture = Image.fromarray(self.shown())
        if self.orientation in _STORED:
            picture = picture.transpose(_STORED[self.orientation])
        if self.ending == ".tif":
            tag = (TAG, "H", 1, self.orientation, True)
            tifffile.imwrite(
                path,
                np.asarray(picture),
                photometric="minisblack" if self.grey else "rgb",
                extratags=[tag],
            )
            return path
        exif = Image.Exif()
        exif[TAG] = self.orientation
        options = {"quality": 95} if self.ending == ".jpg" else {}
        picture.save(path, exif=exif, **options)
        return path


@st.composite
def turned_pictures(draw: st.DrawFn) -> Turned:
    """Draw a picture with an orientation tag and a bright spot off its middle."""
    width, height = draw(st.integers(16, 90)), draw(st.integers(16, 90))
    side = draw(st.integers(4, 8))
    x = draw(st.integers(0, width - side))
    y = draw(st.integers(0, height - side))
    return Turned(
        draw(st.integers(1, 8)),
        draw(st.sampled_from([".jpg", ".png", ".tif"])),
        draw(st.booleans()),
        width,
        height,
        (x, y, x + side, y + side),
    )


@checked(turned_pictures)
def check_turned_picture(drawn: Turned) -> None:
    """Hold that labels made on the shown picture lie on its bright spot when read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = drawn.write(folder)
        cutout = read_cutout(path)
        assert (cutout.width, cutout.height) == (drawn.width, drawn.height)
        said = any("orientation tag" in note for note in cutout.notes)
        assert said is (drawn.orientation > 1)
        rgb = to_rgb(cutout)
        # Pillow 12 turns uncompressed grey TIFF wrongly, so it is asked of others.
        if drawn.ending != ".tif":
            assert picture_size(path) == (drawn.width, drawn.height)
            with Image.open(path) as opened:  # an independent reader
                independent = ImageOps.exif_transpose(opened).convert("RGB")
            assert np.abs(rgb.astype(int) - np.asarray(independent)).max() <= 1
        x1, y1, x2, y2 = drawn.spot
        labels = {
            "images": [{"id": 1, "file_name": path.name, "width": drawn.width,
                        "height": drawn.height}],
            "categories": [{"id": 1, "name": "clump"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0,
                             "bbox": [x1, y1, x2 - x1, y2 - y1]}],
        }  # fmt: skip
        (folder / "labels.json").write_text(json.dumps(labels))
        found = read_labels(folder / "labels.json")
        placed = ended(place_labels(found, [(1, Source("g", (path,)), None)]))
        (box,) = placed.boxes[1]
        left, top, right, bottom = (round(v + 0.5) for v in box.corners)
        inside = rgb[top:bottom, left:right].mean()
        assert inside > 0.8 * BRIGHT
        outside = (rgb.sum() - rgb[top:bottom, left:right].sum()) / max(
            rgb.size - 3 * (right - left) * (bottom - top), 1
        )
        assert outside < 2 * DARK


@understood(
    "Pictures",
    "an orientation tag (EXIF in JPEG or PNG, tag 274 in TIFF)",
    "converted",
    "The picture is turned as the tag says, as browsers, CVAT and OpenCV do, and a "
    "note says so; boxes and sky positions are those of the turned picture.",
)
@settings(max_examples=120)
@given(turned_pictures())
def test_a_box_lies_on_the_bright_spot_of_a_turned_picture(drawn):
    check_turned_picture(drawn)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif"])
def test_every_value_in_every_format(orientation, ending):
    check_turned_picture(Turned(orientation, ending, False, 60, 40, (8, 4, 16, 12)))


@understood(
    "Pictures",
    "an orientation tag in XMP alone, or in the text chunk of ImageMagick's PNG",
    "converted",
    "Turned as by EXIF.",
)
def test_orientation_in_xmp_and_in_a_text_chunk(tmp_path):
    shown = Turned(6, ".jpg", False, 60, 40, (8, 4, 16, 12))
    stored = Image.fromarray(shown.shown()).transpose(_STORED[6])
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    stored.save(tmp_path / "xmp.jpg", quality=95, xmp=xmp)
    exif = Image.Exif()
    exif[TAG] = 6
    raw = exif.tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(raw):8d}\n{raw.hex()}\n")
    stored.save(tmp_path / "text.png", pnginfo=text)
    for path in (tmp_path / "xmp.jpg", tmp_path / "text.png"):
        cutout = read_cutout(path)
        assert (cutout.width, cutout.height) == (60, 40), path.name
        assert cutout.pixels[4:12, 8:16].mean() > 0.9 * BRIGHT


@understood(
    "Pictures",
    "an orientation tag with a value that there is not, or damaged EXIF",
    "ignored",
    "Such a tag is taken for none, as browsers take it.",
)
@pytest.mark.parametrize("value", [0, 9, 300])
def test_a_value_that_there_is_not(tmp_path, value):
    shown = Turned(1, ".png", False, 60, 40, (8, 4, 16, 12)).shown()
    exif = Image.Exif()
    exif[TAG] = value
    Image.fromarray(shown).save(tmp_path / "g.png", exif=exif)
    Image.fromarray(shown).save(tmp_path / "d.jpg", exif=b"Exif\0\0II*\0\xff\xff")
    tag = (TAG, "H", 1, value, True)
    tifffile.imwrite(tmp_path / "g.tif", shown, photometric="rgb", extratags=[tag])
    for name in ("g.png", "d.jpg", "g.tif"):
        cutout = read_cutout(tmp_path / name)
        assert not any("orientation" in note for note in cutout.notes)
        assert np.abs(cutout.pixels.astype(int) - shown).max() < 40, name


@understood(
    "Pictures",
    "bands of a TIFF in float, or 16 bits, with an orientation tag",
    "converted",
    "Rows and columns are turned, whatever axis the bands are on.",
)
@pytest.mark.parametrize("shape", ["YX", "YXS", "CYX"])
def test_fluxes_are_turned_too(tmp_path, shape):
    rng = np.random.default_rng(1)
    shown = rng.normal(5, 1, (40, 60)).astype(np.float32)
    stored = np.rot90(shown)  # 6: shown when turned by 90 degrees clockwise
    planes = np.stack([stored, 2 * stored, 3 * stored])
    array = {"YX": stored, "YXS": np.moveaxis(planes, 0, 2), "CYX": planes}[shape]
    tag = (TAG, "H", 1, 6, True)
    options = {"photometric": "rgb"} if shape == "YXS" else {}
    tifffile.imwrite(tmp_path / "g.tif", array, extratags=[tag], **options)
    cutout = read_cutout(tmp_path / "g.tif")
    last = -1 if shape != "YX" else 0  # colours come out blue first
    np.testing.assert_allclose(cutout.pixels[last], shown)
    assert any("orientation" in note for note in cutout.notes)


@understood(
    "Pictures",
    "labels in pixels of a picture before its tag turned it on its side",
    "refused",
    "Left out and counted: the picture has another size than theirs.",
)
def test_labels_of_the_stored_pixels_are_left_out(tmp_path):
    Turned(6, ".jpg", False, 60, 40, (8, 4, 16, 12)).write(tmp_path)
    labels = {
        "images": [{"id": 1, "file_name": "g.jpg", "width": 40, "height": 60}],
        "categories": [{"id": 1, "name": "clump"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [4, 4, 8, 8]}
        ],
    }
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    found = read_labels(tmp_path / "labels.json")
    placed = ended(place_labels(found, [(1, Source("g", (tmp_path / "g.jpg",)), None)]))
    assert not placed.boxes
    assert "another size" in " ".join(placed.in_words())


@understood(
    "Pictures",
    "a picture with an orientation tag that goes out to YOLO, VOC or COCO",
    "converted",
    "Pictures that go out are PNG without a tag, turned as the window shows them.",
)
@pytest.mark.parametrize("how", ["yolo", "voc"])
def test_what_goes_out_has_no_tag(tmp_path, how):
    drawn = Turned(8, ".jpg", False, 60, 40, (8, 4, 16, 12))
    (tmp_path / "images").mkdir()
    drawn.write(tmp_path / "images")
    review = Review.create(
        tmp_path / "r.clumps", find_sources([tmp_path / "images"]), held_out=0
    )
    with review:
        (tmp_path / "l").mkdir()
        (tmp_path / "l" / "g.txt").write_text(
            f"0 {12 / 60} {8 / 40} {8 / 60} {8 / 40}\n"
        )
        add_labels(review, ended(find_labels(review, tmp_path / "l")), "accepted")
        (box,) = review.boxes(1)
        assert box.corners == pytest.approx((7.5, 3.5, 15.5, 11.5))
        review.set_done(1, True)
        run_to_end(export(review, tmp_path / "out", how))
    (png,) = (tmp_path / "out").rglob("*.png")
    with Image.open(png) as picture:
        assert picture.getexif().get(TAG) is None
        pixels = np.asarray(picture)
    assert pixels.shape == (40, 60, 3)
    assert pixels[4:12, 8:16].mean() > 0.9 * BRIGHT
