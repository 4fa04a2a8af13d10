"""Lists of galaxies: what is understood, what is refused, and what reaches a cutout."""

from __future__ import annotations

import contextlib
import csv
import os
import pickle
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clump_detector.astrometry.tangent_plane import tangent_wcs
from clump_detector.astrometry.wcs import pixel_scale, sky_positions
from clump_detector.core.errors import ClumpError, ConfigError, FileError
from clump_detector.galaxies import folder_tables, sidecar
from clump_detector.galaxies.columns import parse_choices
from clump_detector.galaxies.coordinates import (
    j_name,
    parse_angle,
    parse_j_name,
    parse_position,
)
from clump_detector.galaxies.read import read_galaxies
from clump_detector.image_files.sources import find_sources
from clump_detector.images.cutout import read_cutout
from clump_detector.tables.read import read_table
from tests.helpers.paths import SHARED
from tests.helpers.resources import work

REAL = SHARED / "real" / "s82_labelled"
real = pytest.mark.skipif(
    not REAL.exists(), reason="no real galaxies beside the repository"
)

FORMATS = {
    ".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".vot": "votable", ".fits": "fits",
    ".parquet": "parquet",
}  # fmt: skip

#: Ids of 18 and 19 digits that floating point would change.
IDS = [1237648720693755918, 587722984435351614, 8647474690313946727]


