"""Angles in tables are what their units and names say, or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits import Header
from hypothesis import given, settings
from PIL import Image

from clump_detector.astrometry.angular_units import angle_unit, per_pixel
from clump_detector.astrometry.pixel_scale import doubt, is_plausible
from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.errors import ClumpError, ConfigError
from clump_detector.galaxies.read import read_galaxies
from clump_detector.galaxies.surveys.plan import Choices
from clump_detector.galaxies.surveys.surveys import SURVEYS
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.labels.formats.detect import read_labels
from tests.fields.sky_tables import DrawnTable, check_positions, position_tables
from tests.fields.understood import understood


@pytest.mark.filterwarnings("ignore")  # of astropy, which writes odd units, too
@understood(
    "Tables of positions",
    "RA and Dec in degrees, hours, radians, arcmin or arcsec, stated by the table "
    "(CSV, ECSV, VOTable, FITS) or by the column's name (`ra [rad]`, `RA_hours`)",
    "converted",
    "astropy is asked for the unit; what states none is in degrees.",
)
@understood(
    "Tables of positions",
    "the names of the CDS: `RAh`, `RAm`, `RAs`, `DE-`, `DEd`, `DEm`, `DEs`; `RAdeg`; "
    "`RAh` alone in decimal hours",
    "converted",
    "The parts are put together; -0 degrees keep their sign.",
)
@understood(
    "Tables of positions",
    "sexagesimal with colons, blanks or letters",
    "converted",
    "Right ascension is in hours unless the unit says degrees.",
)
@understood(
    "Tables of positions",
    "galactic (`GLON`, `GLAT`) or ecliptic (`ELON`, `ELAT`) coordinates, B1950",
    "converted",
    "Turned into ICRS where there are no others, and said.",
)
@settings(max_examples=60, deadline=None)
@given(position_tables())
def test_positions_are_the_true_ones(drawn: DrawnTable) -> None:
    check_positions(drawn)


def _list(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_b1950_is_brought_to_icrs(tmp_path: Path) -> None:
    path = _list(tmp_path, "name,RAB1950,DEB1950\nm31,10.0,41.0\n")
    galaxies = read_galaxies(path)
    # SkyCoord(10, 41, unit="deg", frame=FK4(equinox="B1950")).icrs
    here = galaxies[0].ra, galaxies[0].dec
    assert here == pytest.approx((10.684318, 41.273825), abs=1e-6)
    assert "converted to ICRS" in " ".join(galaxies.report)


_SKY_IN_HOURS = "".join(f"{h},{6 * h - 70}\n" for h in range(24))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ra [hourangle],dec\n150.1,2.2\n", "values up to 150.1, which are not hours"),
        ("RAh,DEdeg\n150.1,2.2\n", "not hours"),
        ("ra [pix],dec\n150.1,2.2\n", "not a known unit of an angle"),
        ("ra,dec [hourangle]\n150.1,2.2\n", "declination in hours"),
        ("coord_ra,coord_dec\n2.6,0.04\n2.7,0.05\n", "radians or in degrees"),
        ("ra,dec\n" + _SKY_IN_HOURS, "between 0 and 24"),
    ],
)
@understood(
    "Tables of positions",
    "hours above 24, a unit that is no angle, a declination in hours; without a unit: "
    "`coord_ra` that may be in radians, ten and more right ascensions below 24 over "
    "much of the sky",
    "refused",
    "The message says what to write into the column's name.",
)
def test_angles_that_cannot_be_are_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = _list(tmp_path, text)
    for read in (read_galaxies, lambda p: read_labels(p, "table")):
        with pytest.raises(ClumpError) as caught:
            read(path)
        assert said in caught.value.message
        assert "[hourangle]" in caught.value.message


def test_a_unit_of_ones_own_settles_it(tmp_path: Path) -> None:
    path = _list(tmp_path, "ra,dec\n" + _SKY_IN_HOURS)
    in_hours = read_galaxies(path, {"ra": "ra[hourangle]"})
    in_degrees = read_galaxies(path, {"ra": "ra[deg]"})
    assert (in_hours[23].ra, in_degrees[23].ra) == pytest.approx((345, 23))


def test_zero_degrees_that_lost_their_sign_have_no_place(tmp_path: Path) -> None:
    path = _list(tmp_path, "RAh,RAm,DEd,DEm\n10,0,-5,30\n10,0,0,30\n")
    galaxies = read_galaxies(path)
    assert [g.dec for g in galaxies] == pytest.approx([-5.5])
    assert len(galaxies.problems) == 1


@pytest.mark.parametrize(
    ("text", "decs"),
    [
        ("RAh,RAm,DE-,DEd,DEm\n10,0,-,5,30\n10,0,-,0,30\n", [-5.5, -0.5]),
        ("RAh,RAm,DE-,DEd,DEm\n10,0,,5,30\n10,0,-,0,30\n", [5.5, -0.5]),
        ("RAh,RAm,DEd,DEm\n10,0,-0,30\n10,0,0,30\n", [-0.5, 0.5]),
        ("RAh,RAm,DEd,DEm\n10,0,-00,30\n10,0,+00,30\n", [-0.5, 0.5]),
    ],
)
def test_a_sign_is_no_gap(tmp_path: Path, text: str, decs: list[float]) -> None:
    found = [g.dec for g in read_galaxies(_list(tmp_path, text))]
    assert found == pytest.approx(decs)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("DEG", "deg"), ("Degrees", "deg"), ("deg.", "deg"), ('"', "arcsec"),
        ('"h:m:s"', "hourangle"), ('"d:m:s"', "deg"), ("hours", "hourangle"),
        ("Radians", "rad"), ("mas", "mas"), ("arcsecs", "arcsec"), ("m", None),
        ("d", None), ("pixel", None), ("", None), ("kpc", None), ("°", "deg"),
    ],
)  # fmt: skip
def test_units_of_angles(text: str, unit: str | None) -> None:
    found = angle_unit(text)
    assert (None if found is None else str(found)) == unit


@pytest.mark.parametrize(
    "text", ["arcsec/pixel", "arcsec per pixel", "arcsec pix-1", "arcsec / pix", '"/px']
)
def test_units_per_pixel(text: str) -> None:
    assert str(per_pixel(text)) == "arcsec"


# -- the scale of a pixel ------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "unit"),
    [(7.3e-5, "in degrees"), (0.0043, "in arcmin"), (1.2e-6, "in radians"),
     (262.0, "in milliarcsec")],
)  # fmt: skip
def test_a_doubted_scale_comes_with_a_guess(scale: float, unit: str) -> None:
    assert not is_plausible(scale)
    assert unit in doubt(scale)


def _cutout(folder: Path, table: str, name: str = "a.png") -> Cutout:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (101, 101, 3)).astype(np.uint8)
    if name.endswith(".npy"):
        np.save(folder / name, pixels[..., 0].astype(np.float32))
    else:
        Image.fromarray(pixels).save(folder / name)
    _list(folder, table, "galaxies.csv")
    return read_cutout(folder / name)


@pytest.mark.parametrize(
    ("column", "value", "scale"),
    [
        ("pixscale", 0.25, 0.25),
        ("pixscale_arcsec", 0.25, 0.25),
        ("pixscale_deg", 7.3e-5, 0.2628),
        ("pixscale [arcmin/pixel]", 0.0042, 0.252),
        ("pixscale [mas]", 250, 0.25),
        ("pixscale", 7.3e-5, None),
        ("pixscale_deg", 0.25, None),
        ("scale", 0.9e9, None),
    ],
)
@understood(
    "Tables of galaxies",
    "a pixel scale in a unit that its name says",
    "converted",
    "Into arcsec per pixel.",
)
@understood(
    "Tables of galaxies",
    "a pixel scale outside 0.005″ to 30″, such as one in degrees",
    "refused",
    "The picture gets no scale and no positions, and a note guesses the unit.",
)
def test_the_scale_of_a_table(
    tmp_path: Path, column: str, value: float, scale: float | None
) -> None:
    cutout = _cutout(tmp_path, f"file,ra,dec,{column}\na.png,150.1,2.2,{value}\n")
    said = [n for n in cutout.notes if "Sky coordinates" in n]
    if scale is None:
        assert cutout.scale is cutout.wcs is None
        assert "outside 0.005″ to 30″" in said[0]
        assert "galaxies.csv" in said[0]
    else:
        assert cutout.scale == pytest.approx(scale)
        assert sky_positions(cutout.wcs, 50, 50)[0] == pytest.approx((150.1, 2.2))
        assert not said


@understood(
    "Tables of galaxies",
    "a position that is no position",
    "ignored",
    "The picture has no sky coordinates, and a note says what stands there.",
)
def test_a_position_that_is_none_is_said(tmp_path: Path) -> None:
    cutout = _cutout(tmp_path, "file,ra,dec,pixscale\na.png,here,there,0.25\n")
    assert cutout.wcs is None
    assert any("here there is not a readable position" in note for note in cutout.notes)


@understood(
    "Tables of galaxies",
    "position and scale of an array that is no picture (`.npy`, TIFF of floats)",
    "ignored",
    "Which way up it is nobody says: no sky coordinates, and a note.",
)
def test_an_array_has_no_way_up(tmp_path: Path) -> None:
    cutout = _cutout(tmp_path, "file,ra,dec,pixscale\na.npy,150.1,2.2,0.25\n", "a.npy")
    assert cutout.wcs is None
    assert any("orientation" in note for note in cutout.notes)


@understood(
    "Tables of galaxies",
    "a position that lies outside the image by its own WCS",
    "read",
    "The WCS counts, and a note says how far apart the two are.",
)
@pytest.mark.parametrize(("ra", "apart"), [(150.1, ""), (10.0067, "140°")])
def test_a_galaxy_elsewhere_is_said(tmp_path: Path, ra: float, apart: str) -> None:
    header = Header(
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
         "CRPIX1": 32.5, "CRPIX2": 32.5, "CDELT1": -7e-5, "CDELT2": 7e-5}
    )  # fmt: skip
    pixels = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    fits.writeto(tmp_path / "a.fits", pixels, header)
    _list(tmp_path, f"file,ra,dec\na.fits,{ra},2.2\n", "galaxies.csv")
    notes = [n for n in read_cutout(tmp_path / "a.fits").notes if "outside of it" in n]
    assert bool(notes) == bool(apart)
    assert all(apart in note for note in notes)


@understood(
    "The command line",
    "`--scale` outside 0.005″ to 30″",
    "refused",
    "With a guess of the unit.",
)
@pytest.mark.parametrize("scale", [7.3e-5, 250.0])
def test_the_scale_of_the_command_line(scale: float) -> None:
    with pytest.raises(ConfigError, match="outside"):
        Choices(SURVEYS["sdss"], scale=scale).checked()
