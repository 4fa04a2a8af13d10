"""What goes out is read by other programs, and comes back on its own cutouts.

Boxes are compared in pixels and on the sky with those that were drawn, as readers that
are none of ours see them: pycocotools, torchvision, regions with astropy, datumaro
(CVAT's), supervision, STILTS and SAOImage DS9, the last four where they are installed.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clump_detector.core.errors import LabelError
from clump_detector.image_files.sources import Source
from clump_detector.labels.label_set import read_label_set
from napari_clumps.io.formats import export, run_to_end
from napari_clumps.io.import_labels import add_labels, find_labels
from napari_clumps.review import Review
from napari_clumps.review.storage.steps import run_to_end as ended
from tests.fields.properties import checked
from tests.fields.understood import understood

Corners = tuple[float, float, float, float]

#: Names that are one on some file system, or that a number makes another one's.
NAMES = ("n", "N", "n-1", "n-2", "a b", "a_b", "a?b", "con", "ä", "a\u0308")
ENDINGS = (".png", ".jpg", ".fits")
FOLDERS = ("", "one", "two", "two/one")

#: Formats that are folders and come back, and how far off corners may be, in pixels:
#: half of the last digit that is written.
BACK = {"coco-folder": 1e-3, "yolo": 1e-3, "voc": 0.011, "ds9-image": 1e-3}


@dataclass(frozen=True)
class Drawn:
    """A cutout that is exported: its file, its size, and the boxes drawn on it."""

    file: str
    width: int
    height: int
    turn: float
    boxes: tuple[Corners, ...]

    def wcs(self) -> WCS:
        """Return the sky of an image that has one."""
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = 150.0 + self.turn / 10, 2.0
        wcs.wcs.crpix = self.width / 2, self.height / 3
        cos, sin = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        turned = np.array([[cos, -sin], [sin, cos]])
        wcs.wcs.cd = turned @ np.diag([-0.4, 0.4]) / 3600
        return wcs

    def write(self, folder: Path) -> Source:
        """Write the image."""
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(len(self.file))
        if path.suffix == ".fits":
            plane = rng.normal(1, 1, (self.height, self.width)).astype("f4")
            fits.writeto(path, plane, self.wcs().to_header())
        else:
            shape = self.height, self.width, 3
            Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(path)
        return Source(path.stem, (path,))


@st.composite
def drawn_reviews(draw: st.DrawFn) -> list[Drawn]:
    """Draw cutouts whose names collide, with at most a box in each quarter."""
    files = draw(
        st.lists(
            st.tuples(*map(st.sampled_from, (FOLDERS, NAMES, ENDINGS))),
            min_size=1,
            max_size=4,
            # Two names that differ only in how ä is written are refused, see below.
            unique_by=lambda parts: unicodedata.normalize("NFC", "/".join(parts)),
        )
    )
    found = []
    for folder, name, ending in files:
        width, height = draw(st.integers(30, 70)), draw(st.integers(30, 70))
        boxes = []
        for right in (0, 1):
            for down in (0, 1):
                if draw(st.booleans()):
                    x = right * width / 2 - 0.5 + draw(st.integers(0, 12)) / 4
                    y = down * height / 2 - 0.5 + draw(st.integers(0, 12)) / 4
                    w = draw(st.integers(12, 4 * width // 2 - 13)) / 4
                    h = draw(st.integers(12, 4 * height // 2 - 13)) / 4
                    boxes.append((x, y, x + w, y + h))
        turn = draw(st.sampled_from([0.0, 33.0, 180.0, 271.0]))
        file = f"{folder}/{name}{ending}".lstrip("/")
        found.append(Drawn(file, width, height, turn, tuple(boxes)))
    if not any(one.boxes for one in found):
        found[0] = Drawn(
            found[0].file, found[0].width, found[0].height, found[0].turn,
            ((3.0, 3.0, 12.25, 14.5),),
        )  # fmt: skip
    return found


def made_review(path: Path, drawn: list[Drawn], sources: list[Source]) -> Review:
    """Return a review of cutouts that are done, with their boxes drawn by a person."""
    review = Review.create(path, sources, seed=1, held_out=0.3, annotator="Ada")
    for number, one in enumerate(drawn, start=1):
        review.propose(number, [], "m", size=(one.width, one.height))
        for i, box in enumerate(one.boxes):
            review.add(number, box, review.classes[i % 2])
        review.set_done(number, True)
    return review


def near(found: list[Corners], wanted: list[Corners], most: float) -> bool:
    """Tell whether boxes are the same, in any order."""
    if len(found) != len(wanted) or not found:
        return len(found) == len(wanted)
    apart = np.abs(np.array(found)[:, None] - np.array(wanted)[None]).max(axis=2)
    return bool((apart.min(axis=0) <= most).all() and (apart.min(axis=1) <= most).all())


def own(folder: Path) -> dict[str, str]:
    """Return the cutout's file of each picture, as the table in a folder has it."""
    with (folder / "cutouts.csv").open(newline="", encoding="utf-8") as file:
        return {row["picture"]: row["file"] for row in csv.DictReader(file)}


