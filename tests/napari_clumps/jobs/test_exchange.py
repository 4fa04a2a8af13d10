"""Labels in and out in the window: what is asked, shown and taken back."""

from __future__ import annotations

import gc
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from clump_detector.labels.label_set import read_label_set
from napari_clumps.io.formats import export
from napari_clumps.review import Status
from tests.helpers.resources import PATIENCE

pytestmark = pytest.mark.gui


def write_coco(folder: Path, *names: str) -> Path:
    """Write a COCO file with a box of 20 pixels on each of some images."""
    content = {
        "images": [{"id": i, "file_name": f"{n}.png"} for i, n in enumerate(names)],
        "categories": [{"id": 1, "name": "clump"}],
        "annotations": [
            {"image_id": i, "category_id": 1, "bbox": [120.5, 100.5, 20, 20]}
            for i in range(len(names))
        ],
    }
    path = folder / "theirs.json"
    path.write_text(json.dumps(content))
    return path


def choose(monkeypatch, name: str, path: Path, kind: str = "") -> None:
    """Have a file dialog answer with a path and a filter."""
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, name, staticmethod(lambda *_: (str(path), kind)))


def answer(monkeypatch, button: str | None) -> list:
    """Have the question be answered by a button, or by Cancel; return what it said."""
    from qtpy.QtWidgets import QLabel, QPushButton

    from napari_clumps.widgets.controls.import_dialog import ImportDialog

    said = []

    def exec_(dialog):
        said.append(dialog.findChild(QLabel, "import_words").text())
        if button is None:
            dialog.reject()
        else:
            dialog.findChild(QPushButton, f"button_import_{button}").click()
        return 0

    monkeypatch.setattr(ImportDialog, "exec", exec_)
    return said


def click(ui, name: str) -> None:
    from qtpy.QtWidgets import QPushButton

    panel = ui.panel("review_panel")
    panel.findChild(QPushButton, f"button_{name}").click()
    jobs = (ui.controller.exchange.importing, ui.controller.exchange.exporting)
    ui.qtbot.waitUntil(lambda: not any(j.running for j in jobs))
    ui.settle(50)


def test_labels_become_proposals_that_are_shown_and_undone(ui, tmp_path, monkeypatch):
    c = ui.controller
    path = write_coco(tmp_path, "galaxy-1", "galaxy-2", "galaxy-9")
    choose(monkeypatch, "getOpenFileName", path)
    said = answer(monkeypatch, "proposals")
    click(ui, "import")
    assert "2 boxes lie on 2 cutouts" in said[0]
    assert "1 left out: no cutout here shows it" in said[0]
    assert ui.statuses() == ["proposal"] * 4
    c.session.threshold = 0.99  # what has no score is shown whatever the threshold
    assert [b.origin for b in c.session.shown.boxes] == ["theirs.json"]
    c.session.shown.select(c.session.shown.boxes[0].id)
    assert "theirs.json" in c.session.canvas.boxes.features["label"][0]
    ui.key("A")
    assert c.session.shown.boxes[0].status is Status.ACCEPTED
    ui.key("Z", control=True)
    ui.key("Z", control=True)
    assert c.session.shown.boxes == []
    assert c.session.review.boxes(2) == []
    assert c.session.review.check() == []


def test_labels_become_accepted_boxes(ui, tmp_path, monkeypatch):
    choose(monkeypatch, "getOpenFileName", write_coco(tmp_path, "galaxy-1"))
    answer(monkeypatch, "accepted")
    said = []
    ui.controller.session.said.connect(said.append)
    click(ui, "import")
    assert ui.statuses() == ["proposal", "proposal", "proposal", "accepted"]
    assert any("1 box imported" in line for line in said)


def test_nothing_is_taken_in_against_a_persons_will(ui, tmp_path, monkeypatch):
    choose(monkeypatch, "getOpenFileName", write_coco(tmp_path, "galaxy-1"))
    answer(monkeypatch, None)
    click(ui, "import")
    assert ui.statuses() == ["proposal"] * 3
    assert not ui.controller.session.review.can_undo


@pytest.mark.parametrize("content", ["{", '{"annotations": []}'])
def test_a_file_without_labels_is_a_message(ui, tmp_path, monkeypatch, content):
    path = tmp_path / "bad.json"
    path.write_text(content)
    choose(monkeypatch, "getOpenFileName", path)
    said = []
    ui.controller.session.said.connect(said.append)
    click(ui, "import")
    assert len(said) == 1
    assert "bad.json" in said[0]


def test_labels_of_other_images_are_a_message(ui, tmp_path, monkeypatch):
    choose(monkeypatch, "getOpenFileName", write_coco(tmp_path, "elsewhere"))
    asked = answer(monkeypatch, "accepted")
    said = []
    ui.controller.session.said.connect(said.append)
    click(ui, "import")
    assert asked == []
    assert "no cutout here shows it (such as elsewhere.png)" in said[0]


@pytest.mark.parametrize(
    ("name", "words", "made"),
    [
        ("l.json", "Label set with the origin of each box (*.json)", "l.json"),
        ("sheet", "Contact sheet (*.pdf *.html)", "sheet.pdf"),
        ("r.labels.json", "Contact sheet (*.pdf *.html)", "r.labels.pdf"),
        ("set", "YOLO, pictures and labels: a folder (*)", "set"),
        ("zoo.json", "Zooniverse subjects, boxes to correct: a folder (*)", "zoo"),
        ("s.html", "", "s.html"),
    ],
)
def test_every_format_is_offered(ui, tmp_path, monkeypatch, name, words, made):
    ui.controller.decisions.accept_rest()
    choose(monkeypatch, "getSaveFileName", tmp_path / name, words)
    said = []
    ui.controller.session.said.connect(said.append)
    click(ui, "export")
    assert (tmp_path / made).exists()
    assert any(made in line for line in said)
    if made == "l.json":
        assert read_label_set(tmp_path / made).n_boxes == 3


