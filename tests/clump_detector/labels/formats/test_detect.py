"""External labels, from every kind of file: boxes, classes, ids, what is lost."""

from __future__ import annotations

import gzip
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import numpy as np
import pytest
from astropy.table import Table

from clump_detector.core.errors import ClumpError, LabelError
from clump_detector.labels.formats.detect import KINDS, read_labels

SCOUT = (
    "image_id,local_ids,filename,label,label_text,x1,x2,y1,y2\n"
    '36718138,366658689799,../pngs/366658689799.png,2,"clumpy, odd",10,20,30,45\n'
    "36718138,366658689799,../pngs/366658689799.png,1,clumpy,-5,5,60,70\n"
    "36718139,325803584733,../pngs/325803584733.png,1,clumpy,250,260,10,20\n"
    "36718139,325803584733,../pngs/325803584733.png,1,clumpy,80,80,10,20\n"
)
BIG = 8647474690313946727  # 19 digits: a float would end in ...6,688


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# -- Clump Scout -------------------------------------------------------------


@pytest.mark.parametrize("packed", ["", ".gz", ".zip"])
def test_clump_scout(tmp_path, packed):
    path = tmp_path / f"boxes.csv{packed}"
    if packed == ".gz":
        path.write_bytes(gzip.compress(SCOUT.encode()))
    elif packed == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("boxes.csv", SCOUT)
    else:
        path.write_text(SCOUT)
    labels = read_labels(path)
    assert (labels.kind, labels.origin) == ("clump-scout", "Clump Scout")
    first, across, outside = labels.boxes
    # Corners are counted from the edge of the part: 100 more, and half a pixel less.
    assert first.corners == (109.5, 129.5, 119.5, 144.5)
    assert (first.cls, first.image) == ("clumpy, odd", "../pngs/366658689799.png")
    assert dict(first.ids) == {"local_ids": 366658689799, "image_id": 36718138}
    assert across.corners[0] == 94.5
    assert outside.corners[0] == 349.5
    assert labels.losses.counts == {"a box with no area or no number": 1}
    assert labels.notes[0].startswith("1 boxes extend beyond")
    assert labels.fits == {(400, 400): (0, 0), (200, 200): (-100, -100)}


def test_the_order_of_its_columns_does_not_matter(tmp_path):
    path = put(tmp_path, "a.csv", "y2,x1,local_ids,x2,y1\n4,1,366658689799,3,2\n")
    (box,) = read_labels(path).boxes
    assert box.corners == (100.5, 101.5, 102.5, 103.5)
    assert box.image == "366658689799"


# -- published catalogues ----------------------------------------------------


def popp(n=3):
    return Table(
        {
            "specobjid": np.array([299489676975171584 + i for i in range(n)]),
            "dr7objid": np.array([587722982829850805 + i for i in range(n)]),
            "clump_id": np.arange(n),
            "clump_label_id": [1] * n,
            "clump_label_name": ["clump", "odd clump", "clump"][:n],
            "clump_score": [0.9, 0.5, np.nan][:n],
            "clump_centre_ra": [150.0 + 0.001 * i for i in range(n)],
            "clump_centre_dec": [2.0] * n,
            "clump_px_x1": [10.5] * n,
            "clump_px_x2": [20.5] * n,
            "clump_px_y1": [30.5] * n,
            "clump_px_y2": [45.5] * n,
            "galaxy_ra": [150.0] * n,
            "galaxy_dec": [2.0] * n,
        }
    )


