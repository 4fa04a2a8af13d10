"""Fetching cutouts, through astroquery's own clients, from a server on loopback."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import astroquery.hips2fits  # noqa: F401 - takes seconds, which no test is to pay
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clump_detector.core.errors import (
    Cancelled,
    ClumpError,
    ConfigError,
    FetchError,
    FileError,
)
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.galaxies.read import read_galaxies
from clump_detector.galaxies.surveys import (
    Choices,
    Ended,
    Failed,
    Fetched,
    Kept,
    Services,
    Waits,
    fetch,
    make_plan,
    survey_named,
)
from clump_detector.galaxies.surveys.plan import safe_stem
from clump_detector.galaxies.surveys.retry import seconds_to_wait
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from tests.helpers.resources import PATIENCE
from tests.helpers.survey_server import serving

SDSS = survey_named("sdss")


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serving(monkeypatch, tmp_path / "cache") as server:
        server.stars = [(150.1, 2.2, 100.0), (150.1 + 8 / 3600, 2.2 + 5 / 3600, 40.0)]
        yield server


def galaxy(name="NGC 1", ra=150.1, dec=2.2, **more) -> Galaxy:
    filled = {"psf": {}, "magnitudes": {}, "ids": {}, "other": {}}
    return Galaxy(name, ra, dec, **{**filled, **more})


def quick(**changes) -> Services:
    usual = {"pace": 0.0, "patience": 0.01, "timeout": PATIENCE, **changes}
    return replace(Services(), **usual)


def run(galaxies, folder, choices=None, services=None, stop=None):
    """Fetch and return the events."""
    plan = make_plan(galaxies, choices or Choices(SDSS, size=30), folder)
    return list(fetch(plan, services or quick(), stop))


def kinds(events):
    return [type(event) for event in events if not isinstance(event, Waits)]


def place_of_the_peak(image, scale):
    """Return (x, y) of the brightest star by its centroid in a window about itself."""
    y, x = np.indices(image.shape)
    cy, cx = np.unravel_index(np.argmax(image), image.shape)
    for _ in range(20):
        inside = np.hypot(x - cx, y - cy) * scale < 4
        w = np.where(inside, image - np.median(image), 0)
        cx, cy = (w * x).sum() / w.sum(), (w * y).sum() / w.sum()
    return cx, cy


# -- what comes out ---------------------------------------------------------


@pytest.mark.parametrize("choices", [
    Choices(SDSS, size=30), Choices(SDSS, size=30, pixels=101),
    Choices(SDSS, size=30, scale=0.6), Choices(SDSS, ("u", "z"), size=24),
])  # fmt: skip
def test_bands_come_with_their_wcs_unit_and_flux(server, tmp_path, choices):
    given_ = galaxy(redshift=0.03, psf={"r": 1.4, "": 1.6}, ids={"objid": 2**60 + 1})
    assert kinds(run([given_], tmp_path, choices)) == [Fetched, Ended]
    path = tmp_path / "NGC_1.fits"
    bands = choices.checked().bands
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == [b.upper() for b in bands]
        assert hdus[0].header["OBJECT"] == "NGC 1"
        assert hdus[0].header["REDSHIFT"] == 0.03
        for hdu in hdus[1:]:
            wcs = WCS(hdu.header)
            n = hdu.shape[0]
            assert wcs.all_pix2world(n / 2 - 0.5, n / 2 - 0.5, 0) == pytest.approx(
                [150.1, 2.2], abs=1e-7
            )
            assert hdu.header["BUNIT"] == "nanomaggy"
            assert hdu.header["PSFFWHM"] == (1.4 if hdu.name == "R" else 1.6)
            sky = np.median(hdu.data)
            assert (hdu.data - sky).sum() == pytest.approx(140, rel=0.01)
            x, y = place_of_the_peak(hdu.data, 30 / n)
            assert wcs.all_pix2world(x, y, 0) == pytest.approx([150.1, 2.2], abs=2e-5)
    cutout = read_cutout(find_sources([tmp_path])[0])
    assert cutout.bands == bands
    assert cutout.galaxy.ids == {"objid": 2**60 + 1}
    assert cutout.galaxy.redshift == 0.03
    assert cutout.scale == pytest.approx(
        choices.scale or (30 / 101 if choices.pixels else 0.396), rel=1e-6
    )
    assert cutout.fwhm == pytest.approx((1.4 if "r" in bands else 1.6) / cutout.scale)


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_a_picture_gets_its_sky_coordinates_from_the_table(server, tmp_path, kind):
    choices = Choices(SDSS, picture=kind, size=40, pixels=160)
    given_ = galaxy(name="J1", psf={"r": 1.25}, redshift=0.1)
    assert kinds(run([given_], tmp_path, choices)) == [Fetched, Ended]
    cutout = read_cutout(find_sources([tmp_path])[0])
    assert cutout.is_picture
    assert (cutout.scale, cutout.fwhm) == (pytest.approx(0.25), pytest.approx(5.0))
    grey = cutout.pixels.mean(axis=2)
    x, y = place_of_the_peak(grey, 0.25)
    assert (x, y) == pytest.approx((79.5, 79.5), abs=0.1)
    # The fainter star lies 8 arcsec East and 5 North: to the left and above.
    sx, sy = cutout.wcs.all_world2pix(150.1 + 8 / 3600, 2.2 + 5 / 3600, 0)
    assert (sx, sy) == pytest.approx((79.5 - 32, 79.5 - 20), abs=0.1)
    assert grey[round(float(sy)), round(float(sx))] > grey.mean() + 50


def test_the_side_goes_by_the_radius_or_the_angle(tmp_path):
    big, small = galaxy("a", radius=5.0), galaxy("b", radius=0.4)
    plan = make_plan([big, small, galaxy("c")], Choices(SDSS, radii=10), tmp_path)
    assert [w.pixels for w in plan.wanted] == [127, 51]
    assert plan.wanted[0].size == pytest.approx(127 * 0.396)
    assert plan.problems == ("c: its radius is not known. Give a size in arcsec.",)
    assert "limited to between" in plan.notes[0]
    plan = make_plan([big], Choices(SDSS, size=60, pixels=200), tmp_path)
    assert (plan.wanted[0].size, plan.wanted[0].pixels) == (60, 200)


def test_sdss_own_images_are_put_on_the_cutouts_grid(server, tmp_path):
    choices = Choices(survey_named("sdss-frames"), ("g", "r"), size=40)
    assert kinds(run([galaxy()], tmp_path, choices)) == [Fetched, Ended]
    assert [path for path, _ in server.asked if "frame" in path] == [
        "/sas/dr17/eboss/photoObj/frames/301/752/3/frame-g-000752-3-0373.fits.bz2",
        "/sas/dr17/eboss/photoObj/frames/301/752/3/frame-r-000752-3-0373.fits.bz2",
    ]
    with fits.open(tmp_path / "NGC_1.fits") as hdus:
        for hdu in hdus[1:]:
            assert (hdu.data - np.median(hdu.data)).sum() == pytest.approx(
                140, rel=0.02
            )
            sky = WCS(hdu.header).all_pix2world(*place_of_the_peak(hdu.data, 0.396), 0)
            assert sky == pytest.approx([150.1, 2.2], abs=3e-5)


def test_the_table_beside_carries_all_that_the_list_said(server, tmp_path):
    text = (
        "name,ra,dec,z,petroR50_r,objid,petroMag_r,modelMag_r,remark\n"
        'M 51,150.1,2.2,0.01,3.5,1237648720693755918,13.5,13.6,"a, b"\n'
        "M 52,150.1,2.2,,,,,,\n"
    )
    (tmp_path / "list.csv").write_text(text)
    galaxies = read_galaxies(tmp_path / "list.csv")
    folder = tmp_path / "out"
    assert kinds(run(galaxies, folder)) == [Fetched, Fetched, Ended]
    back = read_galaxies(folder / "galaxies.ecsv")
    assert [g.name for g in back] == ["M 51", "M 52"]
    for one, other in zip(galaxies, back, strict=True):
        for key in ("ra", "dec", "redshift", "radius", "ids", "magnitudes", "psf"):
            assert getattr(one, key) == getattr(other, key)
        assert one.other["remark"] == other.other["remark"]
        assert other.scale == pytest.approx(0.396)
    assert back[0].magnitudes == {"r": 13.5}  # not the model's, which is kept beside
    assert back[0].other["modelMag_r"] == 13.6
    assert Table.read(folder / "galaxies.ecsv")["objid"].dtype == np.int64
    cutouts = [read_cutout(source) for source in find_sources([folder])]
    assert [c.galaxy.name for c in cutouts] == ["M 51", "M 52"]


# -- again, and what goes wrong ---------------------------------------------


def test_what_is_there_whole_is_not_fetched_again(server, tmp_path):
    two = [galaxy("a"), galaxy("b", dec=2.2001)]
    run(two, tmp_path)
    n = len(server.asked)
    assert kinds(run(two, tmp_path)) == [Kept, Kept, Ended]
    assert len(server.asked) == n
    (tmp_path / "a.fits").unlink()
    assert kinds(run(two, tmp_path)) == [Fetched, Kept, Ended]
    assert len(server.asked) == n  # it was in the cache
    assert len(Table.read(tmp_path / "galaxies.ecsv")) == 2


def test_cutouts_of_other_settings_are_never_replaced(server, tmp_path):
    """Boxes that were drawn on them would fit no longer."""
    run([galaxy("a")], tmp_path)
    before = (tmp_path / "a.fits").read_bytes()
    n = len(server.asked)
    with pytest.raises(FileError, match="1 cutouts of another survey or size"):
        run([galaxy("b"), galaxy("a")], tmp_path, Choices(SDSS, size=36))
    assert len(server.asked) == n
    assert (tmp_path / "a.fits").read_bytes() == before


def test_a_file_of_someone_else_is_never_overwritten(server, tmp_path):
    (tmp_path / "a.fits").write_bytes(b"mine")
    events = run([galaxy("a"), galaxy("b")], tmp_path)
    assert kinds(events) == [Failed, Fetched, Ended]
    assert "was not downloaded" in events[0].message
    assert (tmp_path / "a.fits").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "how", ["503", "429", "500", "drop", "truncated", "short", "html"]
)
def test_a_passing_fault_is_tried_again(server, tmp_path, how):
    server.script.extend([how, how])
    events = run([galaxy()], tmp_path)
    assert kinds(events) == [Fetched, Ended]
    assert len(server.asked) == 5  # three bands
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "cache") == [
        ".fetched.jsonl", "NGC_1.fits", "galaxies.ecsv",
    ]  # fmt: skip


def test_a_service_that_does_not_answer_is_asked_again(server, tmp_path):
    server.script.append("wait")
    events = run([galaxy()], tmp_path, services=quick(timeout=2))
    assert kinds(events) == [Fetched, Ended]
    assert len(server.asked) >= 4  # three bands; more where the server itself is slow


@pytest.mark.parametrize("how", ["truncated", "short", "503"])
def test_pictures_are_tried_again_too(server, tmp_path, how):
    server.script.append(how)
    choices = Choices(SDSS, picture="jpg", size=30, pixels=64)
    assert kinds(run([galaxy()], tmp_path, choices)) == [Fetched, Ended]
    with Image.open(tmp_path / "NGC_1.jpg") as picture:
        assert picture.size == (64, 64)


def test_the_service_says_how_long_to_wait(server, tmp_path):
    server.script.append("503 1")
    started = time.monotonic()
    events = run([galaxy()], tmp_path)
    assert [e.seconds for e in events if isinstance(e, Waits)] == [1]
    assert time.monotonic() - started >= 1
    server.script.append("429 86400")
    events = run([galaxy("other", dec=2.21)], tmp_path)
    assert "to wait for 1440 minutes" in events[-1].stopped


@pytest.mark.parametrize(("text", "least", "most"), [
    ("7", 7, 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ("Fri, 31 Dec 2199 23:59:59 GMT", 1e9, 1e10),
])  # fmt: skip
def test_retry_after_is_a_number_or_a_date(text, least, most):
    assert least <= seconds_to_wait(text) <= most


def test_retry_after_that_is_neither_counts_for_nothing():
    assert seconds_to_wait("soon") is None


@pytest.mark.parametrize(("how", "what"), [
    ("404", "refuses the request (HTTP 404: Bad no such HiPS)"),
    ("403", "may have blocked"), ("503", "is busy (HTTP 503), 3 times"),
    ("html", "a web page instead of an image"),
    ("truncated", "3 times"), ("empty", "is outside the survey"),
])  # fmt: skip
def test_one_galaxy_that_fails_stops_no_other(server, tmp_path, how, what):
    final = how in ("404", "403", "empty")
    server.script.extend(["", "", "", *[how] * (1 if final else 3)])
    three = [galaxy("a"), galaxy("b", dec=2.2001), galaxy("c", dec=2.2002)]
    events = run(three, tmp_path, services=quick(attempts=3))
    assert kinds(events) == [Fetched, Failed, Fetched, Ended]
    message = next(e.message for e in events if isinstance(e, Failed))
    assert message.startswith("b: ")
    assert what in message
    assert events[-1].failed == 1
    assert not (tmp_path / "b.fits").exists()
    assert list(Table.read(tmp_path / "galaxies.ecsv")["name"]) == ["a", "c"]


def test_a_black_picture_lies_outside_the_survey(server, tmp_path):
    server.always = "empty"
    choices = Choices(SDSS, picture="png", size=30, pixels=64)
    events = run([galaxy()], tmp_path, choices)
    assert "outside the survey" in events[0].message
    assert not list(tmp_path.glob("*.png"))


def test_offline_says_so_once_and_ends(tmp_path, monkeypatch, server):
    server.close()
    many = [galaxy(f"g{i}", dec=i / 10) for i in range(50)]
    events = run(many, tmp_path, services=quick(attempts=2, hips="http://127.0.0.1:9/"))
    assert kinds(events) == [Ended]
    assert "cannot be reached" in events[-1].stopped
    assert "Check the network" in events[-1].stopped


def test_a_service_that_gives_nothing_is_left_alone(server, tmp_path):
    server.always = "404"
    many = [galaxy(f"g{i}", dec=i / 10) for i in range(50)]
    events = run(many, tmp_path)
    assert len(server.asked) == 5
    assert "5 galaxies in a row" in events[-1].stopped


def test_sdss_without_a_field_there_says_so(server, tmp_path):
    server.always = "empty"
    choices = Choices(survey_named("sdss-frames"), size=40)
    events = run([galaxy()], tmp_path, choices)
    assert "outside the survey" in events[0].message


@pytest.mark.parametrize("how", ["503", "drop", "html", "short", "truncated"])
def test_sdss_images_are_tried_again(server, tmp_path, how):
    # Half a table of fields, said to be whole, is a table: only images are cut.
    server.script.extend([how, "", how] if how != "short" else ["", how])
    choices = Choices(survey_named("sdss-frames"), ("r",), size=30)
    assert kinds(run([galaxy()], tmp_path, choices)) == [Fetched, Ended]


def test_requests_keep_their_distance(server, tmp_path):
    started = time.monotonic()
    run([galaxy()], tmp_path, services=quick(pace=0.5))
    assert len(server.asked) == 3
    assert time.monotonic() - started >= 2 * 0.5


def test_cancel_ends_within_a_request_and_the_next_run_goes_on(server, tmp_path):
    stop = threading.Event()
    four = [galaxy(f"g{i}", dec=2.2 + i / 1e4) for i in range(4)]
    plan = make_plan(four, Choices(SDSS, size=30), tmp_path)
    events = fetch(plan, quick(patience=300.0), stop)
    assert isinstance(next(events), Fetched)
    server.always = "503"
    assert isinstance(next(events), Waits)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):  # it would wait and ask again otherwise
        next(events)
    assert list(Table.read(tmp_path / "galaxies.ecsv")["name"]) == ["g0"]
    server.always = ""
    assert kinds(run(four, tmp_path)) == [Kept, Fetched, Fetched, Fetched, Ended]


def test_a_run_that_is_closed_leaves_the_table_of_what_came(server, tmp_path):
    plan = make_plan([galaxy("a"), galaxy("b")], Choices(SDSS, size=30), tmp_path)
    events = fetch(plan, quick())
    next(events)
    events.close()
    assert list(Table.read(tmp_path / "galaxies.ecsv")["name"]) == ["a"]


def test_a_killed_run_is_picked_up(server, tmp_path):
    """The journal's line stands before the file; a torn line is no harm."""
    run([galaxy("a")], tmp_path)
    journal = tmp_path / ".fetched.jsonl"
    journal.write_text(journal.read_text() + '{"file": "b.fi')
    (tmp_path / "galaxies.ecsv").unlink()
    assert kinds(run([galaxy("a"), galaxy("b")], tmp_path)) == [Kept, Fetched, Ended]
    assert len(Table.read(tmp_path / "galaxies.ecsv")) == 2


