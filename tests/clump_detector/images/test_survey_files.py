"""Files of real surveys, where they lie beside the repository: read and detected on."""

from __future__ import annotations

import numpy as np
import pytest

from clump_detector.detector.predict import Predictor
from clump_detector.image_files.sources import FITS_SUFFIXES, Source, find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.images.inspect import recognised
from clump_detector.images.rgb import to_rgb
from napari_clumps.render.orientation import AS_IS, Orientation, compass_of, north_up
from tests.helpers.paths import SHARED

REAL = SHARED / "real" / "fits"
pytestmark = pytest.mark.skipif(
    not REAL.exists(), reason="no real FITS files beside the repository"
)

UP = Orientation(vertical="up")

#: bands, whether there is a unit, how the array is turned.
KNOWN = {
    "reprojected_sdss": ("gri", True, Orientation(True, "up", "left")),
    "example_a": ("grz", True, UP),
    "example_b": ("grz", True, UP),
    "synthetic_image_104798_band_5_camera_0_bg_1": ("i", True, AS_IS),
    "Cut_HSC": ("", False, UP),
    "Cut_HST": ("", False, UP),
    "hsc_cosmos": ("grizy", False, AS_IS),
    "CFHTLS-test": ("gri", True, UP),
    "KiDS-test": ("gri", True, UP),
    "kids_field_ugri": ("ugri", False, AS_IS),
}


def sources():
    found = find_sources([REAL]) if REAL.exists() else []
    return [s for s in found if s.path.name.endswith((*FITS_SUFFIXES, ".npz"))]


@pytest.mark.parametrize("source", sources(), ids=lambda s: s.name)
def test_what_is_recognised(source):
    cutout = read_cutout(source)
    bands, unit, turned = KNOWN.get(source.name, ("r", False, UP))
    assert cutout.bands == tuple(bands)
    assert bool(cutout.jansky) == unit
    assert north_up(compass_of(cutout.wcs, cutout.width, cutout.height)) == turned
    assert to_rgb(cutout).any()
    levels = [float(np.nanmedian(plane)) for plane in cutout.pixels]
    assert max(levels) < 200  # the soft bias of 1000 is gone


def test_the_wrong_filters_are_spoken_of():
    (source,) = [s for s in sources() if s.name == "reprojected_sdss"]
    (note,) = read_cutout(source).notes
    assert note == (
        "Bands g, r, i are from the file names, though the header (FILTER) gives g for "
        "all of them."
    )


def test_hubble_and_hsc_show_the_same_galaxy_the_same_way_up():
    """The same sky at the same place, told by two headers of different frames."""
    hsc, hst = (read_cutout(REAL / "hsc" / f"Cut_{n}.fits") for n in ("HSC", "HST"))
    from clump_detector.astrometry.wcs import sky_positions

    middles = [
        sky_positions(c.wcs, (c.width - 1) / 2, (c.height - 1) / 2)[0]
        for c in (hsc, hst)
    ]
    assert 3600 * np.abs(middles[0] - middles[1]).max() < 1.0


def test_every_file_is_detected_on(tiny_folder):
    predictor = Predictor(tiny_folder, "cpu")
    for source in sources():
        cutout = read_cutout(source)
        if max(cutout.width, cutout.height) > 500:
            continue  # its tiles take their time
        found = predictor.predict(cutout)
        assert np.isfinite(found.boxes).all()


def test_the_user_names_the_bands_of_a_cube_that_does_not():
    path = REAL / "hsc" / "Cut_HSC.fits"
    cutout = read_cutout(Source("a", (path,), tuple("grizy"), unit="zp=27"))
    assert cutout.bands == tuple("grizy")
    assert cutout.jansky == pytest.approx((3631 * 10**-10.8,) * 5)
    assert cutout.notes == ()


def test_the_table_has_a_row_for_each_and_nothing_is_left_unread():
    folders = [REAL / "sdss_r", REAL / "hsc", REAL / "kids_cfht_gri"]
    rows = recognised(folders)
    assert len(rows) == 12 + 3 + 2  # the pictures of two show what their FITS hold
    assert not [row for row in rows if row[3] == "not read"]