@pytest.mark.parametrize("name", ["a.csv", "a.ecsv", "a.vot", "a.fits", "a.parquet"])
def test_popp(tmp_path, name):
    path = tmp_path / name
    formats = {".csv": "ascii.csv", ".vot": "votable"}
    popp().write(path, format=formats.get(path.suffix))
    labels = read_labels(path)
    assert (labels.kind, labels.origin) == ("popp", "Popp et al. 2023")
    first, second, third = labels.boxes
    assert first.corners == (10, 30, 20, 45)  # torchvision counts from the edge
    assert (first.sky.ra, first.sky.dec, first.sky.host) == (150.0, 2.0, (150.0, 2.0))
    assert [b.cls for b in labels.boxes] == ["clump", "odd clump", "clump"]
    assert (first.score, second.score, third.score) == (0.9, 0.5, None)
    assert dict(second.ids) == {
        "dr7objid": 587722982829850806,
        "specobjid": 299489676975171585,
    }
    assert first.model == "Popp et al. 2023"


def adams(n=3):
    """Return some of the columns of Table 3 of the journal."""
    return Table(
        {
            "SDSS": np.array([1237648720142401611 + i for i in range(n)]),
            "Index": np.arange(n),
            "z": [0.05] * n,
            "GRAdeg": [150.0] * n,
            "GDEdeg": [2.0] * n,
            "rFWHM": [1.3] * n,
            "CRAdeg": [150.001, 150.002, 150.003][:n],
            "CDEdeg": [2.001] * n,
            "fLu": [0.09, 0.04, 0.02][:n],
            "Unusual": [0, 1, 0][:n],
        }
    )


def check_adams(labels):
    assert (labels.kind, labels.origin) == ("adams", "Adams et al. 2022")
    first, second, _ = labels.boxes
    assert (first.cls, second.cls) == ("clump", "odd clump")
    assert (first.sky.ra, first.sky.dec) == pytest.approx((150.001, 2.001))
    assert first.sky.host == (150.0, 2.0)
    assert first.sky.fwhm == 1.3
    assert dict(second.ids) == {"SDSS": 1237648720142401612}
    assert first.corners is None


@pytest.mark.parametrize("name", ["t3_mrt.txt", "t3.mrt", "t3.vot", "t3.csv"])
def test_adams(tmp_path, name):
    path = tmp_path / name
    if "mrt" in name:
        adams().write(path, format="ascii.mrt")
    else:
        adams().write(path, format={".vot": "votable"}.get(path.suffix))
    check_adams(read_labels(path))


def test_adams_with_columns_as_the_cds_may_name_them(tmp_path):
    table = adams()
    for old, new in (("CRAdeg", "CRA_ICRS"), ("CDEdeg", "CDE_ICRS"),
                     ("GRAdeg", "GRAJ2000"), ("GDEdeg", "GDEJ2000")):  # fmt: skip
        table.rename_column(old, new)
    table.write(tmp_path / "t.csv")
    check_adams(read_labels(tmp_path / "t.csv"))


class Archive(BaseHTTPRequestHandler):
    """Answers as VizieR does: a VOTable with one resource per catalogue."""

    answer = b""
    asked: ClassVar[list[bytes]] = []

    def do_POST(self):
        self.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def archive():
    Archive.asked = []
    with HTTPServer(("127.0.0.1", 0), Archive) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def votable(*tables):
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import VOTableFile

    whole = VOTableFile()
    for name, table in tables:
        (resource,) = from_table(table).resources
        resource.tables[0].name = name
        whole.resources.append(resource)
    out = io.BytesIO()
    whole.to_xml(out)
    return out.getvalue()


def test_adams_from_vizier(archive):
    galaxies = Table({"SDSS": [1], "RAdeg": [150.0], "DEdeg": [2.0]})
    Archive.answer = votable(
        ("J/ApJ/931/16/table1", galaxies), ("J/ApJ/931/16/table3", adams())
    )
    labels = read_labels("vizier:J/ApJ/931/16", server=archive)
    check_adams(labels)
    (asked,) = Archive.asked
    assert b"J/ApJ/931/16" in asked
    assert b"-out.max=unlimited" in asked or b"-out.max" in asked