def test_a_catalogue_asks_what_it_is_to_hold(ui, tmp_path, monkeypatch):
    from qtpy.QtWidgets import QCheckBox

    from clump_detector.catalogue import read_catalogue
    from napari_clumps.widgets.controls.catalogue_dialog import CatalogueDialog

    ui.key("A")
    answers, options = [], []

    def asked(dialog):
        for name in answers:
            dialog.findChild(QCheckBox, name).setChecked(True)
        options.append(dialog.options())
        return bool(answers)

    monkeypatch.setattr(CatalogueDialog, "exec", asked)
    words = "Clump catalogue, measured (*.ecsv *.vot *.fits *.parquet *.csv)"
    choose(monkeypatch, "getSaveFileName", tmp_path / "c.ecsv", words)
    click(ui, "export")
    assert not (tmp_path / "c.ecsv").exists()  # the dialog was cancelled
    answers[:] = ["with_proposals", "with_structure"]
    click(ui, "export")
    assert (options[-1].proposals, options[-1].structure) == (True, True)
    assert options[-1].score == ui.controller.session.threshold
    table = read_catalogue(tmp_path / "c.ecsv")
    assert set(table["tier"]) == {"visually_confirmed", "model_only"}


def test_a_file_that_the_dialog_did_not_ask_about_stays(ui, tmp_path, monkeypatch):
    (tmp_path / "sheet.pdf").write_text("mine")
    ui.controller.decisions.accept_rest()
    choose(
        monkeypatch,
        "getSaveFileName",
        tmp_path / "sheet",
        "Contact sheet (*.pdf *.html)",
    )
    click(ui, "export")
    assert (tmp_path / "sheet.pdf").read_text() == "mine"


def test_an_export_that_cannot_be_is_a_message(ui, tmp_path, monkeypatch):
    said = []
    ui.controller.session.said.connect(said.append)
    choose(monkeypatch, "getSaveFileName", tmp_path / "set",
           "YOLO, pictures and labels: a folder (*)")  # fmt: skip
    click(ui, "export")
    assert "no box is accepted or drawn" in said[-1]
    assert not (tmp_path / "set").exists()


def test_closing_the_review_ends_what_is_under_way(ui, tmp_path, monkeypatch):
    ui.controller.decisions.accept_rest()
    closed = threading.Event()

    def waiting(*args):
        """Export, but go on only when the review is closed, or all might be there."""
        with closing(export(*args)) as work:
            for step in work:
                assert closed.wait(PATIENCE)
                yield step

    monkeypatch.setattr("napari_clumps.jobs.exchange.export", waiting)
    gc.disable()  # which might tidy up, some time
    try:
        ui.controller.exchange.export(tmp_path / "s.pdf")
        ui.controller.close_review()
        closed.set()
        assert not ui.controller.exchange.exporting.running
        ui.qtbot.waitUntil(lambda: not list(tmp_path.glob(".s.pdf*")))
    finally:
        gc.enable()
    assert not (tmp_path / "s.pdf").exists()


@pytest.mark.parametrize("name", ["s.pdf", "l.json"])
def test_an_export_is_shown_and_can_be_cancelled(ui, tmp_path, name):
    from qtpy.QtWidgets import QProgressBar, QPushButton

    c, panel = ui.controller, ui.panel("review_panel")
    c.decisions.accept_rest()
    bar = panel.findChild(QProgressBar, "progress_exporting")
    cancel = panel.findChild(QPushButton, "button_cancel_exporting")
    assert not bar.isVisible()
    said = []
    c.session.said.connect(said.append)
    for _ in range(20):
        said.clear()
        c.exchange.export(tmp_path / name)
        assert bar.isVisible()
        assert cancel.isVisible()
        cancel.click()
        ui.qtbot.waitUntil(lambda: not c.exchange.exporting.running, timeout=90_000)
        assert not bar.isVisible()
        if said == ["Cancelled: nothing was exported."]:
            break
        # Pressed too late, it is there as a whole, and is said to be.
        assert name in said[-1]
        (tmp_path / name).unlink()
    assert said == ["Cancelled: nothing was exported."]
    ui.qtbot.waitUntil(lambda: not list(tmp_path.glob(f".{name}*")), timeout=90_000)
    assert not (tmp_path / name).exists()
    c.exchange.export(tmp_path / name)  # and once more, to the end
    ui.qtbot.waitUntil(lambda: not c.exchange.exporting.running, timeout=90_000)
    assert (tmp_path / name).is_file()
    assert name in said[-1]


def test_the_question_says_what_was_found(ui, tmp_path):
    from napari_clumps.io.import_labels import find_labels
    from napari_clumps.widgets.controls.import_dialog import ImportDialog

    work = find_labels(
        ui.controller.session.review, write_coco(tmp_path, "galaxy-1", "x")
    )
    while True:
        try:
            next(work)
        except StopIteration as end:
            found = end.value
            break
    dialog = ImportDialog(found, ui.panel("review_panel"))
    ui.qtbot.addWidget(dialog)
    dialog.show()
    ui.settle(200)
    dialog.grab().save(str(tmp_path / "dialog.png"))
    assert (tmp_path / "dialog.png").stat().st_size > 1000
    assert dialog.how is None