def listed(tmp_path, text, name="list.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_galaxies(path, **options)


def place(galaxies, i=0):
    return galaxies[i].ra, galaxies[i].dec


# -- formats ----------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_says_the_same(tmp_path, ending):
    table = Table()
    table["objid"] = IDS
    table["RAJ2000"] = MaskedColumn([10.5, 359.9, 0.0], unit="deg")
    table["DEJ2000"] = MaskedColumn([-89.0, 0.5, 12.25], unit="deg")
    table["z"] = MaskedColumn([0.01, 0.0, 0.3], mask=[False, True, False])
    table["petroR50_r"] = MaskedColumn([0.1, 0.2, 0.3], unit="arcmin")
    table["name"] = ["NGC 1", "a, b", "x"]
    path = tmp_path / f"list{ending}"
    if ending == ".csv":
        del table["petroR50_r"].unit
        table.rename_column("petroR50_r", "petroR50_r (arcmin)")
    table.write(path, format=FORMATS[ending])
    galaxies = read_galaxies(path)
    assert [g.ids["objid"] for g in galaxies] == IDS
    assert all(type(g.ids["objid"]) is int for g in galaxies)
    assert [g.ra for g in galaxies] == [10.5, 359.9, 0.0]
    assert [g.dec for g in galaxies] == [-89.0, 0.5, 12.25]
    assert [g.redshift for g in galaxies] == [0.01, None, 0.3]
    assert [g.radius for g in galaxies] == pytest.approx([6, 12, 18])
    assert [g.name for g in galaxies] == ["NGC 1", "a, b", "x"]
    assert "Right ascension: RAJ2000 [deg]." in galaxies.report or ending == ".csv"


def test_a_file_is_read_by_what_it_is_not_by_its_ending(tmp_path):
    Table({"ra": [1.0], "dec": [2.0]}).write(tmp_path / "a.fits")
    (tmp_path / "a.fits").rename(tmp_path / "a.csv")
    assert place(read_galaxies(tmp_path / "a.csv")) == (1, 2)


@pytest.mark.parametrize("text", [
    "ra;dec\n1;2\n", "ra\tdec\n1\t2\n", "ra|dec\n1|2\n", "\ufeffra,dec\r\n1,2\r\n",
    "# made by hand\n# second line\nra,dec\n1,2\n", "#Table1\nra,dec\n1,2\n",
    "# ra,dec\n1,2\n", "ra,dec,\n1,2,\n", "\n\nra,dec\n\n1,2\n\n", "ra,dec\n1,2",
    '"ra","dec"\n"1","2"\n', "ra,dec\n 1 , 2 \n",
    "#Column x\nra\tdec\ndeg\tdeg\n---\t---\n1\t2\n",
])  # fmt: skip
def test_text_as_people_and_archives_write_it(tmp_path, text):
    assert place(listed(tmp_path, text)) == (1, 2)


@pytest.mark.parametrize(("text", "name"), [
    ("ra dec name\n1  2 x\n", "list.txt"), (" ra   dec\n  1     2\n", "list.dat"),
])  # fmt: skip
def test_columns_parted_by_blanks(tmp_path, text, name):
    assert place(listed(tmp_path, text, name)) == (1, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_letters_of_any_encoding(tmp_path, encoding):
    galaxies = listed(tmp_path, "name,ra,dec\nGaláxia,1,2\n".encode(encoding))
    assert galaxies[0].name == "Galáxia"
    assert any("Latin-1" in s for s in galaxies.report) == (encoding == "latin-1")


def test_units_of_parquet_fields_and_of_astropy(tmp_path):
    schema = pa.schema([
        pa.field("ra", pa.float64(), metadata={"unit": "hourangle"}),
        pa.field("dec", pa.float64()),
    ])  # fmt: skip
    table = pa.table({"ra": [1.0], "dec": [2.0]}, schema=schema)
    pq.write_table(table, tmp_path / "a.parquet")
    assert place(read_galaxies(tmp_path / "a.parquet")) == (15, 2)


def test_fits_with_nulls_big_endian_and_several_values_a_row(tmp_path):
    columns = fits.ColDefs([
        fits.Column("objID", "K", array=np.array([IDS[0], -1]), null=-1),
        fits.Column("RA", "E", array=[1.5, 2.5], unit="deg"),
        fits.Column("DEC", "D", array=[3.0, 4.0]),
        fits.Column("flux", "5E", array=np.ones((2, 5))),
        fits.Column("z", "D", array=[np.nan, 0.1]),
    ])  # fmt: skip
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    galaxies = read_galaxies(tmp_path / "a.fits")
    assert [g.ids for g in galaxies] == [{"objID": IDS[0]}, {}]
    assert [g.redshift for g in galaxies] == [None, 0.1]
    assert any("flux holds several values" in line for line in galaxies.report)


# -- positions --------------------------------------------------------------


@pytest.mark.parametrize(("header", "row"), [
    ("RA,DEC", "188.5,-1.25"), ("ra,dec", "12:34:00,-01:15:00"),
    ("Ra,Dec", "12h34m00s,-01d15m00s"), ("RAJ2000,DEJ2000", "12 34 00,-01 15 00"),
    ("_RAJ2000,_DEJ2000", "188.5,-1.25"), ("alpha,delta", "188.5,-1.25"),
    ("ALPHA_J2000,DELTA_J2000", "188.5,-1.25"), ("ra_deg,dec_deg", "188.5,-1.25"),
    ("RA_ICRS,DE_ICRS", "188.5,-1.25"), ("ra (hours),dec (deg)", "12.5666666667,-1.25"),
    ("ra [hourangle],dec [deg]", "12.5666666667,-1.25"),
    ("ra_hours,dec", "12.5666666667,-1.25"),
    ("ra [rad],dec [rad]", "3.28994564,-0.02181662"),
    ("ra [deg],dec [deg]", "188:30:00,-01:15:00"),
    ("galaxy_ra,galaxy_dec", "188.5,-1.25"), ("coord.ra,coord.dec", "188.5,-1.25"),
    ("RightAscension,Declination", "188.5,-1.25"),
    ("ra,dec", "-171.5,-1.25"), ("ra,dec", "188.5,−1.25"),
    ("coord", "12:34:00 -01:15:00"), ("position", '"188.5, -1.25"'),
    ("coords", "188.5 -1.25"), ("coord", "12 34 00 -01 15 00"),
    ("coordinates", "12h34m00.0s-01d15m00s"), ("name", "x"),
    ("jname", "J123400.00-011500.0"), ("iauname", "SDSS J123400.00-011500.0"),
])  # fmt: skip
def test_positions_as_people_write_them(tmp_path, header, row):
    if header == "name":
        with pytest.raises(FileError, match="no column of right ascension"):
            listed(tmp_path, f"{header}\n{row}\n")
        return
    assert place(listed(tmp_path, f"{header}\n{row}\n")) == pytest.approx(
        (188.5, -1.25), abs=1e-6
    )


@given(
    ra=st.floats(0, 359.999), dec=st.floats(-89.99, 89.99),
    sep=st.sampled_from([":", " ", "hms"]),
)  # fmt: skip
def test_sexagesimal_agrees_with_astropy(ra, dec, sep):
    style = {"hms": None}.get(sep, sep)
    options = {} if style is None else {"sep": style}
    c = SkyCoord(ra, dec, unit="deg")
    ra_text = c.ra.to_string(u.hourangle, precision=4, pad=True, **options)
    dec_text = c.dec.to_string(u.deg, precision=3, alwayssign=True, pad=True, **options)
    assert parse_angle(ra_text, hours=None) == pytest.approx(
        Angle(ra_text, u.hourangle).deg
    )
    assert parse_angle(dec_text, hours=False) == pytest.approx(
        Angle(dec_text, u.deg).deg
    )
    both = parse_position(f"{ra_text} {dec_text}")
    assert both == pytest.approx((ra % 360, dec), abs=2e-6) or ra > 359.9999


@given(ra=st.floats(0, 359.999), dec=st.floats(-89.99, 89.99))
def test_a_j_name_is_truncated_as_the_iau_has_it(ra, dec):
    back_ra, back_dec = parse_j_name(j_name(ra, dec))
    assert -1e-6 <= (ra - back_ra) * 3600 < 0.15 + 1e-6
    assert -1e-6 <= (abs(dec) - abs(back_dec)) * 3600 < 0.1 + 1e-6


@pytest.mark.parametrize("text", [
    "", "x", "12:61:00", "12:00:61", "1:2:3:4", "12.5:30", "J1234+0102", "nan", "1e400",
])  # fmt: skip
def test_what_is_no_angle_is_none(text):
    assert parse_position(text) is None
    angle = parse_angle(text, hours=None)
    assert angle is None or not np.isfinite(angle)


def test_rows_without_a_position_are_named_and_the_others_stay(tmp_path):
    galaxies = listed(tmp_path, "name,ra,dec\na,1,2\nb,,3\nc,4,99\nd,400,1\ne,5,6\n")
    assert [g.name for g in galaxies] == ["a", "e"]
    assert galaxies.problems == (
        "Row 2 (b) has no readable position.",
        "Row 3 (c) has no readable position.",
        "Row 4 (d) has no readable position.",
    )


# -- what columns mean ------------------------------------------------------


def test_the_columns_of_the_surveys(tmp_path):
    header = (
        "objID,specObjID,ra,dec,petroR50_r,petroMag_u,petroMag_g,modelMag_u,modelMag_i,"
        "psfMag_u,petroMagErr_u,psffwhm_r,psffwhm_u,EBV,z,run"
    )
    row = f"{IDS[0]},{IDS[1]},1,2,4.5,17.1,-9999,17.3,16.0,19,0.1,1.3,1.5,0.03,0.05,752"
    galaxy = listed(tmp_path, f"{header}\n{row}\n")[0]
    assert galaxy.ids == {"objID": IDS[0], "specObjID": IDS[1]}
    assert (galaxy.radius, galaxy.ebv, galaxy.redshift) == (4.5, 0.03, 0.05)
    assert galaxy.magnitudes == {"u": 17.1, "i": 16.0}  # Petrosian before model
    assert galaxy.psf == {"r": 1.3, "u": 1.5}
    assert galaxy.other["psfMag_u"] == 19
    assert galaxy.other["run"] == 752
    assert galaxy.name == str(IDS[0])


@pytest.mark.parametrize(("header", "row", "redshift", "magnitudes"), [
    ("ra,dec,z", "1,2,0.05", 0.05, {}),
    ("ra,dec,u,g,r,i,z", "1,2,18,17,16.5,16.2,16", None,
     {"u": 18, "g": 17, "r": 16.5, "i": 16.2, "z": 16}),
    ("ra,dec,u,g,r,i,z", "1,2,18,17,16.5,16.2,0.04", 0.04,
     {"u": 18, "g": 17, "r": 16.5, "i": 16.2}),
    ("ra,dec,u,g,r,i,z,redshift", "1,2,18,17,16.5,16.2,16,0.1", 0.1,
     {"u": 18, "g": 17, "r": 16.5, "i": 16.2, "z": 16}),
    ("ra,dec,gmag,rmag,zsp", "1,2,17,16,0.1", 0.1, {"g": 17, "r": 16}),
    ("ra,dec,redshift", "1,2,-9999", None, {}),
])  # fmt: skip
def test_a_lone_z_is_a_magnitude_or_a_redshift(
    tmp_path, header, row, redshift, magnitudes
):
    galaxy = listed(tmp_path, f"{header}\n{row}\n")[0]
    assert galaxy.redshift == redshift
    assert galaxy.magnitudes == magnitudes


@pytest.mark.parametrize(("header", "row", "radius"), [
    ("ra,dec,r_eff", "1,2,3", 3), ("ra,dec,radius [arcmin]", "1,2,0.5", 30),
    ("ra,dec,expRad_r", "1,2,3", 3), ("ra,dec,radius_arcsec", "1,2,3", 3),
    ("ra,dec,petro_th50", "1,2,3", 3), ("ra,dec,r_eff [kpc]", "1,2,3", None),
    ("ra,dec,radius_px,pixscale", "1,2,10,0.4", 4), ("ra,dec,radius", "1,2,-1", None),
])  # fmt: skip
def test_radii_and_their_units(tmp_path, header, row, radius):
    assert listed(tmp_path, f"{header}\n{row}\n")[0].radius == radius


def test_columns_can_be_chosen(tmp_path):
    text = "a,b,ra,dec,z,host\n12.5,2,7,8,0.1,M 31\n"
    chosen = parse_choices(
        ["ra=a[hourangle]", "dec = b", "redshift=none", "name=host", "mag_g=ra"]
    )
    galaxy = listed(tmp_path, text, columns=chosen)[0]
    assert (galaxy.ra, galaxy.dec) == (187.5, 2)
    assert (galaxy.redshift, galaxy.name) == (None, "M 31")
    assert galaxy.magnitudes == {"g": 7}


@pytest.mark.parametrize(("words", "what"), [
    (["ra"], "names no column"), (["rax=a"], "a list of galaxies has no 'rax'"),
    (["ra=RAX"], "there is no column 'RAX'.*Choose of ra"),
])  # fmt: skip
def test_wrong_choices_say_what_there_is(tmp_path, words, what):
    with pytest.raises(ConfigError, match=what):
        listed(tmp_path, "ra,dec\n1,2\n", columns=parse_choices(words))


@pytest.mark.parametrize(("header", "row", "name"), [
    ("ra,dec,file", "1,2,images/a.fits.gz", "a"),
    ("ra,dec,objid", f"1,2,{IDS[2]}", None),
    ("ra,dec", "188.73657,-1.03427", "J123456.77-010203.3"),
    ("ra,dec,name,file", "1,2,,b.png", "b"), ("ra,dec,name", "1,2,007", "007"),
])  # fmt: skip
def test_the_name_is_what_names_it_best(tmp_path, header, row, name):
    galaxy = listed(tmp_path, f"{header}\n{row}\n")[0]
    assert galaxy.name == (name or str(IDS[2]))


# -- ids --------------------------------------------------------------------


def test_ids_as_floats_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"objid.*floating point.*last digits"):
        listed(tmp_path, "objid,ra,dec\n1.2376487206937559e+18,1,2\n")
    mixed = listed(tmp_path, f"objid,ra,dec\n{IDS[0]},1,2\n1.5,3,4\n")
    assert [g.other["objid"] for g in mixed] == [str(IDS[0]), "1.5"]
    Table({"specobjid": np.array(IDS, float), "ra": [1.0] * 3, "dec": [2.0] * 3}).write(
        tmp_path / "c.fits"
    )
    with pytest.raises(FileError, match="floating point"):
        read_galaxies(tmp_path / "c.fits")
    chosen = {"specobjid": "none"}
    assert read_galaxies(tmp_path / "c.fits", chosen)[0].ids == {}


def test_ids_as_text_as_unsigned_and_as_small_floats(tmp_path):
    big = 2**63 + 5
    galaxies = listed(tmp_path, f'objid,ra,dec\n"{big}",1,2\n0{IDS[0]},1,2\n,3,4\n')
    assert [g.ids.get("objid") for g in galaxies] == [big, IDS[0], None]
    Table({"objid": np.array([big], np.uint64), "ra": [1.0], "dec": [2.0]}).write(
        tmp_path / "u.fits"
    )
    assert read_galaxies(tmp_path / "u.fits")[0].ids == {"objid": big}
    small = listed(tmp_path, "id,ra,dec\n12.0,1,2\n-9999,1,2\n", "s.csv")
    assert [g.ids for g in small] == [{"id": 12}, {}]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(2**53, 2**63 - 1), min_size=1, max_size=5))