@pytest.mark.parametrize(
    "answer", [b"", b"<html>gone</html>", b"<?xml version='1.0'?>x"]
)
def test_an_answer_that_is_no_catalogue(archive, answer):
    Archive.answer = answer
    with pytest.raises(LabelError, match="VizieR"):
        read_labels("vizier:J/ApJ/931/16", server=archive)


def test_without_a_network_it_says_what_to_do():
    with pytest.raises(LabelError, match=r"cannot be reached.*give the file"):
        read_labels("vizier:J/ApJ/931/16", server="http://127.0.0.1:9")


# -- any table ---------------------------------------------------------------


def test_our_own_table_of_detections(tmp_path):
    path = put(
        tmp_path,
        "d.csv",
        "file,class,score,x1,y1,x2,y2,ra,dec,model\n"
        "/far/a.png,clump,0.8,10,20,30,45,,,starter-1\n",
    )
    (box,) = read_labels(path).boxes
    assert (box.image, box.corners) == ("/far/a.png", (10, 20, 30, 45))
    assert (box.cls, box.score, box.model, box.sky) == ("clump", 0.8, "starter-1", None)


@pytest.mark.parametrize(
    ("header", "row", "corners"),
    [
        ("image,xmin,ymin,xmax,ymax", "a.png,1,2,5,8", (1, 2, 5, 8)),
        ("image,x,y,width,height", "a.png,10,20,4,6", (8, 17, 12, 23)),
        ("image,x_centre,y_centre,side", "a.png,10,20,4", (8, 18, 12, 22)),
        ("stem;left;top;right;bottom", "a;5;8;1;2", (1, 2, 5, 8)),
    ],
)
def test_columns_of_boxes_are_guessed(tmp_path, header, row, corners):
    labels = read_labels(put(tmp_path, "t.csv", f"{header}\n{row}\n"))
    assert labels.boxes[0].corners == corners
    assert "are read from" in labels.notes[0]


@pytest.mark.parametrize(
    ("names", "values", "place"),
    [
        ("ra,dec", "150.5,-2.25", (150.5, -2.25)),
        ("RAJ2000,DEJ2000", "10:02:00,-02:15:00", (150.5, -2.25)),
        ("clump_ra,clump_dec", "10h02m00s,-02d15m00s", (150.5, -2.25)),
        ("_RAJ2000,_DEJ2000", "359.9,89", (359.9, 89)),
        ("ra,dec", "-9.5,0", (350.5, 0)),
    ],
)
def test_columns_of_positions_are_guessed(tmp_path, names, values, place):
    (box,) = read_labels(put(tmp_path, "t.csv", f"{names}\n{values}\n")).boxes
    assert (box.sky.ra, box.sky.dec) == pytest.approx(place, abs=1e-9)
    assert box.corners is None


def test_a_clump_wins_over_its_galaxy(tmp_path):
    path = put(tmp_path, "t.csv", "ra,dec,clump_ra,clump_dec\n1,2,3,4\n")
    assert read_labels(path).boxes[0].sky.ra == 3


def test_places_without_a_size(tmp_path):
    labels = read_labels(put(tmp_path, "t.csv", "file,x,y\na.png,10.5,20\nb.png,,3\n"))
    assert [box.middle for box in labels.boxes] == [(10.5, 20)]
    assert labels.losses.counts == {"a row without a position": 1}


def test_ids_stay_integers(tmp_path):
    text = f"objID,id,ra,dec,x\n{BIG},7,1,2,3\n"
    for name in ("t.csv", "t.tsv"):
        path = put(tmp_path, name, text.replace(",", "\t" if "tsv" in name else ","))
        (box,) = read_labels(path).boxes
        assert dict(box.ids) == {"objID": BIG, "id": 7}
    path = put(tmp_path, "f.csv", "objID,ra,dec\n8.647474690313946e18,1,2\n")
    assert dict(read_labels(path).boxes[0].ids) == {}  # its last digits are lost


# -- DS9 ---------------------------------------------------------------------

