"""Labels in and out by the command line: what it says, writes and refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from clump_detector.image_files.sources import find_sources
from napari_clumps.review import Review


@pytest.fixture
def review(tmp_path, monkeypatch):
    """Return the review of two pictures of Clump Scout's size."""
    monkeypatch.setenv("NAPARI_CLUMPS_DATA", str(tmp_path / "data"))
    folder = tmp_path / "galaxies"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("366658689799", "325803584733"):
        pixels = rng.integers(0, 255, (400, 400, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    path = folder / "r.clumps"
    Review.create(path, find_sources([folder]), seed=1, held_out=0).close()
    return path


@pytest.fixture
def scout(tmp_path):
    path = tmp_path / "scout.csv"
    path.write_text(
        "image_id,local_ids,filename,label,label_text,x1,x2,y1,y2\n"
        '1,366658689799,../p/366658689799.png,2,"clumpy, odd",10,20,30,45\n'
        "2,325803584733,../p/325803584733.png,1,clumpy,-5,5,60,70\n"
        "3,100630278205,../p/100630278205.png,1,clumpy,50,60,10,20\n"
    )
    return path


def boxes(path):
    with Review.open(path, read_only=True) as review:
        return [box for i in review.ids for box in review.boxes(i)]


@pytest.mark.parametrize("how", ["proposals", "accepted"])
def test_labels_others_made_are_taken_in(run, review, scout, how):
    code, said, err = run("import", scout, "--into", review, "--as", how)
    assert code == 0, err
    assert "3 boxes of Clump Scout on 3 images." in said
    assert "1 boxes extend beyond" in said
    assert (
        "1 left out: no cutout here shows it (such as ../p/100630278205.png)." in said
    )
    assert "2 boxes imported on 2 cutouts." in said
    status = {"proposals": "proposal"}.get(how, how)
    found = {(b.cls, b.status.value, b.origin, b.corners) for b in boxes(review)}
    assert found == {
        ("clump", status, "Clump Scout", (94.5, 159.5, 104.5, 169.5)),
        ("odd clump", status, "Clump Scout", (109.5, 129.5, 119.5, 144.5)),
    }


def test_by_default_they_are_proposals_of_their_own_class(run, review, scout):
    assert run("import", scout, "--into", review)[0] == 0
    assert {b.status.value for b in boxes(review)} == {"proposal"}
    assert run("import", scout, "--into", review, "--class", "odd clump")[0] == 0
    assert len(boxes(review)) == 2


def test_the_kind_and_the_side_can_be_said(run, review, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("file,x,y\n366658689799.png,100,200\n")
    code, said, _ = run("import", table, "--into", review, "--kind", "table")
    assert code == 2
    assert "imported" not in said
    code, _, err = run("import", table, "--into", review, "--kind", "nonsense")
    assert code == 2
    assert "clump-scout" in err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, "no such file"),
        ("a.csv", "a,b\n1,2\n", "no column"),
        ("a.json", "{", "not valid JSON"),
        ("a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "entities"),
    ],
)
def test_bad_labels_are_one_line(run, review, tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    before = review.read_bytes()
    code, said, err = run("import", path, "--into", review)
    assert code == 2
    assert said == ""
    assert err.count("\n") == 1
    assert words in err
    assert name in err
    assert review.read_bytes() == before


def test_reviews_are_merged_as_before(run, review, tmp_path):
    other = tmp_path / "other.clumps"
    other.write_bytes(review.read_bytes())
    code, said, _ = run("import", other, "--into", review)
    assert code == 0
    assert "2 cutouts in both" in said


@pytest.fixture
def labelled(run, review, scout):
    run("import", scout, "--into", review, "--as", "accepted")
    return review


def test_the_ending_says_what_is_written(run, labelled, tmp_path):
    for name, start in (("l.json", b"{"), ("s.pdf", b"%PDF"), ("s.html", b"<!DOCTYPE")):
        code, said, err = run("export", labelled, "--out", tmp_path / name)
        assert code == 0, err
        assert (tmp_path / name).read_bytes().startswith(start)
        assert "2 boxes" in said


def test_a_folder_by_its_name(run, labelled, tmp_path):
    for how in ("yolo", "voc"):
        out = tmp_path / how
        code, _, err = run("export", labelled, "--out", out, "--as", how)
        assert code == 2
        assert "no cutout is done" in err
        assert "--undone" in err
        assert not out.exists()
        code, said, _ = run("export", labelled, "--out", out, "--as", how, "--undone")
        assert code == 0
        assert "2 boxes on 2 cutouts" in said
        assert out.is_dir()
    code, said, err = run(
        "export", labelled, "--out", tmp_path / "z", "--as", "zooniverse"
    )
    assert code == 0, err
    assert (tmp_path / "z" / "manifest.csv").is_file()


def test_proposals_go_out_if_they_are_wanted(run, review, scout, tmp_path):
    run("import", scout, "--into", review)
    out = tmp_path / "regions"
    code, _, err = run("export", review, "--out", out, "--as", "ds9-image")
    assert code == 2
    assert "--proposals" in err
    words = ("export", review, "--out", out, "--as", "ds9-image", "--proposals")
    assert run(*words)[0] == 0
    assert len(list(out.glob("*.reg"))) == 2


def test_plain_coco(run, labelled, tmp_path):
    out = tmp_path / "c.json"
    code, _, err = run("export", labelled, "--out", out, "--as", "coco", "--undone")
    assert code == 0, err
    assert set(json.loads(out.read_text())) == {
        "info", "licenses", "categories", "images", "annotations",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "a.gif"), ".reg"),
        (("--out", "a", "--as", "gif"), "zooniverse"),
        (("--out", "a.csv", "--as", "ds9-sky"), ".reg"),
    ],
)
def test_an_unknown_format_is_told_the_choices(run, labelled, words, said):
    code, out, err = run("export", labelled, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