def test_the_cache_holds_no_more_than_it_may_and_mends_itself(server, tmp_path):
    run([galaxy()], tmp_path / "one")
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert len(kept) == 3
    for path in kept:
        path.write_bytes(b"SIMPLE  = broken")
    run([galaxy()], tmp_path / "two")
    assert len(server.asked) == 6
    run([galaxy("x", dec=2.3)], tmp_path / "three", services=quick(cache_bytes=60_000))
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in kept) <= 60_000


def test_a_broken_table_of_the_folder_is_told_before_anything_is_asked(
    server, tmp_path
):
    (tmp_path / "galaxies.ecsv").write_text('name,ra,dec\n"a,1,2\n')
    with pytest.raises(ClumpError, match=r"galaxies\.ecsv"):
        run([galaxy()], tmp_path)
    assert not server.asked


def test_a_folder_that_cannot_be_made_is_told(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ClumpError, match="file"):
        run([galaxy()], tmp_path / "file" / "out")


# -- choices and names ------------------------------------------------------


@pytest.mark.parametrize(("choices", "what"), [
    (Choices(SDSS, ("y",), size=30), "no band y"),
    (Choices(SDSS, size=0.1), "0.1 arcsec"),
    (Choices(SDSS, size=30, pixels=5), "5 pixels"),
    (Choices(SDSS, size=30, pixels=10**9), "pixels is out of range"),
    (Choices(SDSS, size=30, scale=0), "arcsec per pixel"),
    (Choices(SDSS, radii=0), "effective radii"),
    (Choices(survey_named("panstarrs"), size=30), "colour pictures only"),
    (Choices(survey_named("sdss-frames"), picture="jpg", size=9), "no colour pictures"),
])  # fmt: skip
def test_choices_that_do_not_fit_are_refused(tmp_path, choices, what):
    with pytest.raises(ConfigError, match=what):
        make_plan([galaxy()], choices, tmp_path)


