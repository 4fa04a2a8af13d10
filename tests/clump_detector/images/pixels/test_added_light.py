"""Simulated clumps that are added to an image when it is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clump_detector.core.errors import ImageError
from clump_detector.core.progress import CancelToken
from clump_detector.detector.predict import Detections
from clump_detector.image_files.added_light import AddedLight, many_from_json
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.images.identity import keys_at_hand
from clump_detector.images.pixels.added_light import with_light
from clump_detector.photometry.aperture.psf import moffat
from clump_detector.simulate.clump_light import APART, draw_clumps
from clump_detector.worker.cutouts import proposals

SIDE = 121
ONE = AddedLight(60.3, 49.8, 0.05, (900.0, 500.0, 300.0), (3.0, 3.2, 3.4))


@pytest.fixture
def galaxy(tmp_path):
    """A disc in three bands, with a pixel of no value."""
    rows, columns = np.indices((SIDE, SIDE))
    disc = 20 * np.exp(-np.hypot(columns - 60, rows - 60) / 11)
    noise = np.random.default_rng(1).normal(0, 1.0, (3, SIDE, SIDE))
    planes = (disc * np.array([1, 1.5, 1.8])[:, None, None] + noise).astype("f4")
    planes[:, 5, 5] = np.nan
    header = fits.Header({"BANDS": "gri", "BUNIT": "nanomaggy", "PSFFWHM": 3.5})
    fits.writeto(tmp_path / "g.fits", planes, header)
    return Source("g", (tmp_path / "g.fits",))


def test_the_light_is_all_there_in_each_band(galaxy):
    before = read_cutout(galaxy)
    after = read_cutout(replace(galaxy, added=(ONE,)))
    assert np.isnan(after.pixels[:, 5, 5]).all()
    added = np.nan_to_num(after.pixels.astype(float) - before.pixels)
    rows, columns = np.indices((SIDE, SIDE))
    for plane, light, fwhm in zip(added, ONE.light, ONE.fwhm, strict=True):
        within = np.hypot(columns - ONE.x, rows - ONE.y) < 30
        whole = light * moffat(fwhm).share(30 / fwhm)
        assert plane[within].sum() == pytest.approx(whole, rel=0.01)
        y, x = np.unravel_index(int(plane.argmax()), plane.shape)
        assert (x, y) == (60, 50)
    same = ("bands", "jansky", "psf", "notes", "read_as", "scale")
    assert all(getattr(after, name) == getattr(before, name) for name in same)


def test_the_file_stays_as_it_is_and_so_does_the_galaxy_s_identity(galaxy):
    before = galaxy.path.read_bytes()
    changed = replace(galaxy, added=(ONE,))
    read_cutout(changed)
    assert galaxy.path.read_bytes() == before
    assert keys_at_hand(changed) == keys_at_hand(galaxy)


def test_a_picture_gets_brighter_there_and_nowhere_else(tmp_path):
    rng = np.random.default_rng(2)
    Image.fromarray(rng.integers(10, 90, (80, 90, 3), np.uint8)).save(
        tmp_path / "p.png"
    )
    source = Source("p", (tmp_path / "p.png",))
    one = AddedLight(40.0, 30.0, 0.1, (2.0, 2.5, 3.0), (4.0,) * 3)
    before = read_cutout(source).pixels.astype(int)
    after = read_cutout(replace(source, added=(one,))).pixels.astype(int)
    assert (after[30, 40] - before[30, 40] > 30).all()
    assert np.abs(after - before)[60:, 70:].max() <= 1
    assert (read_cutout(replace(source, added=())).pixels == before).all()


def test_another_number_of_planes_is_refused(galaxy):
    flat = replace(ONE, light=(1.0,), fwhm=(3.0,))
    with pytest.raises(ImageError, match=r"g\.fits.*3 planes.*made for 1"):
        read_cutout(replace(galaxy, added=(flat,)))


@given(
    st.lists(
        st.builds(
            AddedLight,
            *(st.floats(-5, 500),) * 2,
            st.floats(1e-4, 1),
            *(st.tuples(*(st.floats(0.1, 1e6),) * 3),) * 2,
        )
    )
)
def test_nothing_is_lost_in_json(lights):
    assert many_from_json([one.to_json() for one in lights]) == tuple(lights)


def test_adding_one_by_one_is_adding_all():
    pixels = np.zeros((2, 40, 50), np.float32)
    lights = [
        AddedLight(10.0, 20.0, 0.1, (5.0, 7.0), (3.0, 3.0)),
        AddedLight(30.5, 9.0, 0.1, (1.0, 2.0), (2.0, 4.0)),
    ]
    once = with_light(pixels, lights)
    again = with_light(with_light(pixels, lights[:1]), lights[1:])
    assert once == pytest.approx(again, abs=1e-5)
    assert not pixels.any()


def test_the_model_sees_the_clumps_of_the_request(galaxy):
    class Seen:
        model_id = "m"

        def predict(self, cutout, cancel):
            self.cutout = cutout
            return Detections(np.zeros((0, 4)), np.zeros(0), [])

    entry = {
        "name": "g", "files": [str(galaxy.path)], "added": [ONE.to_json()],
    }  # fmt: skip
    model = Seen()
    proposals(model, entry, CancelToken())
    wanted = read_cutout(replace(galaxy, added=(ONE,))).pixels
    assert np.array_equal(model.cutout.pixels, wanted, equal_nan=True)


def test_drawn_clumps_are_on_the_galaxy_and_apart(galaxy):
    cutout = read_cutout(galaxy)
    taken = np.array([[66.0, 66.0, 74.0, 74.0]])
    found = draw_clumps(cutout, taken, 4, np.random.default_rng(5))
    assert len(found) > 1
    fwhm = found[0].width
    places = np.array([(one.x, one.y) for one in found])
    assert (np.hypot(*(places - 60).T) < 45).all()
    assert (np.hypot(*(places - 70).T) > 2 * fwhm - 1).all()
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert gaps[np.triu_indices(len(found), 1)].min() > APART * fwhm - 1
    assert all(len(one.light) == len(one.fwhm) == 3 for one in found)


def test_a_clump_is_found_by_a_box_on_it():
    boxes = np.array([ONE.corners, (0, 0, 9, 9), (61, 50, 66, 55)])
    assert ONE.found_by(boxes).tolist() == [True, False, False]
    assert ONE.found_by(np.zeros((0, 4))).tolist() == []
