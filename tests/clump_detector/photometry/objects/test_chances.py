"""Clumps, stars, light of galaxies and artefacts, by their looks."""

import json

import numpy as np
import pytest

from clump_detector.images.cutout import from_array
from clump_detector.photometry.objects.chances import (
    OBJECTS,
    ObjectFit,
    fit_objects,
    likeliest,
    looks_in_words,
    object_chances,
    object_values,
)
from clump_detector.photometry.objects.values import COLOURS, VALUES
from tests.helpers.paths import SHARED

from .test_values import box, picture


def cutout(rgb):
    return from_array(rgb, rgb=True)


def test_chances_add_up_and_are_missing_off_the_picture():
    made = object_chances(cutout(picture()), np.array([box(), box((-50, -50))]))
    assert made[0].sum() == pytest.approx(1)
    assert np.isnan(made[1]).all()
    assert likeliest(made)[1] is None
    assert looks_in_words(made[1]) == ""
    assert object_chances(cutout(picture()), np.zeros((0, 4))).shape == (0, 4)


def test_one_of_several_boxes_is_as_among_all():
    boxes = np.array([box(), box((60, 60), 14), box((40, 40), 8)])
    every = object_chances(cutout(picture()), boxes)
    for k in range(3):
        one = object_chances(cutout(picture()), boxes, only=k)
        np.testing.assert_allclose(one, every[[k]])


def test_noise_is_no_clump_and_the_white_disc_of_a_star_is_one():
    noise = object_chances(cutout(picture()), np.array([box((12, 105))]))[0]
    assert noise[OBJECTS.index("artefact")] > 0.5
    assert noise[OBJECTS.index("clump")] < 0.2
    rgb = picture(width=1.3, colour=(900, 900, 900), place=(100, 30))
    star = object_chances(cutout(rgb), np.array([box((100, 30), 12)]))[0]
    assert star[OBJECTS.index("star")] > 0.5


def test_the_words_name_the_likeliest_first():
    said = looks_in_words(np.array([0.1, 0.7, 0.15, 0.05]))
    assert said == "Looks like a star: 0.70 (galaxy 0.15, clump 0.10, artefact 0.05)."


def test_a_grey_picture_has_no_colours():
    grey = np.repeat(picture()[..., 1:2], 3, axis=2)
    made = object_values(cutout(grey), np.array([box()]))[0]
    missing = {
        name for name, value in zip(VALUES, made, strict=True) if np.isnan(value)
    }
    assert missing == set(COLOURS)
    assert object_chances(cutout(grey), np.array([box()])).sum() == pytest.approx(1)


def test_a_field_of_many_galaxies_has_none():
    wide = np.tile(picture(), (1, 11, 1))
    assert np.isnan(object_chances(cutout(wide), np.array([box((20, 20))]))).all()


def test_a_fit_finds_what_differs_and_survives_json():
    rng = np.random.default_rng(1)
    true = rng.integers(0, 4, 800)
    values = rng.normal(size=(800, 5))
    values[:, 0] += 3 * (true == 1)
    values[:, 1] += 3 * (true == 2)
    values[:, 2] = values[:, 2] * (1 + 3 * (true == 3))  # told by its square only
    fitted = fit_objects(values[:600], true[:600])
    back = ObjectFit.from_json(json.loads(json.dumps(fitted.as_json())))
    chances = back.chances(values[600:])
    np.testing.assert_allclose(chances, fitted.chances(values[600:]), atol=1e-4)
    assert (chances.argmax(axis=1) == true[600:]).mean() > 0.65
    far = back.chances(1e6 * np.ones((1, 5)))
    assert np.isfinite(far).all()


@pytest.mark.skipif(not SHARED.is_dir(), reason="no real galaxies here")
def test_on_real_galaxies_that_were_not_learned_from():
    from tests.benchmarks.objects import measured, numbers, out_of_fold

    values, objects, galaxies = measured(SHARED / "real" / "reviewed")
    taken = out_of_fold(values, objects, galaxies).argmax(axis=1)
    right = taken == numbers(objects)
    assert right[objects == "clump"].mean() > 0.85
    assert right[objects == "star"].mean() > 0.73