def test_any_hips_can_be_named(server, tmp_path):
    survey = survey_named("CDS/P/DES-DR2/g")
    run([galaxy()], tmp_path, Choices(survey, size=30))
    assert server.asked[0][1]["hips"] == "CDS/P/DES-DR2/g"
    with fits.open(tmp_path / "NGC_1.fits") as hdus:
        assert hdus[1].name == "G"
        assert "BUNIT" not in hdus[1].header
    for name in ("nowhere", "../x", "a b/c"):
        with pytest.raises(ConfigError, match="no survey"):
            survey_named(name)


@pytest.mark.parametrize("name", [
    "../../etc/passwd", "/abs/olute", "..", "a/../../b", "C:\\x", "con", "NUL.fits",
    ".hidden", "a\0b", "x" * 400, "é à", "星系", "-rf", "a\nb", "", "galaxies",
])  # fmt: skip
def test_no_name_leaves_the_folder(server, tmp_path, name):
    folder = tmp_path / "deep" / "out"
    before = set(tmp_path.rglob("*"))
    events = run([galaxy(name)], folder)
    assert kinds(events) == [Fetched, Ended]
    new = set(tmp_path.rglob("*")) - before - {folder, folder.parent}
    new = {p for p in new if "cache" not in p.parts}
    assert {p.parent for p in new} == {folder}
    assert len(find_sources([folder])) == 1
    assert read_cutout(find_sources([folder])[0]).galaxy is not None


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_names_are_safe_and_no_two_alike(names):
    plan = make_plan(
        [galaxy(n, dec=i) for i, n in enumerate(names)], Choices(SDSS, size=30), None
    )
    files = [w.file for w in plan.wanted]
    assert len({f.lower() for f in files}) == len(names)
    for file in files:
        assert not set(file) & set('/\\:*?"<>|\0\n ')
        assert file[0] not in ".-"
        assert len(file) < 120