REGIONS = """# Region file format: DS9 version 4.1
# Filename: /data/far away/galaxy-1.fits[SCI]
global color=green dashlist=8 3 width=1
image
circle(11,21,3) # text={odd clump}
box(11,21,6,8,0)
box(11,21,6,8,90)
ellipse(11,21,3,4,90)
polygon(1,1,5,1,3,9)
annulus(11,21,2,5)
point(3,4) # point=x
-circle(11,21,3)
line(1,2,3,4)
physical
box(1,2,3,4,0)
"""


def test_ds9_in_an_image(tmp_path):
    labels = read_labels(put(tmp_path, "any.reg", REGIONS))
    found = [box.corners for box in labels.boxes]
    # DS9 counts from 1 at the centre of the first pixel: (11, 21) is (10, 20) here.
    expected = [
        (7, 17, 13, 23),
        (7, 16, 13, 24),
        (6, 17, 14, 23),
        (6, 17, 14, 23),
        (0, 0, 4, 8),
        (5, 15, 15, 25),
        None,
        (-1.5, -1, 1.5, 3),
    ]
    assert len(found) == len(expected)
    for corners, wanted in zip(found, expected, strict=True):
        assert corners == (wanted if wanted is None else pytest.approx(wanted))
    assert labels.boxes[-2].middle == (2, 3)
    assert [box.physical for box in labels.boxes] == [False] * 7 + [True]
    assert labels.boxes[0].cls == "odd clump"
    assert {box.image for box in labels.boxes} == {"/data/far away/galaxy-1.fits"}
    assert labels.losses.counts == {
        "a region that the file excludes": 1,
        "a region without an area or a position": 1,
    }


def test_ds9_without_a_file_name_takes_its_own(tmp_path):
    put(tmp_path, "regions/galaxy-2.reg", "image\ncircle(1,1,3)\n")
    put(tmp_path, "regions/galaxy-3.reg", "image; circle(1,1,3)\ngarbage(1)\n")
    labels = read_labels(tmp_path / "regions")
    assert [box.image for box in labels.boxes] == ["galaxy-2", "galaxy-3"]


def test_one_bad_line_leaves_the_others(tmp_path):
    text = "image\ncircle(10,20,3)\ncircle(1,2\nbox(10,20,4,4,0)\n"
    labels = read_labels(put(tmp_path, "a.reg", text))
    assert len(labels.boxes) == 2
    assert labels.losses.total == 1


def test_ds9_on_the_sky(tmp_path):
    text = 'fk5\ncircle(10:00:00.0,+02:00:00,5")\ngalactic\nbox(237.0,42.0,4",4",0)\n'
    first, second = read_labels(put(tmp_path, "a.reg", text)).boxes
    assert (first.sky.ra, first.sky.dec) == pytest.approx((150, 2), abs=1e-4)
    assert first.sky.icrs
    assert first.image == ""
    assert 0 < second.sky.ra < 360


# -- COCO, YOLO, Pascal VOC --------------------------------------------------

COCO = {
    "images": [{"id": 1, "file_name": "../../up/a.png", "width": 60, "height": 40}],
    "categories": [{"id": 3, "name": "knot"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [10.5, 20.5, 4, 6]},
        {"id": 2, "image_id": 1, "segmentation": [[1, 1, 5, 1, 3, 9]]},
        {"id": 3, "image_id": 1, "category_id": 3, "bbox": [1, 1, 0, 6]},
        {"id": 4, "image_id": 9, "category_id": 3, "bbox": [1, 1, 2, 6]},
        {"id": 5, "image_id": 1, "bbox": [float("nan"), 1, 2, 6]},
    ],
}


def test_coco(tmp_path):
    labels = read_labels(put(tmp_path, "a.json", json.dumps(COCO)))
    first, second = labels.boxes
    assert first.corners == (10, 20, 14, 26)
    assert (first.cls, first.size) == ("knot", (60, 40))
    assert second.corners == (0.5, 0.5, 4.5, 8.5)
    assert labels.losses.counts == {
        "an annotation whose box or outline has no area or no numbers": 2,
        "an annotation of an image that the file does not list": 1,
    }


