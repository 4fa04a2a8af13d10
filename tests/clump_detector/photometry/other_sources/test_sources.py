"""Stars and galaxies beside a galaxy: their places, what they are called, and light."""

import numpy as np
import pytest

from clump_detector.core.boxes import as_boxes
from clump_detector.core.errors import ImageError
from clump_detector.images.cutout import from_array
from clump_detector.photometry import prepare
from clump_detector.photometry.other_sources.kinds import (
    GALAXY,
    STAR,
    UNCLEAR,
    fit_stars,
    kinds_of,
)
from clump_detector.photometry.other_sources.sources import other_sources
from clump_detector.photometry.other_sources.values import VALUES, find_sources
from tests.helpers.paths import SHARED

SIDE, FWHM = 200, 4.0
SIGMA = FWHM / 2.3548

STARS = ((30.0, 40.0), (165.0, 150.0))
GALAXY_AT, FAINT = (40.0, 150.0), (170.0, 30.0)


def blob(x, y, peak, sigma, ratio=1.0):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = (columns - x) ** 2 + ((rows - y) / ratio) ** 2
    return peak * np.exp(-far / (2 * sigma**2))


def light(seed=0):
    """A galaxy in the middle, two stars, an edge-on galaxy and something faint."""
    made = np.random.default_rng(seed).normal(12, 2.5, (SIDE, SIDE))
    made += blob(100, 100, 150, 13)
    for x, y in STARS:
        made += blob(x, y, 140, SIGMA)
    made += blob(*GALAXY_AT, 110, 7, 0.4)
    return made + blob(*FAINT, 22, SIGMA)


def picture(values, more=0.0):
    rgb = np.clip(values[..., None] + np.broadcast_to(more, (*values.shape, 3)), 0, 255)
    return from_array(rgb.astype(np.uint8), rgb=True)


def searched(values, boxes=(), more=0.0):
    corners = as_boxes(boxes)
    field = prepare(picture(values, more), psf=FWHM, boxes=corners)
    return other_sources(field, corners)


def at(found, place):
    """Return the number of the source at a place."""
    far = np.hypot(found.x - place[0], found.y - place[1])
    k = int(far.argmin())
    assert far[k] < FWHM / 2
    return k


def test_stars_and_a_galaxy_are_told_apart_and_what_is_faint_is_not_named():
    found = searched(light())
    for place in STARS:
        k = at(found, place)
        assert found.kinds[k] == STAR
        assert found.labels[round(place[1]), round(place[0])] == k + 1
        assert found.area[k] == (found.labels == k + 1).sum()
    assert found.kinds[at(found, GALAXY_AT)] == GALAXY
    faint = at(found, FAINT)
    assert found.kinds[faint] == UNCLEAR
    assert np.isnan(found.chance_star[faint])
    assert found.labels[100, 100] == 0  # the galaxy itself is none of the others


def test_touching_sources_are_two():
    values = light() + blob(STARS[0][0] + 8, STARS[0][1] + 2, 120, SIGMA)
    found = searched(values)
    assert at(found, STARS[0]) != at(found, (STARS[0][0] + 8, STARS[0][1] + 2))


def test_what_reaches_the_edge_is_not_named():
    found = searched(light() + blob(0.0, 90.0, 140, SIGMA))
    k = int(np.hypot(found.x, found.y - 90).argmin())
    assert np.isnan(found.chance_star[k])
    assert found.kinds[k] == UNCLEAR


def test_what_touches_a_saturated_star_is_not_named():
    values = light() + blob(*STARS[0], 1500, 2 * SIGMA)
    spike = (STARS[0][0], STARS[0][1] + 15)
    found = searched(values + blob(*spike, 60, 4, 0.5))
    assert np.isnan(found.chance_star[at(found, spike)])
    assert found.kinds[at(found, STARS[0])] == STAR


def test_a_clump_is_none_of_them():
    x, y = STARS[0]
    n = len(searched(light()))
    found = searched(light(), [[x - 5, y - 5, x + 5, y + 5]])
    assert len(found) == n - 1
    assert found.labels[round(y), round(x)] == 0
    assert sorted(set(found.labels.ravel()) - {0}) == list(range(1, n))
    far = found.nearest(STAR, np.array([x]), np.array([y]))[0]
    other = STARS[1]
    assert far == pytest.approx(np.hypot(other[0] - x, other[1] - y) / found.fwhm, 0.02)


def test_a_kind_that_is_not_there_is_at_no_distance():
    noise = np.random.default_rng(1).normal(12, 2.5, (SIDE, SIDE))
    found = searched(noise)
    assert len(found) == 0
    assert found.flux.shape == (0, 0)
    assert np.isnan(found.nearest(GALAXY, np.array([3.0]), np.array([4.0]))).all()