def test_long_ids_come_back_to_the_last_digit(tmp_path_factory, ids):
    folder = tmp_path_factory.mktemp("ids")
    n = len(ids)
    table = Table({"objid": ids, "ra": np.ones(n), "dec": np.ones(n)})
    for ending, name in FORMATS.items():
        table.write(folder / f"a{ending}", format=name)
        galaxies = read_galaxies(folder / f"a{ending}")
        assert [g.ids["objid"] for g in galaxies] == ids


# -- bad input --------------------------------------------------------------


@pytest.mark.parametrize(("content", "what"), [
    (b"", "is empty"), (b"   \n", "is empty"), (b"# only\n# comments\n", "comments"),
    (b'ra,dec,name\n1,2,"open\n3,4,x\n', "opens in line 2 or later is never closed"),
    (b'ra,dec,name\n1,2,"a"b\n', "line 2 cannot be read"),
    (b"ra,dec\n1,2\n3,4,5\n", "line 3 has 3 columns and the header 2"),
    (b"ra,dec,z\n1,2\n", "line 2 has 2 columns and the header 3"),
    (b"ra,ra,dec\n1,2,3\n", "column 'ra' is given twice"),
    (b"ra,,dec\n1,2,3\n", "a column has no name"),
    (b"1,2\n3,4\n", "holds numbers, not the names"),
    (b"ra,dec\n1,\0\n", "zero bytes"), (b"name,x\na,1\n", "no column of right asc"),
    (b"ra,dec\n", "no row of this list has a readable position"),
    (b"ra,dec\nx,y\n", "no row of this list has a readable position"),
    (b"ra,dec,name\n1,2," + b"x" * 20_000 + b"\n", "20,000 characters is too long"),
    (b"ra,dec\n1,2" + b" " * 1_100_000, "line 2 is too long"),
    (b"PAR1junk", "damaged or of another format"),
    (b"SIMPLE  = junk", "damaged|holds no"),
    (b"<?xml version='1.0'?><VOTABLE><RES", "not complete XML"),
    (b"# %ECSV 1.0\n# ---\n# datatype: !!python/object:os.x\nra\n1\n", "damaged"),
])  # fmt: skip
def test_bad_lists_are_refused_in_a_sentence(tmp_path, content, what):
    with pytest.raises(ClumpError, match=what) as error:
        listed(tmp_path, content)
    assert "list.csv" in error.value.message
    assert error.value.remedy


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_galaxies(tmp_path / "none.csv")
    with pytest.raises(FileError, match="folder"):
        read_galaxies(tmp_path)
    (tmp_path / "a.png").write_bytes(b"\x89PNG....")
    with pytest.raises(FileError, match="not a table"):
        read_galaxies(tmp_path / "a.png")


