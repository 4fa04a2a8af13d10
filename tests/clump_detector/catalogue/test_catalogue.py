"""The clump catalogue: columns, units, and that other programs read it back equal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clump_detector.catalogue import (
    COLUMNS,
    FORMATS,
    CatalogueBuilder,
    as_table,
    clump_rows,
    describing,
    read_catalogue,
    write_catalogue,
)
from clump_detector.catalogue.columns import band_order, suffixes
from clump_detector.core.errors import FileError
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.images.cutout import Cutout, from_array
from clump_detector.photometry import measure, measure_boxes, moffat, prepare, segment

FWHM, SIDE = 4.0, 121

#: 18 digits: a float would lose the last two.
SPECOBJID, DR7OBJID = 299489677444933632, 587722982816284859


def cutout(bands="gri", *, galaxy=None, jansky=(3.631e-6,) * 3, wcs=True, name="a"):
    """Return a disc with two clumps, North up."""
    from astropy.wcs import WCS

    rows, columns = np.indices((SIDE, SIDE))
    plane = 2 * np.exp(-np.hypot(columns - 60, rows - 60) / 10)
    for x, y, flux in ((70, 52, 100), (45, 64, 30)):
        plane = plane + flux * moffat(FWHM).at(np.hypot(columns - x, rows - y))
    planes = plane + np.random.default_rng(0).normal(0, 0.02, (len(bands), SIDE, SIDE))
    sky = WCS(naxis=2)
    sky.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    sky.wcs.crpix, sky.wcs.crval = [61, 61], [359.9999, -1.25]
    sky.wcs.cdelt = [-0.396 / 3600, 0.396 / 3600]
    return Cutout(
        name, planes.astype(np.float32), bands=tuple(bands), fwhm=FWHM, scale=0.396,
        wcs=sky if wcs else None, jansky=jansky, galaxy=galaxy,
    )  # fmt: skip


def boxes():
    half = 1.25 * FWHM
    return [(x - half, y - half, x + half, y + half) for x, y in ((70, 52), (45, 64))]


GALAXY = Galaxy(
    "a", ra=359.9999, dec=-1.25, redshift=0.043, radius=4.2, ebv=0.031,
    magnitudes={"r": 15.25}, ids={"specobjid": SPECOBJID, "dr7objid": DR7OBJID},
    other={"lmass": 9.75, "expAB_r": "0.61", "weather": "fair"},
)  # fmt: skip


def catalogue(*cutouts):
    rows, number = CatalogueBuilder(), 0
    for one in cutouts or (cutout(galaxy=GALAXY), cutout(name="b")):
        field = prepare(one)
        found = measure_boxes(field, boxes())
        number += 2
        rows.add(
            2,
            {
                **clump_rows(one, found, segment(field, found)),
                "file": "images/é, <1> & \"2\".fits",
                "clump_id": [number - 1, number],
                "clump_label_id": [1, 2],
                "clump_label_name": ["clump", "odd clump"],
                "clump_score": [0.875, None],
                "status": "accepted",
                "annotator": [None, "Ada"],
            },
        )  # fmt: skip
    return rows.finished(describing(["b"]))


def same(table, other, *, plain_text=False):
    """Assert that two masked tables hold the same."""
    assert other.colnames == table.colnames
    for name in table.colnames:
        mine, theirs = np.ma.asarray(table[name]), np.ma.asarray(other[name])
        missing = np.ma.getmaskarray(mine)
        np.testing.assert_array_equal(missing, np.ma.getmaskarray(theirs), name)
        mine, theirs = mine.data[~missing], theirs.data[~missing]
        if mine.dtype.kind == "U":
            if not plain_text:
                np.testing.assert_array_equal(mine, theirs.astype(str), name)
        else:
            np.testing.assert_array_equal(mine, theirs, name)
            if len(mine) and mine.dtype.kind == "i":
                assert theirs.dtype.kind in "iu", name


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_read_back_is_what_was_written(tmp_path, ending):
    made = catalogue()
    write_catalogue(made, tmp_path / f"clumps{ending}")
    table, read = as_table(made), read_catalogue(tmp_path / f"clumps{ending}")
    for name in table.colnames:  # masked as they are missing
        table[name].mask = made.missing[name]
    same(table, read, plain_text=ending == ".fits")
    assert read["specobjid"][0] == SPECOBJID
    assert read["specobjid"].mask.tolist() == [False, False, True, True]
    if ending != ".csv":
        assert str(read["clump_flux_g"].unit) == "Jy"
        assert str(read["clump_centre_ra"].unit) == "deg"
        assert read["clump_flux_g"].description == "Total flux of the clump in g"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_values_come_back(tmp_path_factory, data):
    """Numbers of any size, texts of any letters, and gaps, in the text formats."""
    n = data.draw(st.integers(1, 5))
    numbers = st.one_of(
        st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64)
    )
    letters = st.characters(
        codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\x7f"
    )
    words = st.one_of(st.none(), st.text(letters, min_size=1, max_size=12))
    whole = st.one_of(st.none(), st.integers(-(2**63) + 1, 2**63 - 1))

    def some(values):
        return data.draw(st.lists(values, min_size=n, max_size=n))

    given = {
        "annotator": some(words),
        "galaxy_z": [np.nan if v is None else v for v in some(numbers)],
        "specobjid": some(whole),
        "is_clump_3pct": some(st.one_of(st.none(), st.booleans())),
        "clump_flux_{band}": {"g": [np.nan if v is None else v for v in some(numbers)]},
    }
    rows = CatalogueBuilder()
    rows.add(n, given)
    made = rows.finished()
    folder = tmp_path_factory.mktemp("any")
    for ending in (".ecsv", ".vot", ".parquet"):
        write_catalogue(made, folder / f"any{ending}")
        read = read_catalogue(folder / f"any{ending}")
        for name, values in (("annotator", given["annotator"]),
                             ("specobjid", given["specobjid"]),
                             ("is_clump_3pct", given["is_clump_3pct"]),
                             ("galaxy_z", given["galaxy_z"])):  # fmt: skip
            for value, back in zip(values, read[name], strict=True):
                if value is None or (isinstance(value, float) and np.isnan(value)):
                    assert back is np.ma.masked or np.ma.is_masked(back)
                else:
                    assert back == value, (ending, name)


def test_pandas_reads_it_equal(tmp_path):
    import pandas as pd

    made = catalogue()
    for ending in (".parquet", ".csv"):
        write_catalogue(made, tmp_path / f"c{ending}")
    parquet = pd.read_parquet(tmp_path / "c.parquet")
    assert str(parquet["specobjid"].dtype) == "Int64"
    plain = pd.read_csv(tmp_path / "c.csv", dtype_backend="numpy_nullable")
    for frame in (parquet, plain):
        assert frame["specobjid"].tolist()[:2] == [SPECOBJID] * 2
        assert frame["specobjid"].isna().tolist() == [False, False, True, True]
        np.testing.assert_array_equal(
            frame["clump_flux_g"].to_numpy(float), made.values["clump_flux_g"]
        )


def test_astropy_reads_it_by_itself(tmp_path):
    """As a stranger would, without this program."""
    from astropy.table import Table

    made = catalogue()
    flux = made.values["clump_flux_r"]
    for ending, how in ((".ecsv", "ascii.ecsv"), (".vot", "votable"),
                        (".fits", "fits"), (".parquet", "parquet")):  # fmt: skip
        write_catalogue(made, tmp_path / f"c{ending}")
        table = Table.read(tmp_path / f"c{ending}", format=how)
        np.testing.assert_array_equal(np.asarray(table["clump_flux_r"]), flux)
        assert str(table["clump_flux_r"].unit) == "Jy"
        assert (table["clump_id"].dtype.kind, table["clump_id"].dtype.itemsize) == (
            "i", 8,
        )  # fmt: skip


def test_the_votable_is_valid(tmp_path):
    from astropy.io.votable import validate

    path = tmp_path / "c.vot"
    for made in (catalogue(), CatalogueBuilder().finished()):
        write_catalogue(made, path)
        report = io.StringIO()
        assert validate(path, output=report), report.getvalue()
    text = path.read_text()
    assert "COOSYS" in text
    write_catalogue(catalogue(), path)
    assert 'ref="icrs"' in path.read_text()


def test_units_and_words_are_those_of_the_standards():
    from astropy.io.votable.ucd import parse_ucd
    from astropy.units import Unit

    for column in COLUMNS:
        for band in ("u", "g", "Y", "K", "F160W", "NUV") if column.of_band else ("",):
            one = column.in_band(band, band) if band else column
            Unit(one.unit)
            parse_ucd(one.ucd, check_controlled_vocabulary=True, has_colon=True)
            assert one.description
            assert "{" not in one.name + one.description
    names = [column.name.lower() for column in COLUMNS]
    assert len(set(names)) == len(names)


PUBLISHED = """specobjid dr7objid clump_id clump_label_id clump_label_name clump_score
clump_centre_ra clump_centre_dec clump_centre_px_x clump_centre_px_y clump_px_x1
clump_px_x2 clump_px_y1 clump_px_y2 FWHM_r_px clump_flux_{band} clump_flux_err_{band}
clump_mag_{band} clump_ext_mag_{band} clump_mag_corr_{band} clump_flux_ratio
is_clump_3pct is_clump_8pct galaxy_ra galaxy_dec galaxy_z galaxy_mag_{band}
galaxy_flux_{band} galaxy_expAB_r galaxy_expRad_r galaxy_lmass galaxy_lssfr"""


def test_the_published_columns_are_there():
    assert set(PUBLISHED.split()) <= {column.name for column in COLUMNS}


# -- what stands in the rows -----------------------------------------------------


def row_of(table, number=0):
    return {name: table[name][number] for name in table.colnames}


def test_rows_say_what_list_and_pixels_tell():
    made = catalogue()
    row = row_of(as_table(made))
    assert row["galaxy_z"] == 0.043
    assert row["galaxy_mag_r"] == 15.25  # the list's
    assert row["galaxy_expAB_r"] == 0.61
    assert row["galaxy_lmass"] == 9.75
    assert row["galaxy_ra"] == 359.9999
    assert row["clump_ext_mag_g"] == pytest.approx(0.031 * 3.303)
    assert row["clump_mag_corr_g"] == pytest.approx(
        row["clump_mag_g"] - row["clump_ext_mag_g"]
    )
    assert row["clump_flux_g"] == pytest.approx(100 * 3.631e-6, rel=0.05)
    assert row["clump_flux_ratio_band"] == "g"
    assert row["clump_label_id"] == 1
    assert row["psf_source"] == "header"
    assert "Moffat" in row["aperture_correction"]
    assert "clump_counts_g" not in row
    assert "clump_colour_u_g" not in row
    assert row["clump_distance_kpc"] > 0


def test_positions_are_those_of_astropy_counted_from_0():
    """A clump at a known place of the sky: the corner of the half-pixel is 0.5 px."""
    one = cutout()
    found = measure(one, boxes())
    rows = clump_rows(one, found)
    sky = one.wcs.pixel_to_world(found.x, found.y)
    for ra, dec, place in zip(
        rows["clump_centre_ra"], rows["clump_centre_dec"], sky, strict=True
    ):
        assert 0 <= ra < 360
        apart = np.hypot((ra - place.ra.deg + 180) % 360 - 180, dec - place.dec.deg)
        assert apart * 3600 / 0.396 < 1e-3
    # 10 px to the right of the reference pixel is West: less right ascension.
    expected = (359.9999 - 10 * 0.396 / 3600 / np.cos(np.radians(-1.25))) % 360
    assert rows["clump_centre_ra"][0] == pytest.approx(expected, abs=0.2 * 0.396 / 3600)


def test_fluxes_without_a_unit_stand_apart():
    made = catalogue(cutout(jansky=()), cutout(jansky=(1.0, None, 1.0)))
    table = as_table(made)
    assert table["clump_counts_g"].mask.tolist() == [False, False, True, True]
    assert table["clump_flux_g"].mask.tolist() == [True, True, False, False]
    assert table["clump_counts_r"].mask.tolist() == [False] * 4
    assert table["clump_counts_g"].unit is None
    assert "clump_mag_r" not in table.colnames or table["clump_mag_r"].mask.all()
    assert "1 cutouts have no flux unit" in made.meta["relative_fluxes"]


def test_a_picture_has_places_and_nothing_else():
    rng = np.random.default_rng(0)
    picture = from_array(rng.integers(0, 90, (121, 121, 3)).astype(np.uint8))
    made = catalogue(picture)
    table = as_table(made)
    assert not any("flux_g" in name or "mag_g" in name for name in table.colnames)
    assert table["clump_flux_ratio"].mask.all()
    assert table["is_clump_3pct"].mask.all()
    assert not table["clump_centre_px_x"].mask.any()
    assert table["clump_centre_ra"].mask.all()


def test_bands_come_by_wavelength_and_columns_of_one_quantity_together():
    names = as_table(catalogue(cutout("zug"))).colnames
    fluxes = [name for name in names if name.startswith("clump_flux_err_")]
    assert fluxes == ["clump_flux_err_u", "clump_flux_err_g", "clump_flux_err_z"]
    assert band_order(("r", "odd", "F606W", "u")) == ["u", "F606W", "r", "odd"]
    # FITS does not tell capital letters from small ones.
    assert suffixes(("y", "Y", "J")) == {"y": "y", "Y": "Y2", "J": "J"}


def test_ids_that_need_all_64_bits_keep_their_digits():
    """SDSS's eBOSS plates have ids above 2^63."""
    huge = 2**63 + 12345
    rows = CatalogueBuilder()
    rows.add(2, {"specobjid": [SPECOBJID, None]})
    rows.add(1, {"specobjid": huge})
    table = as_table(rows.finished())
    assert table["specobjid"].tolist() == [str(SPECOBJID), None, str(huge)]
    assert "digits" in table["specobjid"].description