def test_results_of_a_detector_in_coco(tmp_path):
    entries = [{"image_id": 587722982829850805, "bbox": [1, 1, 2, 2], "score": 0.7}]
    (box,) = read_labels(put(tmp_path, "r.json", json.dumps(entries))).boxes
    assert (box.image, box.score) == ("587722982829850805", 0.7)


def test_our_own_label_set_keeps_what_it_says(tmp_path):
    attributes = {"status": "drawn", "origin": "person", "annotator": "Eve",
                  "time": "2024-01-01T00:00:00+00:00"}  # fmt: skip
    undecided = {"status": "proposal", "origin": "model", "model": "m", "score": 0.4}
    one = {"image_id": 1, "category_id": 3, "bbox": [1, 1, 9, 9]}
    content = COCO | {
        "annotations": [
            one | {"attributes": attributes},
            one | {"bbox": [20, 20, 9, 9], "iscrowd": 1, "attributes": undecided},
        ],
        "rejected": [one | {"bbox": [30, 10, 9, 9]}],
    }
    kept, open_, rejected = read_labels(
        put(tmp_path, "l.json", json.dumps(content))
    ).boxes
    assert (kept.origin, kept.annotator, kept.status) == ("person", "Eve", "")
    assert (open_.model, open_.score, open_.status) == ("m", 0.4, "proposal")
    assert rejected.status == "rejected"


def yolo(folder):
    put(
        folder, "data.yaml", "path: ../../..\ntrain: ../up\nnames: [clump, odd clump]\n"
    )
    put(folder, "labels/train/a.b.txt", "0 0.5 0.25 0.1 0.2\n1 0.5 0.5 0.1 0.1 0.75\n")
    put(
        folder,
        "labels/val/b.txt",
        "0 0.1 0.1 0.3 0.1 0.2 0.4\n0 12 40 6 6\nclump 1 2\n",
    )
    put(folder, "labels/val/empty.txt", "\n")
    put(folder, "train.txt", "images/train/a.b.png\n")
    return folder


@pytest.mark.parametrize("given", ["", "data.yaml"])
def test_yolo(tmp_path, given):
    labels = read_labels(yolo(tmp_path / "set") / given)
    assert labels.kind == "yolo"
    first, second, third = labels.boxes
    assert first.shares == pytest.approx((0.45, 0.15, 0.55, 0.35))
    assert (first.image, first.cls) == ("labels/train/a.b", "clump")
    assert (second.cls, second.score) == ("odd clump", 0.75)
    assert third.shares == pytest.approx((0.1, 0.1, 0.3, 0.4))  # an outline
    assert labels.losses.counts == {
        "a line whose numbers are not fractions of the image": 1,
        "a line that does not begin with a class's number": 1,
    }


VOC = """<annotation>
  <filename>../../a.jpg</filename>
  <size><width>60</width><height>40</height><depth>3</depth></size>
  <object><name>clump</name><bndbox>
    <xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax></bndbox></object>
  <object><name>odd clump</name><difficult>1</difficult><bndbox>
    <xmin>11</xmin><ymin>21.0</ymin><xmax>14</xmax><ymax>26</ymax></bndbox></object>
  <object><name>clump</name></object>
</annotation>"""


def test_voc(tmp_path):
    labels = read_labels(put(tmp_path, "a.xml", VOC))
    first, second = labels.boxes
    assert first.corners == (-0.5, -0.5, 0.5, 0.5)  # the first pixel alone
    assert second.corners == (9.5, 19.5, 13.5, 25.5)
    assert (second.cls, second.status) == ("odd clump", "proposal")
    assert second.size == (60, 40)
    assert labels.losses.counts == {"an object without a box": 1}