VOTABLE = """<?xml version="1.0"?>{head}<VOTABLE version="1.3"><RESOURCE>
<TABLE {table}><FIELD name="ra" datatype="double"/>
<FIELD name="dec" datatype="{kind}"/>{field}<DATA>{data}</DATA></TABLE>
</RESOURCE></VOTABLE>"""
ROWS = "<TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA>"


@pytest.mark.parametrize(("changes", "what"), [
    ({"table": 'nrows="1000000000"'}, "rows are more"),
    ({"field": '<FIELD name="x" datatype="char" arraysize="1000000000"/>'}, "too many"),
    ({"data": '<BINARY><STREAM href="file:///etc/passwd"/></BINARY>'}, "another file"),
    ({"data": '<FITS><STREAM href="http://127.0.0.1:1/x"/></FITS>'}, "another file"),
    ({"head": '<!DOCTYPE a [<!ENTITY b "c">]>'}, "XML entities"),
])  # fmt: skip
def test_a_votable_that_promises_too_much_or_points_elsewhere(tmp_path, changes, what):
    parts = {"head": "", "table": "", "field": "", "data": ROWS, "kind": "double"}
    assert place(listed(tmp_path, VOTABLE.format(**parts), "good.vot")) == (1, 2)
    with work() as done, pytest.raises(FileError, match=what):
        listed(tmp_path, VOTABLE.format(**{**parts, **changes}), "bad.vot")
    assert done.seconds < 2


