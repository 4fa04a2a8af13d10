"""The simulated sky: like the real one, the same twice, labelled where it shines."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clump_detector.core import boxes as geometry
from clump_detector.core.errors import ConfigError, FileError
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.labels.label_set import missing_files, read_label_set
from tests.helpers.paths import ROOT

pytest.importorskip("galsim")

from clump_detector.simulate import draw_scene, simulate, simulate_one
from clump_detector.simulate.cutout import galaxy_rng
from clump_detector.simulate.flaws import lose_strip
from clump_detector.simulate.labelled import labelled
from clump_detector.simulate.scenes.hosts import merge_close
from clump_detector.simulate.scenes.scene import SimulatedClump
from clump_detector.simulate.survey_picture import VISIBLE_LEVELS, seen_levels


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(galaxy_rng(11, k)) for k in range(300)]


@pytest.fixture(scope="module")
def drawn():
    return [simulate_one(galaxy_rng(12, k), clumpy=True) for k in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("sky") / "set"
    simulate(out, 5, seed=4, kind="both", size=200)
    return out


def test_a_galaxy_depends_on_seed_and_number_alone(tmp_path, folder):
    again = tmp_path / "again"
    simulate(again, 6, seed=4, kind="png", size=200, workers=2)
    for number in range(1, 6):
        name = f"images/sim-{number:04d}.png"
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    other = simulate_one(galaxy_rng(5, 0), size=200).rgb
    assert not np.array_equal(other, simulate_one(galaxy_rng(4, 0), size=200).rgb)


def test_some_galaxies_have_clumps_and_some_have_none(scenes):
    share = np.mean([bool(s.clumps) for s in scenes])
    assert share == pytest.approx(0.45, abs=0.09)
    assert len({s.host.kind for s in scenes}) >= 8
    assert {s.survey.name for s in scenes} == {"sdss", "stripe82", "legacy", "kids"}


def test_boxes_are_as_large_as_real_ones(scenes):
    """Real sides are 9.1 / 16.6 / 27.5 px (5, 50, 95 %) of 400."""
    sides = [geometry.SIDE_IN_FWHM * s.fwhm_px for s in scenes]
    assert np.percentile(sides, [5, 50, 95]) == pytest.approx(
        [9.1, 16.6, 27.5], rel=0.13
    )


def test_clumps_lie_where_real_ones_do(scenes):
    """Real ones: 0.72 / 1.23 / 1.88 half-light radii (16, 50, 84 %)."""
    one = [s for s in scenes if len(s.hosts) == 1]
    far = [np.hypot(c.x, c.y) / s.host.re for s in one for c in s.clumps]
    assert np.percentile(far, [16, 50, 84]) == pytest.approx(
        [0.72, 1.2, 1.88], rel=0.25
    )
    pixels = [np.hypot(c.x, c.y) / s.scale for s in one for c in s.clumps]
    # Between the framings of Clump Scout (52 px) and of labelled Stripe 82 (29 px).
    assert 29 < np.median(pixels) < 52


def test_clumps_are_as_blue_and_as_faint_as_real_ones(scenes):
    ratios = np.array([c.ratio for s in scenes for c in s.clumps])
    assert np.quantile(ratios, 0.05) < 0.002
    assert 0.005 < np.median(ratios) < 0.02
    flux = np.array([c.flux for s in scenes for c in s.clumps if not c.odd])
    ug, gr, ri = (-2.5 * np.log10(flux[:, i] / flux[:, i + 1]) for i in range(3))
    assert np.median(ug) == pytest.approx(0.42, abs=0.12)
    assert np.median(gr) == pytest.approx(0.06, abs=0.08)
    assert np.median(ri) == pytest.approx(0.04, abs=0.08)
    strong = [max(c.ratio for c in s.clumps) > 0.03 for s in scenes if s.clumps]
    assert 0.4 < np.mean(strong) < 0.75


def test_no_two_clumps_are_closer_than_one_fwhm(scenes):
    for scene in scenes:
        xy = np.array([(c.x, c.y) for c in scene.clumps]).reshape(-1, 2)
        apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
        assert (apart[np.triu_indices(len(xy), 1)] >= scene.fwhm).all()


def test_merging_keeps_the_light_and_its_centre():
    flux = np.array([1.0, 1, 1, 1, 1])
    pair = (
        SimulatedClump(0, 0, flux, 0.01, 0),
        SimulatedClump(0.9, 0, 2 * flux, 0.02, 0),
    )
    (merged,) = merge_close(pair, 1.0)
    assert merged.x == pytest.approx(0.6)
    assert merged.flux == pytest.approx(3 * flux)
    assert merged.ratio == pytest.approx(0.03)
    assert len(merge_close(pair, 0.5)) == 2


def test_visible_clumps_are_as_many_as_volunteers_find(drawn):
    counts = np.array([int(m.visible.sum()) for m in drawn])
    assert 1.5 < counts[counts > 0].mean() < 3.1
    assert (counts == 0).mean() < 0.25
    assert not any((m.visible & m.doubtful).any() for m in drawn)


def test_visible_clumps_are_bright_blue_spots(drawn):
    """In the fluxes, a labelled place is brighter than its surroundings."""
    above = []
    for made in drawn:
        plane = made.planes[0]
        zoom = plane.shape[0] / made.scene.size
        for (x, y), seen in zip(
            geometry.centres(made.boxes), made.visible, strict=True
        ):
            if seen:
                above.append(_excess(plane, x, y, zoom, made.scene.fwhm_px))
    assert np.mean(np.array(above) > 0) > 0.9


def _excess(plane, x, y, zoom, fwhm):
    """Return the mean within half a FWHM less the median of a ring at 1.5 FWHM."""
    rows, columns = np.indices(plane.shape)
    x, y, fwhm = (x + 0.5) * zoom - 0.5, (y + 0.5) * zoom - 0.5, fwhm * zoom
    radius = np.hypot(columns - x, rows - y)
    inner = plane[radius < max(0.5 * fwhm, 1)]
    ring = plane[np.abs(radius - 1.5 * fwhm) < max(0.4 * fwhm, 1)]
    return inner.mean() - np.median(ring)


def test_a_spot_on_a_galaxy_is_seen_and_neither_a_slope_nor_a_ridge_is():
    rows, columns = np.indices((80, 80), dtype=float)
    sigma = 6 / 2.3548
    host = 60 * np.exp(-((columns - 40) ** 2 + (rows - 40) ** 2) / 2 / 12**2)
    spot = np.exp(-((columns - 30) ** 2 + (rows - 40) ** 2) / 2 / sigma**2)
    ridge = 100 * np.exp(-((rows + columns - 70) ** 2) / 4 / sigma**2)
    bright = host + 160 * (host > 10)  # a flat, bright middle
    cases = {
        "on a host": (host + 60 * spot, True),
        "on a slope": (2 * columns, False),
        "on a ridge": (ridge, False),
        "on a ridge, and a spot": (ridge + 60 * spot, True),
        "on nothing": (100 * spot, False),
        "where there is nothing": (0 * spot, False),
        "too faint": (host + 10 * spot, False),
        "faint for so bright a host": (bright + 18 * spot, False),
    }
    for name, (light, seen) in cases.items():
        picture = np.repeat(light[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)
        (found,) = seen_levels(picture, np.array([[30.0, 40]]), 6.0)
        assert (found >= VISIBLE_LEVELS) is np.bool_(seen), (name, found)
    assert seen_levels(picture, np.zeros((0, 2)), 6.0).shape == (0,)


def test_what_is_labelled_as_visible_is_seen_in_the_picture(drawn):
    """Above all where a strip has no data: what lies under it is not seen."""
    for made in drawn:
        found = seen_levels(made.rgb, geometry.centres(made.boxes), made.scene.fwhm_px)
        assert (found[made.visible] >= VISIBLE_LEVELS).all()


def test_a_lost_strip_leaves_the_rest_where_it_is():
    picture = np.random.default_rng(0).integers(1, 255, (60, 60, 3), dtype=np.uint8)
    for seed in range(40):
        lost = lose_strip(picture, np.random.default_rng(seed))
        changed = (lost != picture).any(axis=2)
        assert 0 < changed.sum() < 0.31 * changed.size
        # One rim: whole rows or whole columns.
        assert changed.all(axis=0).any() or changed.all(axis=1).any()


def test_a_stronger_clump_counts_more(folder):
    labels = read_label_set(folder / "labels.json")
    boxes = [b for c in labels.cutouts for b in c.boxes if b.cls == "clump"]
    boxes.sort(key=lambda box: box.extra["flux_ratio"])
    weights = [b.weight for b in boxes]
    assert weights == sorted(weights)
    assert 0.5 <= weights[0] < weights[-1] <= 1.6


def test_the_label_set_says_where_the_truth_is(folder):
    labels = read_label_set(folder / "labels.json")
    assert len(labels.cutouts) == 10
    assert missing_files(labels) == []
    assert labels.classes == ("clump", "odd clump")
    for cutout in labels.cutouts:
        assert cutout.done
        assert cutout.fwhm is not None
        for box in cutout.boxes:
            assert box.origin == "simulation"
            assert set(box.extra) == {
                "flux_ratio", "snr", "flux_nanomaggies", "kind",
            }  # fmt: skip
            assert set(box.extra["flux_nanomaggies"]) <= set("griz")
            side = box.x2 - box.x1
            assert side == pytest.approx(2.5 * cutout.fwhm, rel=1e-3)
            assert side == pytest.approx(box.y2 - box.y1, rel=1e-3)


def test_a_cube_is_read_with_bands_wcs_and_psf(folder):
    labels = read_label_set(folder / "labels.json")
    cubes = [c for c in labels.cutouts if c.source.path.suffix == ".fits"]
    assert len(cubes) == 5
    for entry in cubes:
        cutout = read_cutout(entry.source)
        assert (cutout.width, cutout.height) == (entry.width, entry.height)
        assert "".join(cutout.bands) in ("gri", "grz")
        assert cutout.wcs is not None
        assert cutout.fwhm == pytest.approx(entry.fwhm, rel=1e-3)
        assert 0.1 < cutout.scale < 0.5


def test_a_cube_has_the_bands_that_were_asked_for(tmp_path):
    simulate(tmp_path / "five", 4, seed=4, kind="fits", bands="ugriz", clumpy=1.0)
    labels = read_label_set(tmp_path / "five" / "labels.json")
    for entry in labels.cutouts:
        cutout = read_cutout(entry.source)
        assert "".join(cutout.bands) == "ugriz"
        assert cutout.scale == pytest.approx(0.396, rel=0.02)  # only SDSS has u here
        # Sky noise by the depth of each band: u and z are the noisiest.
        step = np.diff(np.asarray(cutout.pixels, dtype=float), axis=-1)
        noise = dict(zip("ugriz", np.median(np.abs(step), axis=(-1, -2)), strict=True))
        assert noise["z"] > noise["u"] > noise["r"] > noise["g"]
        for box in entry.boxes:
            assert set(box.extra["flux_nanomaggies"]) == set("ugriz")


def test_bands_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="a picture has three colours"):
        simulate(tmp_path / "a", 2, bands="ugriz")
    for bands in ("uugr", "zri"):
        with pytest.raises(ConfigError, match="each once, from blue to red"):
            simulate(tmp_path / "a", 2, kind="fits", bands=bands)
    with pytest.raises(ConfigError, match=r"bands ugriy.*sdss ugriz"):
        simulate(tmp_path / "a", 2, kind="fits", bands="ugriy")
    assert not (tmp_path / "a").exists()


def test_what_looks_like_a_clump_and_is_none_is_rejected_with_its_kind(drawn):
    kinds = set()
    for made in drawn:
        middles = geometry.centres(made.boxes)
        for other in made.others:
            kinds.add(other.kind)
            place = geometry.centres(other.corners[None])[0]
            assert seen_levels(made.rgb, place, made.scene.fwhm_px)[0] > 0
            apart = np.hypot(*(middles - place).T)
            assert (apart >= 0.99 * made.scene.fwhm_px).all()
    assert kinds == {"star", "background galaxy", "nucleus"}
    made = next(m for m in drawn if m.others)
    entry = labelled(made, Source("sky", ()), made.rgb.shape[0])
    said = [b.extra["object"] for b in entry.rejected]
    assert said == [other.kind for other in made.others]
    assert {b.status for b in entry.rejected} == {"rejected"}


def test_a_picture_and_its_cube_are_labelled_at_the_same_places(folder):
    labels = read_label_set(folder / "labels.json")
    met = 0
    for picture, cube in zip(labels.cutouts[::2], labels.cutouts[1::2], strict=True):
        zoom = cube.width / picture.width
        there = {b.extra["snr"]: (b.x1 + 0.5) * zoom - 0.5 for b in picture.boxes}
        for box in cube.boxes:
            if box.extra["snr"] in there:  # what is seen depends on the stretch
                assert box.x1 == pytest.approx(there[box.extra["snr"]], abs=1e-3)
                met += 1
    assert met > 0


def test_progress_is_reported_to_the_end(tmp_path):
    told = []
    simulate(tmp_path / "x", 3, size=100, progress=lambda *v: told.append(v[:2]))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(FileError, match="not an empty folder"):
        simulate(tmp_path, 1, size=100)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FileError, match="not a folder"):
        simulate(tmp_path / "file" / "out", 1, size=100)


def test_nothing_half_written_is_left(tmp_path):
    def fail(done, total, text):
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        simulate(tmp_path / "out", 3, size=100, progress=fail)
    assert list(tmp_path.iterdir()) == []


def test_the_info_says_how_to_make_it_again(folder):
    info = json.loads((folder / "labels.json").read_text())["info"]
    assert info["simulation"] == {"n": 5, "seed": 4, "kind": "both", "size": 200}


def test_the_sample_galaxies_are_whole():
    folder = ROOT / "sample_data"
    labels = read_label_set(folder / "labels.json")
    assert missing_files(labels) == []
    suffixes = [c.source.path.suffix for c in labels.cutouts]
    assert (suffixes.count(".png"), suffixes.count(".fits")) == (12, 3)
    for entry in labels.cutouts:
        cutout = read_cutout(entry.source)
        assert (cutout.width, cutout.height) == (entry.width, entry.height)
    assert sum(not c.boxes for c in labels.cutouts) == 3
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 3e6