def from_coco(folder: Path) -> dict[str, list[Corners]]:
    """Return the boxes by picture, counted from the corner, with pycocotools."""
    from pycocotools.coco import COCO

    found: dict[str, list[Corners]] = {}
    for path in (folder / "annotations").glob("*.json"):
        coco = COCO(path)
        for image in coco.loadImgs(coco.getImgIds()):
            split = path.stem.removeprefix("instances_")
            with Image.open(folder / "images" / split / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"])
            boxes = found.setdefault(Path(image["file_name"]).stem, [])
            for box in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
                x, y, w, h = box["bbox"]
                boxes.append((x, y, x + w, y + h))
    return found


def from_yolo(folder: Path) -> dict[str, list[Corners]]:
    """Return the boxes by picture, counted from the corner, after YOLO's definition."""
    found = {}
    for path in (folder / "labels").rglob("*.txt"):
        name = folder / "images" / path.parent.name / f"{path.stem}.png"
        with Image.open(name) as picture:
            width, height = picture.size
        boxes = []
        for line in path.read_text().splitlines():
            _, x, y, w, h = map(float, line.split())
            boxes.append(((x - w / 2) * width, (y - h / 2) * height,
                          (x + w / 2) * width, (y + h / 2) * height))  # fmt: skip
        found[path.stem] = boxes
    return found


def from_voc(folder: Path) -> dict[str, list[Corners]]:
    """Return the boxes by picture after the challenge's definition."""
    found = {}
    for path in (folder / "Annotations").glob("*.xml"):
        root = ElementTree.parse(path).getroot()
        assert (folder / "JPEGImages" / str(root.findtext("filename"))).is_file()
        boxes = []
        for box in root.iter("bndbox"):
            corner = {e.tag: float(e.text or "nan") for e in box}
            boxes.append((corner["xmin"] - 1, corner["ymin"] - 1,
                          corner["xmax"], corner["ymax"]))  # fmt: skip
        found[path.stem] = boxes
    return found


def from_ds9(folder: Path) -> dict[str, list[Corners]]:
    """Return the boxes by picture, counted from the corner, with regions."""
    from regions import Regions

    found = {}
    for path in folder.glob("*.reg"):
        boxes = []
        for r in Regions.read(str(path), format="ds9"):
            x, y = r.center.x + 0.5, r.center.y + 0.5
            boxes.append((x - r.width / 2, y - r.height / 2,
                          x + r.width / 2, y + r.height / 2))  # fmt: skip
        found[path.stem] = boxes
    return found


READERS = {
    "coco-folder": from_coco,
    "yolo": from_yolo,
    "voc": from_voc,
    "ds9-image": from_ds9,
}


@checked(drawn_reviews)
def check_export_read_back(drawn: list[Drawn]) -> None:
    """Hold that other readers find the drawn boxes, and that they come back."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        sources = [one.write(top / "images") for one in drawn]
        by_file = {f"images/{one.file}": one for one in drawn}
        taken = {name.lower() for one in drawn for name in (Path(one.file).stem,)}
        with made_review(top / "r.clumps", drawn, sources) as review:
            for how in BACK:
                run_to_end(export(review, top / how, how))
                names = own(top / how)
                found = READERS[how](top / how)
                assert set(found) == set(names)
                for picture, boxes in found.items():
                    (one,) = [
                        d
                        for file, d in by_file.items()
                        if file.endswith(names[picture])
                    ] or [None]
                    assert one is not None, names[picture]
                    wanted = [tuple(v + 0.5 for v in box) for box in one.boxes]
                    assert near(boxes, wanted, BACK[how]), (how, picture)
                    # A picture's name is its own cutout's, or no cutout's at all.
                    assert (
                        picture.lower() not in taken or Path(one.file).stem == picture
                    )
            check_sky(review, drawn, top / "sky.reg")
        for how in BACK:
            check_comes_back(top, how, drawn, sources)


def check_sky(review: Review, drawn: list[Drawn], path: Path) -> None:
    """Hold that regions on the sky are where astropy's WCS has the boxes' middles."""
    from regions import Regions

    wanted = []
    for one in drawn:
        if one.file.endswith(".fits"):
            for x1, y1, x2, y2 in one.boxes:
                middle = one.wcs().pixel_to_world((x1 + x2) / 2, (y1 + y2) / 2).icrs
                wanted.append((middle.ra.deg, middle.dec.deg,
                               (x2 - x1) * 0.4, (y2 - y1) * 0.4))  # fmt: skip
    if not wanted:
        with pytest.raises(LabelError, match="no cutout has sky coordinates"):
            run_to_end(export(review, path))
        return
    run_to_end(export(review, path))
    found = [
        (r.center.icrs.ra.deg, r.center.icrs.dec.deg,
         r.width.to_value("arcsec"), r.height.to_value("arcsec"))
        for r in Regions.read(str(path), format="ds9")
    ]  # fmt: skip
    # In arcsec: a thousandth of a pixel for the middle, a hundredth for the sides.
    units = np.array([3600, 3600, 0.1, 0.1])
    a, b = ([tuple(row * units) for row in np.array(rows)] for rows in (found, wanted))
    assert near(a, b, 0.4 * 1e-3)


def check_comes_back(
    top: Path, how: str, drawn: list[Drawn], sources: list[Source]
) -> None:
    """Hold that a folder taken into another review lies on the cutouts it came from."""
    with Review.create(
        top / f"{how}.clumps", sources, seed=1, held_out=0, annotator="Ada"
    ) as back:
        found = ended(find_labels(back, top / how))
        add_labels(back, found, "accepted")
        for number, one in enumerate(drawn, start=1):
            boxes = [b.corners for b in back.boxes(number)]
            assert near(boxes, list(one.boxes), BACK[how]), (how, one.file)
            classes = Counter(b.cls for b in back.boxes(number))
            n = len(one.boxes)
            assert classes == Counter(
                {"clump": -(-n // 2), "odd clump": n // 2} if n > 1 else {"clump": n}
            ) - Counter({}), (how, one.file)


@understood(
    "Label sets that go out",
    "two cutouts of one name: in different folders, with different endings, or in "
    "capital and small letters",
    "converted",
    "Both pictures get a number that is no cutout's name; the table cutouts.csv in the "
    "folder says which is which, and is read when the labels come back.",
)
@settings(max_examples=12)
@given(drawn_reviews())
def test_other_readers_see_the_boxes_and_they_come_back(drawn):
    check_export_read_back(drawn)


def test_a_jpeg_and_a_png_of_one_name():
    boxes = ((10.0, 20.0, 19.0, 26.0),), ((20.0, 20.0, 29.0, 26.0),)
    check_export_read_back(
        [Drawn("n.jpg", 60, 50, 0, boxes[0]), Drawn("n.png", 60, 50, 0, boxes[1])]
    )


def test_names_that_differ_only_in_how_a_letter_is_written_are_refused():
    """A composed and a decomposed ä: which is meant cannot be told everywhere."""
    files = (unicodedata.normalize(form, "ä.png") for form in ("NFC", "NFD"))
    box = (14.5, -0.5, 17.5, 2.5)
    drawn = [Drawn(file, 30, 30, 0.0, (box,)) for file in files]
    with pytest.raises(LabelError, match="several cutouts have the name"):
        check_export_read_back(drawn)


# -- labels that come in ------------------------------------------------------


def put_in(top: Path, images: list[str], labels: dict[str, Corners]) -> Review:
    """Return a review of images into which a COCO file of named boxes was taken."""
    import json

    sources = [Drawn(i, 60, 50, 0, ()).write(top / "images") for i in images]
    content = {
        "images": [
            {"id": n, "file_name": name, "width": 60, "height": 50}
            for n, name in enumerate(labels)
        ],
        "categories": [{"id": 1, "name": "clump"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 1,
             "bbox": [x1, y1, x2 - x1, y2 - y1]}
            for n, (x1, y1, x2, y2) in enumerate(labels.values())
        ],
    }  # fmt: skip
    (top / "labels.json").write_text(json.dumps(content))
    review = Review.create(top / "r.clumps", sources, held_out=0)
    found = ended(find_labels(review, top / "labels.json"))
    try:
        said = add_labels(review, found, "accepted")
    except LabelError as error:
        said = [str(error)]
    review.said = [*found.in_words(), *said]
    return review


FIRST, SECOND = (5.0, 5.0, 15.0, 15.0), (30.0, 30.0, 45.0, 40.0)


@understood(
    "Label sets that come in",
    "two images of one name with different endings, of which the review has one",
    "refused",
    "The boxes of the other one are left out and counted: two pictures are not one "
    "cutout.",
)
def test_the_other_ending_is_another_picture(tmp_path):
    review = put_in(tmp_path, ["g1.png"], {"g1.jpg": FIRST, "g1.png": SECOND})
    (box,) = review.boxes(1)
    assert box.corners == pytest.approx(tuple(v - 0.5 for v in SECOND))
    assert "another image of the file has the name" in " ".join(review.said)


@understood(
    "Label sets that come in",
    "images of one name in different folders, of which the review has one",
    "refused",
    "The one with the same folder before its name has the cutout; where none has, both "
    "are left out and counted.",
)
@pytest.mark.parametrize(("place", "n"), [("a/g1.png", 1), ("c/g1.png", 0)])
def test_the_other_folder_is_another_picture(tmp_path, place, n):
    review = put_in(tmp_path, [place], {"a/g1.png": FIRST, "b/g1.png": SECOND})
    assert [b.corners for b in review.boxes(1)] == [
        pytest.approx(tuple(v - 0.5 for v in FIRST))
    ] * n
    assert "another image of the file has the name" in " ".join(review.said)


@understood(
    "Label sets that come in",
    "one image with another ending than the cutout's, a PNG made of FITS",
    "read",
    "The name without its ending decides where only one image of the file has it.",
)
def test_a_png_made_of_a_fits_file(tmp_path):
    review = put_in(tmp_path, ["g1.fits"], {"pictures/g1.png": FIRST})
    assert len(review.boxes(1)) == 1


# -- other programs -----------------------------------------------------------

FIXED = [
    Drawn("one/n.fits", 60, 50, 33.0, ((2.25, 3.5, 14.75, 18.25), (30, 30, 41, 44.5))),
    Drawn("two/n.png", 64, 48, 0.0, ((1.0, 30.0, 30.0, 45.0),)),
    Drawn("other.png", 50, 50, 0.0, ((20.5, 20.5, 33.25, 31.75),)),
]


@pytest.fixture
def gone_out(tmp_path):
    """Return a function that exports the same review to a format, and says where."""
    sources = [one.write(tmp_path / "images") for one in FIXED]
    review = made_review(tmp_path / "r.clumps", FIXED, sources)

    def go(how: str, name: str | None = None) -> Path:
        path = tmp_path / (name or how)
        run_to_end(export(review, path, how))
        return path

    with review:
        yield go


def wanted(folder: Path) -> dict[str, list[Corners]]:
    """Return the boxes by picture of a folder, counted from the corner."""
    by_file = {f"images/{one.file}": one for one in FIXED}
    return {
        picture: [tuple(v + 0.5 for v in box) for box in by_file[file].boxes]
        for picture, file in own(folder).items()
    }


def check_all_found(found: dict[str, list[Corners]], folder: Path) -> None:
    """Hold that a reader found the boxes of every picture of a folder."""
    expected = wanted(folder)
    assert set(found) == set(expected)
    assert all(near(found[name], expected[name], 0.02) for name in expected)


def splits(folder: Path) -> list[str]:
    return [p.stem.removeprefix("instances_") for p in folder.rglob("instances_*.json")]


@understood(
    "Label sets that go out",
    "a COCO file for CVAT, datumaro, supervision or torchvision",
    "converted",
    "A folder of its own: annotations beside pictures whose names stay inside it.",
)
def test_coco_with_torchvision(gone_out):
    from torchvision.datasets import CocoDetection

    folder, seen = gone_out("coco"), 0
    expected = wanted(folder)
    for split in splits(folder):
        data = CocoDetection(
            folder / "images" / split,
            folder / "annotations" / f"instances_{split}.json",
        )
        for (picture, boxes), number in zip(data, data.ids, strict=True):
            entry = data.coco.loadImgs(number)[0]
            assert picture.size == (entry["width"], entry["height"])
            corners = [
                (b["bbox"][0], b["bbox"][1], b["bbox"][0] + b["bbox"][2],
                 b["bbox"][1] + b["bbox"][3]) for b in boxes
            ]  # fmt: skip
            assert near(corners, expected[Path(entry["file_name"]).stem], 1e-3)
            seen += 1
    assert seen == len(FIXED)


def test_a_training_finds_the_pictures_of_the_folder(gone_out):
    folder = gone_out("coco")
    files = list((folder / "annotations").glob("*.json"))
    found = [c for path in files for c in read_label_set(path).cutouts]
    assert len(found) == len(FIXED)
    assert all(cutout.source.path.is_file() for cutout in found)


@pytest.mark.parametrize("how", ["coco", "yolo", "voc"])
def test_with_supervision(gone_out, how):
    sv = pytest.importorskip("supervision")
    folder = gone_out(how)
    read = []
    if how == "coco":
        read = [
            sv.DetectionDataset.from_coco(
                str(folder / "images" / s),
                str(folder / "annotations" / f"instances_{s}.json"),
            )
            for s in splits(folder)
        ]
    elif how == "yolo":
        read = [
            sv.DetectionDataset.from_yolo(
                str(folder / "images" / p.name), str(p), str(folder / "data.yaml")
            )
            for p in (folder / "labels").iterdir()
        ]
    else:
        read = [
            sv.DetectionDataset.from_pascal_voc(
                str(folder / "JPEGImages"), str(folder / "Annotations")
            )
        ]
    found = {
        Path(path).stem: [tuple(map(float, box)) for box in boxes.xyxy]
        for data in read
        for path, _, boxes in data
    }
    check_all_found(found, folder)


@understood(
    "Label sets that go out",
    "Pascal VOC for CVAT, which wants classes other than the challenge's own in a file",
    "converted",
    "labelmap.txt names the review's classes, with the challenge's colours.",
)
def test_voc_has_a_label_map(gone_out):
    lines = (gone_out("voc") / "labelmap.txt").read_text().splitlines()
    assert lines[1:] == [
        "background:0,0,0::",
        "clump:128,0,0::",
        "odd clump:0,128,0::",
    ]


@pytest.mark.parametrize("how", ["coco", "yolo", "voc"])
def test_with_datumaro(gone_out, how):
    dm = pytest.importorskip("datumaro")
    folder = gone_out(how)
    data = dm.Dataset.import_from(str(folder), how)
    names = {
        n: label.name
        for n, label in enumerate(data.categories()[dm.AnnotationType.label].items)
    }
    found = {}
    for item in data:
        boxes = [a for a in item.annotations if a.type is dm.AnnotationType.bbox]
        found[item.id] = [(a.x, a.y, a.x + a.w, a.y + a.h) for a in boxes]
        assert {names[a.label] for a in boxes} <= {"clump", "odd clump"}
        assert item.media.data is not None
    if how == "voc":
        # It takes the first pixel's number, which counts from 1, for an edge.
        found = {
            name: [(x1 - 1, y1 - 1, x2, y2) for x1, y1, x2, y2 in boxes]
            for name, boxes in found.items()
        }
    check_all_found(found, folder)


@understood(
    "Label sets that go out",
    "the clump catalogue as a VOTable, for STILTS and TOPCAT",
    "read",
    "Positions agree with astropy's WCS to a thousandth of a pixel.",
)
def test_the_votable_is_the_boxes_on_the_sky(gone_out):
    from astropy.table import Table

    path = gone_out("catalogue", "clumps.vot")
    table = Table.read(path)
    rows = [r for r in table if "one/n.fits" in str(r["file"])]
    assert len(rows) == len(FIXED[0].boxes)
    for row, (x1, y1, x2, y2) in zip(rows, FIXED[0].boxes, strict=True):
        middle = FIXED[0].wcs().pixel_to_world((x1 + x2) / 2, (y1 + y2) / 2).icrs
        apart = np.hypot(
            (row["clump_centre_ra"] - middle.ra.deg) * np.cos(middle.dec.rad),
            row["clump_centre_dec"] - middle.dec.deg,
        )
        assert apart * 3600 < 0.4 * 1e-3
        corners = [row[f"clump_px_{c}"] for c in ("x1", "y1", "x2", "y2")]
        assert near([corners], [(x1, y1, x2, y2)], 1e-3)


@pytest.mark.skipif(not shutil.which("stilts"), reason="without STILTS")
@pytest.mark.parametrize("ending", ["vot", "fits", "csv"])
def test_with_stilts(gone_out, tmp_path, ending):
    """It has nothing to say of the VOTable, and reads every format's boxes."""
    path, out = gone_out("catalogue", f"clumps.{ending}"), tmp_path / "read.csv"

    def stilts(*words: str) -> str:
        done = subprocess.run(
            ["stilts", *words], capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    if ending == "vot":
        assert stilts("votlint", f"votable={path}") == ""
    kinds = {"vot": "votable"}
    stilts(
        "tcopy", f"in={path}", f"ifmt={kinds.get(ending, ending)}", f"out={out}",
        "ofmt=csv",
    )  # fmt: skip
    with out.open() as file:
        rows = list(csv.DictReader(file))
    corners = [
        [float(row[f"clump_px_{c}"]) for c in ("x1", "y1", "x2", "y2")] for row in rows
    ]
    wanted_boxes = [box for one in FIXED for box in one.boxes]
    assert near(corners, wanted_boxes, 1e-3)
    for row, (x1, y1, x2, y2) in zip(rows, corners, strict=True):
        if "one/n.fits" in row["file"]:
            middle = FIXED[0].wcs().pixel_to_world((x1 + x2) / 2, (y1 + y2) / 2).icrs
            assert float(row["clump_centre_ra"]) == pytest.approx(middle.ra.deg, 1e-9)
            assert float(row["clump_centre_dec"]) == pytest.approx(middle.dec.deg, 1e-9)


@pytest.mark.skipif(
    not (shutil.which("ds9") and shutil.which("xvfb-run")), reason="without DS9"
)
def test_with_ds9(gone_out, tmp_path):
    from regions import Regions

    path = gone_out("ds9-sky", "sky.reg")
    image, back = tmp_path / "images" / "one" / "n.fits", tmp_path / "back.reg"
    subprocess.run(
        ["xvfb-run", "-a", "ds9", str(image), "-regions", "load", str(path),
         "-regions", "system", "image", "-regions", "save", str(back), "-exit"],
        check=True, timeout=120,
    )  # fmt: skip
    found = [(r.center.x, r.center.y) for r in Regions.read(str(back), format="ds9")]
    expected = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in FIXED[0].boxes]
    assert np.allclose(sorted(found), sorted(expected), atol=1e-2)
