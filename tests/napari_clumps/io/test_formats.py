"""What goes out of a review, read back by the programs it is for."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image
from pypdf import PdfReader

from clump_detector.core.errors import ClumpError, FileError, LabelError
from clump_detector.image_files.sources import Source, find_sources
from napari_clumps.io.contact_sheet.tiles import orient, orient_box
from napari_clumps.io.file_names import FileNames
from napari_clumps.io.formats import FORMATS, export, format_of, run_to_end
from napari_clumps.io.import_labels import add_labels, find_labels
from napari_clumps.io.selection import ExportOptions
from napari_clumps.render.orientation import ORIENTATIONS
from napari_clumps.review import Proposal, Review, Status

WIDTH, HEIGHT = 96, 80
STARS = [(150.002, 2.003), (149.9965, 1.9985)]


def a_wcs(turn: float = 20.0) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = 50.5, 40.25
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-0.4, 0.4]) / 3600
    return wcs


@pytest.fixture
def sources(tmp_path):
    """Return a FITS cube with stars at known places, and two pictures."""
    folder = tmp_path / "galaxies"
    folder.mkdir()
    wcs = a_wcs()
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    plane = np.random.default_rng(0).normal(0, 1e-3, (HEIGHT, WIDTH))
    for cx, cy in wcs.all_world2pix(STARS, 0):
        plane += np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 4)
    path = folder / "sky.fits"
    fits.writeto(path, np.stack([plane] * 3).astype("f4"), wcs.to_header())
    found = [Source("sky", (path,))]
    for name in ("a b", "ä?c"):
        pixels = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        found.append(Source(name, (folder / f"{name}.png",)))
    return found


BOXES = {
    1: [(10.5, 20.25, 22.5, 30.75), (-0.5, -0.5, 9.5, 9.5)],
    2: [(40, 50, 55.5, 61)],
}


@pytest.fixture
def review(tmp_path, sources):
    """Return a review: two done cutouts with drawn boxes, one that is not done."""
    made = Review.create(
        tmp_path / "r.clumps", sources, seed=1, held_out=0.34, annotator="Ada"
    )
    size = (WIDTH, HEIGHT)
    for cutout, boxes in BOXES.items():
        made.propose(cutout, [], "m", size=size)
        for i, box in enumerate(boxes):
            made.add(cutout, box, made.classes[i % 2])
        made.set_done(cutout, True)
    proposals = [
        Proposal(10, 10, 20, 20, "clump", 0.9),
        Proposal(30, 30, 42, 42, "clump", 0.4),
        Proposal(60, 60, 70, 70, "clump", 0.1),
    ]
    made.propose(3, proposals, "m", size=size)
    made.accept(made.boxes(3)[0].id)
    yield made
    made.close()


def out(review, path, how=None, **wish):
    return run_to_end(export(review, Path(path), how, ExportOptions(**wish)))


def numbered(boxes):
    return sorted(tuple(np.round(box, 2)) for box in boxes)


# -- formats -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "how", "told"),
    [
        ("a.json", None, "labels"),
        ("a.json", "coco", "coco"),
        ("a.REG", None, "ds9-sky"),
        ("a.pdf", None, "sheet"),
        ("a.html", None, "sheet"),
        ("a.vot", None, "catalogue"),
        ("a.parquet", None, "catalogue"),
        ("a", "yolo", "yolo"),
        ("a.v2", "voc", "voc"),
    ],
)
def test_the_ending_says_the_format(name, how, told):
    assert format_of(Path(name), how) == told


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.png", None),
        ("a", None),
        ("a", "x"),
        ("a.txt", "coco"),
        ("a.csv", "ds9-sky"),
    ],
)
def test_another_ending_is_told_what_there_is(name, how):
    with pytest.raises(LabelError) as error:
        format_of(Path(name), how)
    assert "\n" not in error.value.message
    assert error.value.remedy


def test_every_format_has_words():
    assert all(words for _, words in FORMATS.values())


# -- DS9 ---------------------------------------------------------------------


def test_regions_on_the_sky(review, tmp_path):
    from regions import RectangleSkyRegion, Regions

    said = out(review, tmp_path / "x.reg")
    assert "2 boxes on 1 cutout." in said
    assert "a b has no sky coordinates" in said
    found = Regions.read(tmp_path / "x.reg", format="ds9")
    assert all(isinstance(region, RectangleSkyRegion) for region in found)
    for region, (x1, y1, x2, y2) in zip(found, BOXES[1], strict=True):
        x, y = region.center.to_pixel(a_wcs(), origin=0, mode="all")
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        assert (float(x), float(y)) == pytest.approx(middle, abs=1e-3)
        width, height = (
            region.width.to_value("arcsec"),
            region.height.to_value("arcsec"),
        )
        assert (width, height) == pytest.approx(
            (0.4 * (x2 - x1), 0.4 * (y2 - y1)), 1e-5
        )
    assert [region.meta["text"] for region in found] == ["clump", "odd clump"]
    assert found[0].meta["tag"] == ["drawn"]


def test_a_box_on_a_star_is_on_it_in_the_region_file(review, tmp_path):
    """A star that stands at a known place on the sky is where the region says."""
    from regions import Regions

    wcs = a_wcs()
    for ra, dec in STARS:
        x, y = wcs.all_world2pix([[ra, dec]], 0)[0]
        review.set_done(1, False)
        review.add(1, (x - 4, y - 4, x + 4, y + 4), "clump")
    out(review, tmp_path / "x.reg")
    places = [r.center for r in Regions.read(tmp_path / "x.reg", format="ds9")][2:]
    for place, (ra, dec) in zip(places, STARS, strict=True):
        apart = np.hypot(
            (place.ra.deg - ra) * np.cos(np.radians(dec)), place.dec.deg - dec
        )
        assert 3600 * apart < 0.4e-3  # a thousandth of a pixel


def test_without_sky_coordinates_it_says_what_to_do(review, tmp_path):
    review.set_done(1, False)
    for box in review.boxes(1):
        review.reject(box.id)
    with pytest.raises(LabelError, match="--as ds9-image"):
        out(review, tmp_path / "x.reg")
    assert not (tmp_path / "x.reg").exists()


def test_regions_of_each_image(review, tmp_path):
    from regions import Regions

    said = out(review, tmp_path / "regions", "ds9-image")
    assert "4 boxes on 3 cutouts." in said
    files = sorted(p.name for p in (tmp_path / "regions").iterdir())
    assert files == ["a b.reg", "cutouts.csv", "sky.reg", "ä_c.reg"]
    text = (tmp_path / "regions" / "sky.reg").read_text()
    assert text.startswith("# Filename: galaxies/sky.fits\n")
    # DS9 counts from 1 at the centre of the first pixel.
    assert "box(17.5" in text
    found = Regions.parse(text, format="ds9")
    for region, (x1, y1, x2, y2) in zip(found, BOXES[1], strict=True):
        assert (region.center.x, region.center.y) == ((x1 + x2) / 2, (y1 + y2) / 2)
        assert (region.width, region.height) == (x2 - x1, y2 - y1)


# -- COCO --------------------------------------------------------------------


def test_plain_coco_with_pycocotools(review, tmp_path):
    from pycocotools.coco import COCO

    said = out(review, tmp_path / "c.json", "coco", png=True)
    assert "3 boxes on 2 cutouts" in said
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "c.json"))
    content = json.loads((tmp_path / "c.json").read_text())
    assert set(content) == {"info", "licenses", "categories", "images", "annotations"}
    assert all(set(a) <= {"id", "image_id", "category_id", "bbox", "area", "iscrowd",
                          "segmentation"} for a in content["annotations"])  # fmt: skip
    boxes = [a["bbox"] for a in coco.loadAnns(coco.getAnnIds(iscrowd=False))]
    expected = [(x1 + 0.5, y1 + 0.5, x2 - x1, y2 - y1)
                for on in BOXES.values() for x1, y1, x2, y2 in on]  # fmt: skip
    assert numbered(boxes) == numbered(expected)
    for image in content["images"]:
        with Image.open(tmp_path / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])


def test_in_a_coco_folder_clumps_have_outlines(tmp_path):
    """A clump that stands out has its segment, an empty box its own corners."""
    from pycocotools.coco import COCO

    rows, columns = np.indices((81, 81))
    plane = 8 * np.exp(-np.hypot(columns - 40, rows - 40) / 12)
    plane = plane + 60 * np.exp(-(np.hypot(columns - 55, rows - 30) ** 2) / 8)
    plane = plane + np.random.default_rng(0).normal(0, 0.1, plane.shape)
    fits.writeto(tmp_path / "a.fits", plane.astype("f4"))
    corners = [(48.0, 23.0, 62.0, 37.0), (3.0, 3.0, 13.0, 13.0)]
    made = Review.create(
        tmp_path / "r.clumps", find_sources([tmp_path / "a.fits"]), held_out=0
    )
    with made as review:
        for box in corners:
            review.add(1, box, "clump")
        review.finish(1, [])
        out(review, tmp_path / "set", "coco")
    path = next((tmp_path / "set" / "annotations").glob("*.json"))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    clump, empty = coco.loadAnns(coco.getAnnIds())
    seen = coco.annToMask(clump).astype(bool)
    assert seen.sum() == pytest.approx(clump["area"], rel=0.15)
    assert seen[30, 55]
    assert not seen[30, 65]
    assert clump["area"] < 14 * 14
    assert clump["bbox"] == pytest.approx([48.5, 23.5, 14, 14])
    if empty["area"] == pytest.approx(100):
        assert empty["segmentation"] == [
            pytest.approx([3.5, 3.5, 13.5, 3.5, 13.5, 13.5, 3.5, 13.5])
        ]


# -- YOLO and Pascal VOC -----------------------------------------------------


def test_yolo_as_a_trainer_reads_it(review, tmp_path):
    import yaml

    said = out(review, tmp_path / "set", "yolo")
    assert "3 boxes on 2 cutouts." in said
    data = yaml.safe_load((tmp_path / "set" / "data.yaml").read_text())
    assert data["names"] == {0: "clump", 1: "odd clump"}
    boxes = []
    held_out = {review.cutout(i).name for i in (1, 2) if review.cutout(i).held_out}
    for split in ("train", "val", "test"):
        for path in (tmp_path / "set" / "images" / split).glob("*.png"):
            assert (path.stem in held_out) == (split == "test")
            label = tmp_path / "set" / "labels" / split / f"{path.stem}.txt"
            with Image.open(path) as picture:
                width, height = picture.size
            for line in label.read_text().splitlines():
                _, x, y, w, h = map(float, line.split())
                x, y, w, h = x * width, y * height, w * width, h * height
                boxes.append((x - w / 2 - 0.5, y - h / 2 - 0.5,
                              x + w / 2 - 0.5, y + h / 2 - 0.5))  # fmt: skip
    assert numbered(boxes) == numbered([b for on in BOXES.values() for b in on])
    assert (tmp_path / "set" / data["train"]).is_dir()
    assert (tmp_path / "set" / data["val"]).is_dir()


def test_pictures_are_what_the_detector_sees(review, sources, tmp_path):
    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.rgb import to_rgb

    out(review, tmp_path / "set", "voc")
    with Image.open(tmp_path / "set" / "JPEGImages" / "sky.png") as picture:
        assert np.array_equal(np.asarray(picture), to_rgb(read_cutout(sources[0])))


def test_voc_as_others_read_it(review, tmp_path):
    said = out(review, tmp_path / "set", "voc", undone=True, proposals=True)
    assert "5 boxes on 3 cutouts." in said  # 0.1 is below the score
    folder = tmp_path / "set"
    sets = folder / "ImageSets" / "Main"
    learn, test = (
        (sets / f"{name}.txt").read_text().splitlines() for name in ("trainval", "test")
    )
    assert sorted([*learn, *test]) == ["a b", "sky", "ä_c"]
    held_out = [c.name.replace("?", "_") for c in review.cutouts() if c.held_out]
    assert sorted(test) == sorted(held_out)
    root = ElementTree.parse(folder / "Annotations" / "sky.xml").getroot()
    assert root.findtext("filename") == "sky.png"
    assert (folder / "JPEGImages" / "sky.png").is_file()
    assert [root.findtext(f"size/{tag}") for tag in ("width", "height")] == ["96", "80"]
    first = root.find("object/bndbox")
    assert [float(v.text) for v in first] == pytest.approx([12, 21.75, 23, 31.25])
    other = ElementTree.parse(folder / "Annotations" / "ä_c.xml").getroot()
    assert [o.findtext("difficult") for o in other.findall("object")] == ["0", "1"]


@pytest.mark.parametrize("how", ["yolo", "voc", "ds9-image"])
def test_what_goes_out_comes_back(review, sources, tmp_path, how):
    out(review, tmp_path / "set", how)
    with Review.create(tmp_path / "new.clumps", sources[:2]) as new:
        work = find_labels(new, tmp_path / "set")
        add_labels(new, finished_value(work), "accepted")
        for i in (1, 2):
            back = [box.corners for box in new.boxes(i)]
            assert np.array(back) == pytest.approx(np.array(BOXES[i]), abs=0.0051)
            assert [b.cls for b in new.boxes(i)] == [b.cls for b in review.boxes(i)]


@pytest.mark.parametrize("ending", [".csv", ".vot", ".fits", ".parquet", ".ecsv"])
def test_the_catalogue_comes_back_as_labels(review, sources, tmp_path, ending):
    review.set_done(2, False)
    for box in review.boxes(2):
        review.reject(box.id)
    out(review, tmp_path / f"c{ending}")
    with Review.create(tmp_path / "new.clumps", sources) as new:
        work = find_labels(new, tmp_path / f"c{ending}")
        add_labels(new, finished_value(work), "accepted")
        # FITS has no letters beyond ASCII for the third one's name.
        for i in (1,) if ending == ".fits" else (1, 3):
            kept = [b for b in review.boxes(i) if b.kept]
            back = new.boxes(i)
            corners = [b.corners for b in kept]
            assert np.array([b.corners for b in back]) == pytest.approx(
                np.array(corners), abs=1e-3
            )
            assert [b.cls for b in back] == [b.cls for b in kept]
            assert [b.annotator for b in back] == ["Ada"] * len(kept)


def finished_value(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_only_done_cutouts_go_where_nothing_says_so(review, tmp_path):
    review.set_done(1, False)
    review.set_done(2, False)
    for how in ("yolo", "voc"):
        with pytest.raises(LabelError, match="no cutout is done"):
            out(review, tmp_path / how, how)
        assert not (tmp_path / how).exists()
    with pytest.raises(LabelError, match="no cutout is done"):
        out(review, tmp_path / "c.json", "coco")
    assert "4 boxes on 3 cutouts" in out(review, tmp_path / "y", "yolo", undone=True)


# -- Zooniverse --------------------------------------------------------------


def test_zooniverse(review, tmp_path):
    said = out(review, tmp_path / "zoo", "zooniverse")
    assert "5 boxes on 3 cutouts." in said
    with (tmp_path / "zoo" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["sky.png", "a b.png", "ä_c.png"]
    for row in rows:
        with Image.open(tmp_path / "zoo" / row["image"]) as picture:
            assert picture.size == (int(row["#width"]), int(row["#height"]))
    marks = json.loads(rows[0]["#boxes"])
    x1, y1, x2, y2 = BOXES[1][0]
    # A rectangle's upper left corner and sides, from the picture's corner.
    assert (marks[0]["x"], marks[0]["y"]) == (x1 + 0.5, y1 + 0.5)
    assert (marks[0]["width"], marks[0]["height"]) == (x2 - x1, y2 - y1)
    assert [m["tool_label"] for m in marks] == ["clump", "odd clump"]
    assert [m["tool"] for m in marks] == [0, 1]
    ra, dec = a_wcs().all_pix2world([[(WIDTH - 1) / 2, (HEIGHT - 1) / 2]], 0)[0]
    assert (float(rows[0]["#ra"]), float(rows[0]["#dec"])) == pytest.approx((ra, dec))
    assert rows[1]["#ra"] == ""
    machine = json.loads(rows[2]["#boxes"])
    assert [(m["score"], m["status"]) for m in machine] == [
        (0.9, "accepted"), (0.4, "proposal"),
    ]  # fmt: skip
    with (tmp_path / "zoo" / "caesar.csv").open(encoding="utf-8", newline="") as file:
        fed = list(csv.DictReader(file))
    (first, *_) = json.loads(fed[0]["data"])["data"]
    assert first["toolType"] == "rectangle"
    assert first["x_center"] == (x1 + x2) / 2 + 0.5
    assert (
        len({m["markId"] for row in fed for m in json.loads(row["data"])["data"]}) == 5
    )


# -- contact sheet -----------------------------------------------------------


def test_a_sheet_as_pdf(review, tmp_path):
    said = out(review, tmp_path / "s.pdf")
    assert "5 boxes on 3 cutouts." in said
    (page,) = PdfReader(tmp_path / "s.pdf").pages
    assert page.get_contents().get_data().count(b" Do") == 3  # images that are drawn
    assert b"/DCTDecode" in (tmp_path / "s.pdf").read_bytes()
    assert "ä?c" in page.extract_text()


def test_a_sheet_of_many_pages_has_all_of_them(tmp_path, sources):
    many = [Source(f"g{i}", sources[1].files) for i in range(45)]
    with Review.create(tmp_path / "many.clumps", many) as review:
        for i in review.ids:
            review.add(i, (10, 10, 20, 20), "clump")
        out(review, tmp_path / "s.pdf")
    assert len(PdfReader(tmp_path / "s.pdf").pages) == 3


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_sheet_as_html(review, tmp_path):
    out(review, tmp_path / "s.html")
    text = (tmp_path / "s.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    images = [a for tag, a in tags.found if tag == "img"]
    assert len(images) == 3
    assert all(a["src"].startswith("data:image/jpeg;base64,") for a in images)
    assert "http" not in text  # nothing is fetched
    rects = [a for tag, a in tags.found if tag == "rect"]
    assert len(rects) == 5 + len(Status)
    assert "ä?c" in text
    assert "drawn by Ada" in text


@pytest.mark.parametrize(("how", "ending"), [("zooniverse", ""), ("sheet", ".html"),
                                             ("sheet", ".pdf")])  # fmt: skip
def test_flags_and_remarks_go_out(review, tmp_path, how, ending):
    review.flag(1, ["artefact", "unsure"], "<b>ghost</b>\nof a star")
    path = tmp_path / f"x{ending}"
    out(review, path, how)
    if how == "zooniverse":
        with (path / "manifest.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        said = [(row["#flags"], row["#remark"]) for row in rows]
        assert said == [
            ("artefact; unsure", "<b>ghost</b> of a star"), ("", ""), ("", ""),
        ]  # fmt: skip
    elif ending == ".html":
        text = path.read_text(encoding="utf-8")
        assert "artefact, unsure: &lt;b&gt;ghost&lt;/b&gt; of a star" in text
    else:
        words = " ".join(page.extract_text() for page in PdfReader(path).pages)
        assert "artefact, unsure: <b>ghost</b> of a st" in words


def test_names_are_not_html(tmp_path, sources):
    evil = [Source("<script>x</script>", sources[1].files)]
    with Review.create(tmp_path / "e.clumps", evil) as review:
        review.add(1, (10, 10, 20, 20), "clump")
        out(review, tmp_path / "s.html")
        out(review, tmp_path / "s.pdf")
    assert "<script>" not in (tmp_path / "s.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_boxes_turn_with_the_picture(orientation):
    """The bright block of a picture is inside its box, whichever way it is turned."""
    rgb = np.zeros((60, 90, 3), np.uint8)
    rgb[10:16, 30:42] = 255
    shown = orient(rgb, orientation)
    height, width = shown.shape[:2]
    x1, y1, x2, y2 = orient_box((29.5, 9.5, 41.5, 15.5), orientation, width, height)
    rows, columns = np.nonzero(shown[..., 0])
    assert (columns.min(), columns.max() + 1) == (x1, x2)
    assert (rows.min(), rows.max() + 1) == (y1, y2)


# -- whole or not at all -----------------------------------------------------


@pytest.mark.parametrize("how", ["yolo", "voc", "zooniverse", "ds9-image"])
def test_a_folder_that_is_there_stays(review, tmp_path, how):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(FileError, match="has this name already"):
        out(review, folder, how)
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("how", ["yolo", "sheet", "labels"])
def test_what_is_given_up_leaves_nothing(review, tmp_path, how):
    path = tmp_path / "here" / {"sheet": "s.pdf", "labels": "l.json"}.get(how, "set")
    path.parent.mkdir()
    work = export(review, path, how, ExportOptions(png=True))
    next(work)
    work.close()
    left = [p for p in path.parent.iterdir() if p.suffix not in (".png",)]
    assert [p for p in left if p.is_file() or p.name.startswith(".")] == []


def test_an_image_that_cannot_be_read_is_named(review, sources, tmp_path):
    sources[1].path.unlink()
    said = out(review, tmp_path / "set", "yolo")
    assert "2 boxes on 1 cutout" in said
    assert "a b.png" in said


def test_a_place_that_cannot_be_written_to(review, tmp_path):
    (tmp_path / "file").write_text("")
    for how, name in (("yolo", "set"), ("sheet", "s.html"), ("ds9-sky", "x.reg")):
        with pytest.raises(ClumpError):
            out(review, tmp_path / "file" / name, how)


def test_names_of_files_stay_in_their_folder():
    called = ("../../up", "a/b", "A/B", "", "...", "x" * 500, "a:b")
    sources = [Source(n, (Path(f"/i/{i}.png"),)) for i, n in enumerate(called)]
    names = FileNames(sources)
    made = [names.of(source, (1, 1)) for source in sources]
    assert len({n.lower() for n in made}) == len(made)
    for name in made:
        assert name == Path(name).name
        assert len(name) <= 130
        assert not name.startswith(".")