def test_galaxies_named_after_bands_stay_apart(server, tmp_path):
    names = ["UGC-g", "UGC-r", "UGC i", "g", "r", "a_g_1", "a_r_1", "g-1", "r-1"]
    galaxies = [galaxy(name, dec=2.2 + i / 1e4) for i, name in enumerate(names)]
    run(galaxies, tmp_path)
    assert len(find_sources([tmp_path])) == len(names)


def test_safe_names_keep_what_they_can():
    assert safe_stem("SDSS J123456.78+010203.4") == "SDSS_J123456.78+010203.4"


def test_doubles_in_a_list_are_fetched_once(tmp_path):
    twice = make_plan([galaxy(), galaxy()], Choices(SDSS, size=30), tmp_path)
    assert len(twice.wanted) == 1
    assert "are repeated" in twice.notes[-1]
    same_name = make_plan([galaxy(), galaxy(dec=3.0)], Choices(SDSS, size=30), tmp_path)
    assert [w.file for w in same_name.wanted] == ["NGC_1.fits", "NGC_1-2.fits"]


def test_the_request_goes_through_astroquery_as_it_should(server, tmp_path):
    run([galaxy()], tmp_path, Choices(SDSS, ("r",), size=39.6))
    _, asked = server.asked[0]
    wcs = json.loads(asked["wcs"])
    assert (asked["hips"], asked["format"]) == ("CDS/P/SDSS9/r", "fits")
    assert (wcs["NAXIS1"], wcs["CRPIX1"], wcs["CRVAL1"]) == (100, 50.5, 150.1)
    assert wcs["CDELT1"] == pytest.approx(-0.396 / 3600)
    assert wcs["CDELT2"] == pytest.approx(0.396 / 3600)


def test_errors_survive_a_journey_between_processes():
    import pickle

    from clump_detector.galaxies.surveys.write import OutsideError

    error = pickle.loads(pickle.dumps(OutsideError("r")))
    assert isinstance(error, FetchError)
    assert "in r" in error.message
