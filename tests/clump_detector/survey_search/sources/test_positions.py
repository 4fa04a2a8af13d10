"""Lists of galaxies whose cutouts a service delivers, here one on loopback."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace

import astroquery.hips2fits  # noqa: F401 - takes seconds, which no test is to pay
import pytest

from clump_detector.core.errors import ConfigError, FetchError, FileError
from clump_detector.galaxies.surveys import Services
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.images.cutout import read_cutout
from clump_detector.survey_search.dataset.manifest import UNREACHABLE, Known, Manifest
from clump_detector.survey_search.items import FileItem, stamp_or_none
from clump_detector.survey_search.sources.positions import Positions
from clump_detector.survey_search.sources.scratch import FailedItem
from tests.helpers.resources import PATIENCE, wait_for
from tests.helpers.survey_cutouts import assert_same, read
from tests.helpers.survey_server import serving


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(150.1, 2.2, 100.0), (150.2, 2.2, 40.0), (150.3, 2.2, 40.0)]
        yield server


def quick(**changes):
    usual = {"pace": 0.0, "patience": 0.01, "timeout": PATIENCE, **changes}
    return replace(Services(), **usual)


def listed(tmp_path, *names):
    path = tmp_path / "list.csv"
    rows = [f"{n},{150.1 + k / 10},2.2,0.0{k + 1},1.4" for k, n in enumerate(names)]
    head = "name,ra,dec,redshift,psf_fwhm"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def source(tmp_path, path, stop=None, services=None, **choices):
    request = DownloadRequest("sdss", **{"size": 30.0, **choices})
    return Positions(path, request, tmp_path / "set", stop, services or quick())


@pytest.mark.parametrize("picture", ["", "jpg"])
def test_each_cutout_comes_as_soon_as_it_is_there(server, tmp_path, picture):
    found = source(tmp_path, listed(tmp_path, "NGC 1", "NGC 2"), picture=picture)
    assert found.total == 2
    assert not (tmp_path / "set").exists()  # a folder with content is no dataset
    items = iter(found)
    first = pickle.loads(pickle.dumps(next(items)))
    ending = picture or "fits"
    assert first.address == f"images/NGC_1.{ending}"
    assert first.name == "NGC 1"
    assert isinstance(first, FileItem)
    assert len(server.asked) == (1 if picture else 3)
    assert not (tmp_path / "set" / "images" / "galaxies.ecsv").exists()
    cutout = read(first, tmp_path / "s")
    assert cutout.galaxy.redshift == 0.01
    assert (cutout.galaxy.ra, cutout.galaxy.dec) == (150.1, 2.2)
    assert cutout.scale == pytest.approx(30 / 400 if picture else 0.396)
    assert cutout.fwhm * cutout.scale == pytest.approx(1.4)
    assert [i.address for i in items] == [f"images/NGC_2.{ending}"]
    # With its table, which is there at the end, the file says the same.
    assert (tmp_path / "set" / "images" / "galaxies.ecsv").exists()
    assert_same(cutout, read_cutout(first.files))


def test_what_is_there_is_kept_and_not_asked_for_again(server, tmp_path):
    path = listed(tmp_path, "a", "b")
    items = list(source(tmp_path, path))
    stamps = [i.stamp() for i in items]
    n = len(server.asked)
    (tmp_path / "set" / "images" / "b.fits").unlink()
    again = list(source(tmp_path, path, services=quick(cache=None)))
    assert len(server.asked) == n + 3
    assert [i.address for i in again] == [i.address for i in items]
    assert again[0].stamp() == stamps[0]
    assert again[1].stamp() != stamps[1]


def test_what_the_service_does_not_deliver_is_an_item_that_says_why(server, tmp_path):
    path = listed(tmp_path, "a", "b", "c")
    server.script.extend(["", "", "", "empty"])
    first, failed, last = source(tmp_path, path)
    assert isinstance(first, FileItem)
    assert isinstance(last, FileItem)
    assert (failed.address, failed.name) == ("images/b.fits", "b")
    there = pickle.loads(pickle.dumps(failed))
    with pytest.raises(FetchError, match=r"^there is no image in g.*outside"):
        there.source(tmp_path)
    assert stamp_or_none(there) == ""
    # The next run asks for it again, and finds it.
    again = source(tmp_path, path, services=quick(cache=None))
    (mended,) = [i for i in again if i.name == "b"]
    assert read(mended, tmp_path / "s").bands == ("g", "r", "i")


def test_galaxies_that_were_not_asked_for_are_problems_too(server, tmp_path):
    server.always = "500"
    path = listed(tmp_path, *"abcdefgh")
    found = source(tmp_path, path, services=quick(attempts=1))
    items = list(found)
    assert [i.name for i in items] == list("abcdefgh")
    assert all(isinstance(i, FailedItem) for i in items)
    assert len(server.asked) == 5
    assert "5 galaxies in a row failed" in items[-1].error.message
    assert "5 galaxies in a row failed" in found.notes[-1]


def test_a_cutout_that_was_searched_keeps_its_rows_where_the_service_fails(
    server, tmp_path
):
    """Nothing at its address is no change of a cutout that is done."""
    (item,) = source(tmp_path, listed(tmp_path, "a"))
    manifest = Manifest(tmp_path / "none")
    manifest._known[item.address] = Known(item.stamp(), "sha", "m", 0)
    failed = FailedItem(item.address, "a", FetchError("no answer"))
    assert list(manifest.open_items([failed], "m", 1)) == []
    assert manifest.counts[UNREACHABLE] == 1


def test_the_stop_ends_a_request_and_the_table_is_written(server, tmp_path):
    stop = threading.Event()
    path = listed(tmp_path, "a", "b")
    server.script.extend(["", "", "", "429 100"])
    items = iter(source(tmp_path, path, stop))
    assert next(items).name == "a"
    rest: list = ["it has not ended"]

    def go_on():
        rest[:] = list(items)

    thread = threading.Thread(target=go_on)
    thread.start()
    wait_for(lambda: len(server.asked) == 4)
    stop.set()
    thread.join(PATIENCE)
    assert rest == []
    assert not thread.is_alive()
    assert "a.fits" in (tmp_path / "set" / "images" / "galaxies.ecsv").read_text()


def test_rows_without_a_cutout_are_said(server, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("name,ra,dec,radius\na,150.1,2.2,3\nb,150.2,2.2,\nc,,,3\n")
    found = source(tmp_path, path, size=None)
    assert found.total == 1
    (note,) = [n for n in found.notes if "without a cutout" in n]
    assert "2 rows" in note
    assert "b: its radius is not known" in note
    assert "Row 3 (c)" in note


def test_what_cannot_be_asked_for_is_refused_before_anything_is_written(tmp_path):
    path = listed(tmp_path, "a")
    with pytest.raises(ConfigError, match="no band y"):
        source(tmp_path, path, bands="y")
    with pytest.raises(ConfigError, match="can be downloaded"):
        source(tmp_path, path, size=None)
    with pytest.raises(FileError, match="cannot read"):
        source(tmp_path, tmp_path / "gone.csv")
    assert not (tmp_path / "set").exists()
