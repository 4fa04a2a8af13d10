"""Segments of made-up clumps: whose pixels they are, and what light is in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.evaluation.photometry.cases import make_case
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import measure_boxes, moffat, prepare, segment
from tests.benchmarks.mask_head import true_pixels

SIDE, FWHM = 161, 5.0


def made(clumps, noise=0.05, disc=3.0):
    """Return field, what was measured, and the segments of clumps x, y, flux."""
    rows, columns = np.indices((SIDE, SIDE))
    plane = disc * np.exp(-np.hypot(columns - 80, rows - 80) / 20)
    for x, y, flux in clumps:
        plane = plane + flux * moffat(FWHM).pixel_light(np.hypot(columns - x, rows - y))
    plane = plane + np.random.default_rng(0).normal(0, noise, plane.shape)
    planes = np.stack([plane, plane]).astype(np.float32)
    cutout = Cutout("made", planes, bands=("g", "r"), fwhm=FWHM)
    half = 1.25 * FWHM
    boxes = np.array([(x - half, y - half, x + half, y + half) for x, y, _ in clumps])
    field = prepare(cutout, psf=moffat(FWHM))
    measured = measure_boxes(field, boxes.reshape(-1, 4))
    return field, measured, segment(field, measured)


def test_a_clump_has_its_pixels_and_most_of_its_light():
    _, measured, found = made([(110.0, 62.0, 300.0), (50.0, 100.0, 150.0)])
    assert (found.area > 0).all()
    assert set(np.unique(found.labels)) == {0, 1, 2}
    for k, (x, y) in enumerate(((110, 62), (50, 100))):
        rows, columns = np.nonzero(found.labels == k + 1)
        assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=0.5)
        assert np.hypot(columns - x, rows - y).max() <= 2 * FWHM
        assert found.radius[k] == pytest.approx(np.sqrt(len(rows) / np.pi))
        inside = float(moffat(FWHM).inside(found.radius[k]))
        share = found.flux[k] / measured.flux[k]
        assert share == pytest.approx([inside, inside], abs=0.08)


@settings(max_examples=20, deadline=None)
@given(turn=st.floats(0, 2 * np.pi), ratio=st.floats(0.5, 1))
def test_touching_clumps_are_parted_between_them(turn, ratio):
    """At 1.5 FWHM: no pixel of one is much nearer to the other."""
    x = 105 + 1.5 * FWHM * np.cos(turn)
    y = 65 + 1.5 * FWHM * np.sin(turn)
    _, measured, found = made([(105.0, 65.0, 400.0), (x, y, 400.0 * ratio)], disc=2.0)
    assert (found.area > 0).all()
    places = np.column_stack([measured.x, measured.y])
    for k in range(2):
        rows, columns = np.nonzero(found.labels == k + 1)
        own = np.hypot(columns - places[k, 0], rows - places[k, 1])
        other = np.hypot(columns - places[1 - k, 0], rows - places[1 - k, 1])
        assert (own - other).max() < 0.7 * FWHM
    assert measured.flux[:, 0] == pytest.approx([400, 400 * ratio], rel=0.08)


def test_an_outline_encloses_its_pixels():
    from pycocotools import mask as coco_mask

    _, _, found = made([(110.0, 62.0, 300.0), (118.0, 62.0, 200.0)])
    for k in range(2):
        corners = [v + 0.5 for xy in found.outline(k) for v in xy]
        runs = coco_mask.frPyObjects([corners], SIDE, SIDE)
        drawn = coco_mask.decode(coco_mask.merge(runs)).astype(bool)
        true = found.labels == k + 1
        assert (drawn & true).sum() / (drawn | true).sum() > 0.9


def test_what_does_not_stand_out_has_none():
    _, _, found = made([(110.0, 62.0, 0.0), (50.0, 100.0, 300.0)])
    assert found.area[0] < 0.3 * found.area[1]
    _, _, nothing = made([(20.0, 20.0, 0.0)], noise=1.0)
    if not nothing.area[0]:
        assert nothing.outline(0) == []
        assert np.isnan(nothing.radius[0])
        assert np.isnan(nothing.flux[0]).all()


def test_without_boxes_there_are_none():
    _, _, found = made([])
    assert found.labels.shape == (SIDE, SIDE)
    assert not found.labels.any()
    assert found.flux.shape == (0, 2)


def test_a_picture_has_segments_but_no_fluxes():
    rows, columns = np.indices((SIDE, SIDE))
    plane = 60 * np.exp(-np.hypot(columns - 80, rows - 80) / 25)
    plane = plane + 90 * np.exp(-(np.hypot(columns - 110, rows - 62) ** 2) / 12)
    plane = plane + np.random.default_rng(0).normal(10, 2, plane.shape)
    picture = np.stack([plane.clip(0, 255).astype(np.uint8)] * 3, axis=2)
    field = prepare(Cutout("picture", picture, fwhm=FWHM))
    box = np.array([(104.0, 56.0, 116.0, 68.0)])
    found = segment(field, measure_boxes(field, box))
    assert found.area[0] > 10
    assert found.labels[62, 110] == 1
    assert found.flux.shape == (1, 0)


@pytest.mark.parametrize(
    "corners", [(-30, -30, -20, -20), (155, 155, 170, 170), (80, 80, 82, 82)]
)
def test_boxes_over_the_edge_or_of_two_pixels_break_nothing(corners):
    field, _, _ = made([(110.0, 62.0, 300.0)])
    found = segment(field, measure_boxes(field, np.array([corners], float)))
    assert found.area.shape == (1,)


def test_missing_pixels_are_no_light():
    field, measured, whole = made([(110.0, 62.0, 300.0)])
    pixels = field.cutout.pixels.copy()
    pixels[:, 62, 110] = np.nan
    gap = prepare(Cutout("gap", pixels, bands=("g", "r"), fwhm=FWHM), psf=moffat(FWHM))
    found = segment(gap, measure_boxes(gap, measured.boxes))
    assert found.area[0] > 0.5 * whole.area[0]
    if found.labels[62, 110]:
        assert np.isnan(found.flux[0]).all()


def test_pixels_agree_with_the_true_ones_on_simulated_galaxies():
    """By overlap (IoU), alone and beside a neighbour: 0.6 without what is expected."""
    overlaps = []
    for kind in ("isolated", "pairs"):
        for index in range(12):
            case = make_case(kind, 4, index)
            rows = np.flatnonzero(case.measured & case.wanted)
            if not len(rows):
                continue
            middles, half = case.positions[rows], 1.25 * case.fwhm
            boxes = np.concatenate([middles - half, middles + half], axis=1)
            cutout = Cutout(
                "simulated", case.planes, bands=tuple(case.scene.bands),
                scale=case.scale, fwhm=case.fwhm,
            )  # fmt: skip
            field = prepare(cutout, psf=moffat(case.fwhm, case.scene.beta), boxes=boxes)
            labels = segment(field, measure_boxes(field, boxes)).labels
            for k, truth in enumerate(true_pixels(case, rows)):
                own = labels == k + 1
                overlaps.append((own & truth).sum() / (own | truth).sum())
    assert len(overlaps) > 20
    assert np.mean(overlaps) > 0.7


def test_a_segment_follows_the_light_where_it_is_far_above_the_noise():
    """A clump twice as long as the PSF has a long segment, not a round one."""
    row = [(110.0 + 1.2 * k, 62.0, 4000.0) for k in range(-4, 5)]
    rows, columns = np.indices((SIDE, SIDE))
    plane = np.random.default_rng(0).normal(0, 0.05, (SIDE, SIDE))
    for x, y, flux in row:
        far = np.hypot(columns - x, rows - y)
        plane = plane + flux / len(row) * moffat(FWHM).pixel_light(far)
    cutout = Cutout(
        "long", plane[None].repeat(2, 0).astype(np.float32), bands=("g", "r"), fwhm=FWHM
    )
    field = prepare(cutout, psf=moffat(FWHM))
    box = np.array([[101.0, 55.0, 119.0, 69.0]])
    labels = segment(field, measure_boxes(field, box)).labels
    down, across = np.nonzero(labels == 1)
    assert np.ptp(across) > 1.25 * np.ptp(down)