def test_cutouts_with_other_bands_fill_up_with_nothing():
    rows = CatalogueBuilder()
    rows.add(2, {"clump_flux_{band}": {"g": [1.0, 2.0]}, "clump_id": [1, 2]})
    rows.add(1, {"clump_flux_{band}": {"r": [3.0]}, "annotator": "Ada"})
    table = as_table(rows.finished())
    assert table["clump_flux_g"].mask.tolist() == [False, False, True]
    assert table["clump_flux_r"].mask.tolist() == [True, True, False]
    assert table["clump_id"].mask.tolist() == [False, False, True]
    assert table["annotator"].mask.tolist() == [True, True, False]
    with pytest.raises(ValueError, match="2 values for 3 rows"):
        rows.add(3, {"clump_id": [1, 2]})


# -- files ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clumps.json", "clumps", "clumps.txt", ".vot"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(FileError, match=r"\.ecsv, \.vot"):
        write_catalogue(catalogue(), tmp_path / name)


def test_a_folder_in_the_way_is_said(tmp_path):
    (tmp_path / "c.vot").mkdir()
    with pytest.raises(FileError, match="folder"):
        write_catalogue(catalogue(), tmp_path / "c.vot")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_catalogue_is_whole_or_not_there(tmp_path, ending, monkeypatch):
    from clump_detector.catalogue import write

    path = tmp_path / f"c{ending}"
    path.write_text("the old one")

    def broken(_catalogue, temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(write._WRITERS, ending, broken)
    with pytest.raises(FileError, match="disk is full"):
        write_catalogue(catalogue(), path)
    assert path.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_no_catalogue_is_said(tmp_path, ending):
    path = tmp_path / f"c{ending}"
    with pytest.raises(FileError, match="no such file"):
        read_catalogue(path)
    path.write_bytes(b"\x00\xffno table" * 40)
    with pytest.raises(FileError):
        read_catalogue(path)