@pytest.mark.parametrize(("key", "value"), [
    ("NAXIS2", 10**9), ("NAXIS1", 10**9), ("NAXIS2", -5), ("TFIELDS", 999),
    ("TFORM1", "900000000D"), ("PCOUNT", 10**15),
])  # fmt: skip
def test_a_fits_table_with_absurd_claims(tmp_path, key, value):
    Table({"ra": [1.0, 2.0], "dec": [2.0, 3.0]}).write(tmp_path / "a.fits")
    content = bytearray((tmp_path / "a.fits").read_bytes())
    at = content.index(f"{key:8s}=".encode(), 2880)
    text = f"'{value}'" if isinstance(value, str) else str(value)
    content[at : at + 80] = f"{key:8s}= {text:>20s}".ljust(80).encode()
    (tmp_path / "a.fits").write_bytes(content)
    n = 0
    with work() as done, contextlib.suppress(ClumpError):
        n = len(read_galaxies(tmp_path / "a.fits"))
    assert n <= 2
    assert done.seconds < 3


def test_too_many_rows_are_refused_before_memory_is_taken(tmp_path, monkeypatch):
    from clump_detector.tables import parquet, read, text
    from clump_detector.tables.limits import Limits

    few = Limits(rows=100)
    for module in (parquet, read, text):
        monkeypatch.setattr(module, "LIMITS", few)
    n = 20_001
    table = Table({"ra": np.ones(n), "dec": np.ones(n)})
    for ending in (".csv", ".ecsv", ".fits", ".parquet"):
        table.write(tmp_path / f"a{ending}", format=FORMATS[ending])
        with pytest.raises(FileError, match=r"rows are more than 100.*Split it"):
            read_galaxies(tmp_path / f"a{ending}")


