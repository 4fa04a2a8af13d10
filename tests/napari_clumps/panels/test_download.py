"""The panel "Download cutouts" in the real window, with a server on loopback."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import astroquery.hips2fits  # noqa: F401 - takes seconds, which no test is to pay
import numpy as np
import pytest
from qtpy.QtCore import QTimer

from clump_detector.galaxies.surveys import Services
from napari_clumps.jobs import download
from napari_clumps.review import Review
from tests.helpers.survey_server import serving

pytestmark = pytest.mark.gui

TEXT = """name,RAJ2000,DEJ2000,redshift,petroR50_r,psf_fwhm_r
UGC 1,150.1,2.2,0.021,3.0,1.3
UGC 2,150.1,2.2003,0.022,3.5,1.3
UGC 3,150.1,2.2006,0.023,4.0,1.3
"""


@pytest.fixture
def server(monkeypatch, tmp_path):
    quick = {"pace": 0.0, "patience": 0.01}
    monkeypatch.setattr(download, "Services", lambda: replace(Services(), **quick))
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(150.1, 2.2, 100.0), (150.1012, 2.2, 60.0)]
        yield server


@pytest.fixture
def dock(window, server):
    """A window with the dock and the messages that were shown; no list is chosen."""
    c = window.controller
    c.downloads.close()
    c.downloads = download.Downloads(c.session, c.open_paths)
    dock, panel = window.viewer.window.add_plugin_dock_widget(
        "napari-clumps", "Download cutouts"
    )
    window.said = []
    window.controller.session.said.connect(window.said.append)
    window.fetching = window.controller.downloads
    yield window, panel
    window.fetching.cancel()
    window.controller.session.said.disconnect(window.said.append)
    window.viewer.window.remove_dock_widget(dock)


@pytest.fixture
def galaxy_list(tmp_path):
    path = tmp_path / "my list.csv"
    path.write_text(TEXT)
    return path


def child(panel, name, kind="QWidget"):
    from qtpy import QtWidgets

    found = panel.findChild(getattr(QtWidgets, kind), name)
    assert found is not None, name
    return found


def choose(ui, panel, monkeypatch, path):
    """Choose a list in the file dialog, and wait until it is read."""
    from qtpy.QtWidgets import QFileDialog

    chosen = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)
    child(panel, "button_list", "QPushButton").click()
    settled(ui)


def settled(ui):
    ui.qtbot.waitUntil(lambda: not ui.fetching.running)
    ui.settle(30)


def press(panel, name):
    child(panel, f"button_{name}", "QPushButton").click()


def test_from_a_list_to_an_open_review(dock, server, monkeypatch, galaxy_list):
    ui, panel = dock
    assert not child(panel, "button_fetch", "QPushButton").isEnabled()
    choose(ui, panel, monkeypatch, galaxy_list)
    words = child(panel, "fetch_recognised", "QLabel").text()
    assert "3 galaxies." in words
    assert "Right ascension: RAJ2000." in words
    assert "Effective radius: petroR50_r." in words
    folder = galaxy_list.parent / "my list"
    assert child(panel, "fetch_folder", "QLineEdit").text() == str(folder)
    press(panel, "fetch")
    settled(ui)
    c = ui.controller
    assert [c.session.review.cutout(i).name for i in c.session.review.ids] == [
        "UGC_1",
        "UGC_2",
        "UGC_3",
    ]
    assert c.session.review.path.parent == folder
    assert c.session.cutout.name == "UGC_1"
    assert "3 cutouts downloaded." in child(panel, "fetch_outcome", "QLabel").text()
    assert not ui.said or "downloaded" not in ui.said[-1]
    assert "torch" not in sys.modules
    # Pressed again, all is there: nothing is asked for, and the review stays.
    n = len(server.asked)
    press(panel, "fetch")
    settled(ui)
    assert "3 existed already" in child(panel, "fetch_outcome", "QLabel").text()
    assert len(server.asked) == n


def test_pictures_are_added_to_the_open_review(
    dock, server, monkeypatch, galaxy_list, galaxies
):
    ui, panel = dock
    ui.controller.open_paths([galaxies])
    before = len(ui.controller.session.review)
    choose(ui, panel, monkeypatch, galaxy_list)
    panel._kind.value = "jpg"
    panel._into.value = True
    child(panel, "fetch_pixels", "QSpinBox").setValue(96)
    press(panel, "fetch")
    settled(ui)
    review = ui.controller.session.review
    assert review.path.parent == galaxies
    assert len(review) == before + 3
    asked = server.asked[0][1]
    assert (asked["format"], asked["hips"]) == ("jpg", "CDS/P/SDSS9/color")
    ui.controller.navigator.go_to(len(review))
    ui.settle()
    assert ui.controller.session.picture.problem is None
    assert ui.controller.session.picture.rgb.shape == (96, 96, 3)


def test_galaxies_that_do_not_come_are_named(dock, server, monkeypatch, galaxy_list):
    ui, panel = dock
    choose(ui, panel, monkeypatch, galaxy_list)
    server.script.extend(["", "", "", "404"])
    press(panel, "fetch")
    settled(ui)
    assert any("UGC 2: " in line and "404" in line for line in ui.said)
    outcome = child(panel, "fetch_outcome", "QLabel").text()
    assert "2 cutouts downloaded, 1 failed" in outcome
    assert len(ui.controller.session.review) == 2


def test_cancel_works_at_once_and_the_next_run_goes_on(
    dock, server, monkeypatch, galaxy_list
):
    ui, panel = dock
    choose(ui, panel, monkeypatch, galaxy_list)
    server.script.extend(["", "", "", "wait"])
    press(panel, "fetch")
    ui.qtbot.waitUntil(lambda: server.held == 1)
    press(panel, "cancel_fetch")
    assert server.held == 1  # it waited for no answer
    assert "Cancelled after 1 of 3" in child(panel, "fetch_outcome", "QLabel").text()
    server.released.set()
    ui.settle(300)
    assert ui.controller.session.review is None
    press(panel, "fetch")
    settled(ui)
    assert "2 cutouts downloaded, 1 existed already" in ui.fetching.outcome
    assert len(ui.controller.session.review) == 3


@pytest.mark.parametrize(("text", "what"), [
    ("name,ra\na,1\n", "no column of right ascension"),
    ('name,ra,dec\n"a,1,2\n', "never closed"), ("", "empty"),
])  # fmt: skip
def test_a_list_that_is_none_is_a_message(dock, monkeypatch, tmp_path, text, what):
    ui, panel = dock
    path = tmp_path / "bad.csv"
    path.write_text(text)
    choose(ui, panel, monkeypatch, path)
    assert any(what in line and "bad.csv" in line for line in ui.said)
    assert child(panel, "fetch_recognised", "QLabel").text() == ""
    assert not child(panel, "button_fetch", "QPushButton").isEnabled()


def test_offline_is_one_message_that_says_what_to_do(
    dock, server, monkeypatch, galaxy_list
):
    ui, panel = dock
    choose(ui, panel, monkeypatch, galaxy_list)
    server.close()
    press(panel, "fetch")
    settled(ui)
    assert len([x for x in ui.said if "cannot be reached" in x]) == 1
    assert any("Check the network" in line for line in ui.said)


def test_choices_that_do_not_fit_are_a_message(dock, monkeypatch, tmp_path):
    ui, panel = dock
    path = tmp_path / "no radius.csv"
    path.write_text("ra,dec\n150.1,2.2\n")
    choose(ui, panel, monkeypatch, path)
    assert panel._by.value == "arcsec"  # the list tells no radius
    panel._by.value = "effective radii"
    press(panel, "fetch")
    assert any("radius is not known" in line for line in ui.said)
    panel._survey.value = "panstarrs"
    assert [key for _, key in panel._downloads.kinds("panstarrs").items()]
    assert panel._kind.value == "jpg"  # it has nothing else


def test_fetching_freezes_nothing(dock, server, monkeypatch, tmp_path):
    ui, panel = dock
    path = tmp_path / "many.csv"
    rows = [f"g{i},150.1,{2.2 + i / 1e4},3" for i in range(12)]
    path.write_text("\n".join(["name,ra,dec,radius", *rows]))
    choose(ui, panel, monkeypatch, path)
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.thread_time()))
    timer.start(5)
    press(panel, "fetch")
    ui.qtbot.waitUntil(lambda: ui.fetching.done >= 11)
    timer.stop()
    settled(ui)
    assert float(np.diff(ticks).max()) < 0.1
    with Review.open(ui.controller.session.review.path, read_only=True) as review:
        assert len(review) == 12


def test_a_window_that_closes_while_fetching_ends_it(
    dock, server, monkeypatch, galaxy_list
):
    ui, panel = dock
    choose(ui, panel, monkeypatch, galaxy_list)
    server.always = "wait"
    press(panel, "fetch")
    ui.qtbot.waitUntil(lambda: server.held == 1)
    ui.controller.downloads.close()
    assert not ui.fetching.running
    server.released.set()
    ui.settle(200)
    assert ui.controller.session.review is None