def test_a_folder_of_voc(tmp_path):
    put(tmp_path, "set/Annotations/a.xml", VOC)
    put(tmp_path, "set/Annotations/b.xml", "<annotation>")
    labels = read_labels(tmp_path / "set")
    assert len(labels.boxes) == 2
    assert labels.losses.counts["a file that is damaged or has no labels"] == 1


# -- what is no label --------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    + "".join(f'<!ENTITY b{i} "{(f"&b{i - 1};" if i else "&b;") * 10}">'
              for i in range(9))
    + "]><annotation><filename>&b8;</filename></annotation>"
)  # fmt: skip

BAD = {
    "empty.csv": "",
    "nothing.csv": "a,b\n1,2\n",
    "quote.csv": 'file,x1,y1,x2,y2\n"a.png,1,2,3,4\n',
    "ragged.csv": "file,x1,y1,x2,y2\na.png,1,2,3\n",
    "words.csv": "file,x1,y1,x2,y2\na.png,one,2,3,4\n",
    "list.json": "[]",
    "other.json": '{"a": 1}',
    "broken.json": '{"annotations": [',
    "deep.json": "[" * 100_000,
    "other.xml": "<html></html>",
    "broken.xml": "<annotation>",
    "bomb.xml": BOMB,
    "other.reg": "hello\n",
    "detector.reg": "detector\ncircle(1,2,3)\n",
    "a.tiff": "what",
    "bytes.csv": "a\0b",
    "t.vot": "<VOTABLE>",
    "t.ecsv": "# %ECSV 1.0\n# ---\n",
    "t_mrt.txt": "Byte-by-byte Description of file: x\n---\n 1-3 I3 --- x ?\n",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_label_is_said_in_one_line(tmp_path, name):
    path = put(tmp_path, name, BAD[name])
    with pytest.raises(ClumpError) as error:
        read_labels(path)
    assert name in error.value.message
    assert "\n" not in error.value.message
    assert error.value.remedy


def test_what_is_not_there(tmp_path):
    with pytest.raises(ClumpError, match="no such file"):
        read_labels(tmp_path / "nothing.csv")
    with pytest.raises(LabelError, match="no labels in this folder"):
        read_labels(tmp_path)
    with pytest.raises(LabelError, match=r"no kind of labels 'png'.*clump-scout"):
        read_labels(put(tmp_path, "a.csv", SCOUT), "png")


def test_a_kind_that_it_is_not(tmp_path):
    path = put(tmp_path, "a.csv", SCOUT)
    with pytest.raises(LabelError, match="columns are not those of"):
        read_labels(path, "adams")
    assert read_labels(path, "table").kind == "table"
    assert set(KINDS) >= {"clump-scout", "popp", "adams", "ds9", "coco", "yolo", "voc"}


def test_a_packed_file_that_is_cut_short(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(SCOUT.encode())[:-12])
    with pytest.raises(LabelError, match="damaged"):
        read_labels(path)


def test_a_packed_file_that_grows_without_end(tmp_path, monkeypatch):
    from clump_detector.labels import packed_files

    monkeypatch.setattr(packed_files, "MOST_BYTES", 1_000_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"1" * 5_000_000))
    with pytest.raises(LabelError, match="larger than 1 MB"):
        read_labels(path)


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    secret = put(tmp_path, "secret.txt", "0 0.5 0.5 0.1 0.1\n")
    folder = tmp_path / "set"
    put(folder, "labels/a.txt", "0 0.5 0.5 0.1 0.1\n")
    (folder / "labels" / "b.txt").symlink_to(secret)
    (folder / "data.yaml").symlink_to(put(tmp_path, "x.yaml", "names: [secret]\n"))
    labels = read_labels(folder)
    assert [box.image for box in labels.boxes] == ["labels/a"]
    assert labels.boxes[0].cls == "0"
    assert labels.losses.counts == {"a file that is a link out of the folder": 1}