def test_fluxes_are_of_the_segment_above_the_sky():
    flux = 10.0 * light()
    cutout = from_array(np.stack([flux, 2 * flux]).astype(np.float32))
    field = prepare(cutout, psf=FWHM)
    found = other_sources(field, as_boxes([]))
    for place in STARS:
        k = at(found, place)
        true = 10 * 140 * 2 * np.pi * SIGMA**2
        assert found.flux[k, 0] == pytest.approx(true, rel=0.06)
        assert found.flux[k, 1] == pytest.approx(2 * found.flux[k, 0], rel=1e-3)
        assert 0 < found.error[k, 0] < 0.05 * true


@pytest.mark.parametrize("colour", [(1, 1, 1), (1, 0.7, 0.4)])
def test_a_star_on_the_galaxy_is_found_by_its_look(colour):
    star = blob(126, 84, 700, SIGMA)[..., None] * np.array(colour)
    found = searched(light(), more=star)
    k = at(found, (126, 84))
    assert found.on_host[k]
    assert found.kinds[k] == STAR
    assert not found.on_host[at(found, STARS[1])]
    plain = searched(light())
    assert not plain.on_host.any()  # a smooth galaxy has none


def test_what_runs_into_the_galaxy_is_not_the_galaxy():
    """An edge-on galaxy and a star whose light is not apart from the disc's."""
    edge_on, star = (140.0, 130.0), (62.0, 78.0)
    red = blob(*star, 300, SIGMA)[..., None] * np.array((1, 0.6, 0.3))
    found = searched(light() + blob(*edge_on, 90, 9, 0.35), more=red)
    one, other = at(found, edge_on), at(found, star)
    assert found.on_host[one]
    assert found.on_host[other]
    assert found.kinds[one] == GALAXY
    assert found.kinds[other] == STAR
    assert len(found) == len(searched(light())) + 2  # none is found twice


def test_knots_on_a_disc_are_the_galaxy_s():
    knots = sum(blob(100 + 16 * np.cos(a), 100 + 16 * np.sin(a), 30, 1.6 * SIGMA)
                for a in (0.3, 2.0, 4.1))  # fmt: skip
    assert not searched(light() + knots).on_host.any()


def test_a_field_of_galaxies_is_refused():
    wide = np.random.default_rng(0).normal(12, 2.5, (40, 1300))
    with pytest.raises(ImageError, match="1,200 pixels on a side"):
        searched(wide)


def test_a_tiny_picture_is_no_problem():
    searched(np.random.default_rng(0).normal(12, 3, (7, 9)))


def test_names_follow_from_the_chances():
    assert kinds_of(np.array([0.9, 0.7, 0.5, 0.29, np.nan])) == [
        STAR, STAR, UNCLEAR, GALAXY, UNCLEAR,
    ]  # fmt: skip


def test_a_regression_learns_what_it_is_shown():
    chance = np.random.default_rng(0)
    stars = np.arange(200) < 150
    values = chance.normal(size=(200, len(VALUES)))
    values[stars, 0] -= 3
    fitted = fit_stars(values, stars)
    right = (fitted.chances(values) > 0.5) == stars
    assert right.mean() > 0.9


@pytest.mark.skipif(not SHARED.is_dir(), reason="without the real galaxies")
def test_those_named_by_eye_on_real_galaxies_are_found_again():
    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.psf_width import width_from_noise
    from clump_detector.images.rgb import to_rgb
    from clump_detector.labels.label_set import read_label_set
    from clump_detector.photometry.other_sources.kinds import star_chances
    from tests.benchmarks.objects import seen_by_eye
    from tests.benchmarks.other_sources import LIST

    seen, right, wrong = seen_by_eye(LIST), 0, 0
    labels = read_label_set(SHARED / "real" / "reviewed" / "sdss.json")
    for one in labels.cutouts[:60]:
        listed = seen.get(("sdss", one.source.name), [])
        if not listed:
            continue
        cutout = read_cutout(one.source)
        rgb = to_rgb(cutout)
        found = find_sources(rgb, cutout.fwhm or width_from_noise(rgb))
        called = kinds_of(star_chances(found))
        for x, y, what in listed:
            k = int(np.hypot(found.x - x, found.y - y).argmin())
            right += called[k] == what
            wrong += called[k] not in (what, UNCLEAR)
    assert right >= 10
    assert wrong <= right / 10


def test_a_psf_that_is_given_for_a_picture_is_used():
    assert prepare(picture(light()), psf=3.0).fwhm == 3.0
    assert prepare(picture(light()), psf={"r": 6.0}).fwhm == 6.0