def test_a_long_list_is_read_in_seconds(tmp_path):
    n = 30_000
    rng = np.random.default_rng(0)
    table = Table({
        "objid": rng.integers(10**18, 9 * 10**18, n), "ra": rng.uniform(0, 360, n),
        "dec": rng.uniform(-90, 90, n), "z": rng.uniform(0, 0.1, n),
    })  # fmt: skip
    table.write(tmp_path / "a.csv", format="ascii.csv")
    with work() as done:
        galaxies = read_galaxies(tmp_path / "a.csv")
    assert galaxies[n - 1].ids["objid"] == int(table["objid"][-1])
    assert done.seconds < 3


# -- the table of a folder --------------------------------------------------


def picture(path, side=424, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("above", [False, True])
def test_a_cutout_knows_what_the_table_beside_it_tells(tmp_path, ending, above):
    image = picture(tmp_path / "images" / "a.jpg")
    folder = tmp_path if above else image.parent
    Table({
        "objid": IDS[:1], "file": ["a.jpg"], "ra": [150.0], "dec": [2.0],
        "pixscale_arcsec": [0.25], "psf_fwhm_r_arcsec": [1.5], "redshift": [0.05],
    }).write(folder / f"galaxies{ending}", format=FORMATS[ending])  # fmt: skip
    (source,) = find_sources([image.parent])
    cutout = read_cutout(source)
    assert (cutout.scale, cutout.fwhm) == (0.25, 6.0)
    assert cutout.galaxy.redshift == 0.05
    assert cutout.galaxy.ids == {"objid": IDS[0]}
    assert sky_positions(cutout.wcs, 211.5, 211.5)[0] == pytest.approx([150, 2])
    assert pixel_scale(cutout.wcs) == pytest.approx(0.25)
    # North is up and East to the left.
    (left,), (up,) = (
        sky_positions(cutout.wcs, *p) for p in ((207.5, 211.5), (211.5, 207.5))
    )
    assert (left[0] - 150) * np.cos(np.radians(2)) * 3600 == pytest.approx(1, abs=1e-6)
    assert (up[1] - 2) * 3600 == pytest.approx(1, abs=1e-6)
    assert pickle.loads(pickle.dumps(cutout.galaxy)).ids == cutout.galaxy.ids


@pytest.mark.parametrize(("column", "value"), [
    ("file", "a.png"), ("file", "some/where/a.png"), ("file", "C:\\there\\a.png"),
    ("file", "a.jpg"), ("name", "a"), ("name", "b"),
])  # fmt: skip
def test_a_row_belongs_to_a_cutout_by_file_or_name(tmp_path, column, value):
    image = picture(tmp_path / "a.png", 60)
    (tmp_path / "galaxies.csv").write_text(f"{column},redshift\n{value},0.1\n")
    galaxy = read_cutout(image).galaxy
    assert (galaxy is None) == (value == "b")


def test_one_row_for_the_bands_of_a_galaxy_and_headers_first(tmp_path):
    header = tangent_wcs(10, 20, 0.4, 64, 64, picture=False).to_header()
    header["PSFFWHM"] = 1.2
    for band in "gr":
        data = np.random.default_rng(0).normal(1, 0.1, (64, 64)).astype(np.float32)
        fits.PrimaryHDU(data, header).writeto(tmp_path / f"m51-{band}.fits")
    (tmp_path / "galaxies.csv").write_text(
        "name,ra,dec,pixscale,psf_fwhm_r,z\nm51,50,60,9,7,0.002\n"
    )
    (source,) = find_sources([tmp_path])
    cutout = read_cutout(source)
    assert cutout.galaxy.redshift == 0.002
    assert cutout.scale == pytest.approx(0.4)  # as its own header says
    assert cutout.fwhm == pytest.approx(3.0)
    assert sky_positions(cutout.wcs, 31.5, 31.5)[0] == pytest.approx([10, 20])


def test_fluxes_without_a_header_get_a_scale_but_no_directions(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(1, 0.1, (3, 60, 60)))
    (tmp_path / "galaxies.csv").write_text("name,ra,dec,scale,psf\na,1,2,0.5,1\n")
    cutout = read_cutout(tmp_path / "a.npy")
    assert (cutout.scale, cutout.fwhm, cutout.wcs) == (0.5, 2.0, None)


def test_a_table_that_changes_is_read_again_and_others_are_not(tmp_path, monkeypatch):
    image = picture(tmp_path / "a.png", 60)
    assert read_cutout(image).galaxy is None
    table = tmp_path / "galaxies.csv"
    table.write_text("name,z\na,0.1\n")
    assert read_cutout(image).galaxy.redshift == 0.1
    table.write_text("name,z\na,0.25\n")
    assert read_cutout(image).galaxy.redshift == 0.25
    read = []
    monkeypatch.setattr(folder_tables, "read_galaxies", lambda *a, **k: read.append(a))
    for _ in range(20):
        assert read_cutout(image).galaxy.redshift == 0.25
    assert not read
    monkeypatch.undo()
    table.unlink()
    assert read_cutout(image).galaxy is None


def test_a_broken_table_stops_no_cutout_but_is_told(tmp_path):
    image = picture(tmp_path / "a.png", 60)
    (tmp_path / "galaxies.csv").write_text('name,z\n"a,0.1\n')
    cutout = read_cutout(image)
    assert cutout.galaxy is None
    assert any(
        "galaxies.csv" in note and "never closed" in note for note in cutout.notes
    )


def test_the_first_table_that_knows_a_cutout_tells(tmp_path):
    image = picture(tmp_path / "a.png", 60)
    (tmp_path / "galaxies.csv").write_text("name,z\na,0.1\na,0.3\n")
    (tmp_path / "galaxies.ecsv").write_text("name,z\nother,0.2\n")
    assert read_cutout(image).galaxy.redshift == 0.1


def test_a_fits_table_of_galaxies_is_no_cutout_and_an_image_of_that_name_is(tmp_path):
    picture(tmp_path / "a.png", 60)
    Table({"name": ["a"], "z": [0.1]}).write(tmp_path / "galaxies.fits")
    assert [s.name for s in find_sources([tmp_path])] == ["a"]
    fits.PrimaryHDU(np.random.default_rng(0).normal(size=(60, 60))).writeto(
        tmp_path / "galaxies.fits", overwrite=True
    )
    assert [s.name for s in find_sources([tmp_path])] == ["a", "galaxies"]


def test_looking_for_a_table_costs_next_to_nothing(tmp_path):
    for i in range(50):
        picture(tmp_path / "none" / f"{i}.png", 60, i)
    sources = find_sources([tmp_path / "none"])
    old = time.time() - 60
    for folder in (tmp_path, tmp_path / "none"):
        os.utime(folder, (old, old))
    sidecar.galaxy_of(sources[0])
    with work() as done:
        for _ in range(20):
            for source in sources:
                sidecar.galaxy_of(source)
    assert done.seconds / 1000 < 2e-4


@real
def test_the_real_pictures_know_where_they_are():
    galaxies = read_galaxies(REAL / "galaxies.csv")
    assert all(g.ids["galaxy_id"] > 2**53 for g in galaxies)
    cutouts = {s.path.name: read_cutout(s) for s in find_sources([REAL / "images"])}
    with (REAL / "galaxies.csv").open() as file:
        for row in csv.DictReader(file):
            cutout = cutouts[row["file"]]
            assert cutout.galaxy.redshift == float(row["redshift"])
            assert cutout.scale == float(row["pixscale_arcsec"])
            assert cutout.fwhm == pytest.approx(float(row["psf_fwhm_r_px"]), rel=1e-3)
    with (REAL / "clumps.csv").open() as file:
        rows = list(csv.DictReader(file))
    apart = []
    for row in rows:
        wcs = cutouts[row["file"]].wcs
        x, y = wcs.all_world2pix(float(row["ra"]), float(row["dec"]), 0)
        apart.append(np.hypot(x - float(row["x"]), y - float(row["y"])))
    assert max(apart) < 1.1  # the labels are good to about a pixel


def test_read_table_keeps_words_units_and_gaps(tmp_path):
    (tmp_path / "a.csv").write_text("name,flux [Jy],n\n007,1.5,3\n,,\n")
    table = read_table(tmp_path / "a.csv")
    assert table.colnames == ["name", "flux [Jy]", "n"]
    assert table["name"][0] == "007"
    assert table["n"].dtype == np.int64
    assert all(table[c][1] is np.ma.masked for c in table.colnames)
