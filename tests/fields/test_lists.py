"""Lists of galaxies as surveys and spreadsheets write them, and what is kept."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from PIL import Image

from clump_detector.catalogue import CatalogueBuilder, write_catalogue
from clump_detector.catalogue.measured_rows import _listed
from clump_detector.core.errors import ClumpError, FileError
from clump_detector.galaxies.read import read_galaxies
from clump_detector.galaxies.sidecar import galaxy_of, rows_without_cutout
from clump_detector.image_files.sources import Source
from clump_detector.images.cutout import read_cutout
from clump_detector.tables.read import read_table
from tests.fields.understood import understood

LONG = 1237665126939754531


def written(folder: Path, text: str, name: str = "galaxies.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def columns(folder: Path, text: str) -> dict[str, list[object]]:
    table = read_table(written(folder, text))
    return {name: table[name].tolist() for name in table.colnames}


def said(folder: Path, text: str) -> str:
    return " ".join(read_table(written(folder, text)).meta["reading_notes"])


def picture(folder: Path, name: str) -> Source:
    folder.mkdir(parents=True, exist_ok=True)
    shades = np.random.default_rng(len(name)).integers(0, 255, (50, 50, 3))
    Image.fromarray(shades.astype("u1")).save(folder / name)
    return Source(name.rpartition(".")[0], (folder / name,))


# -- numbers -------------------------------------------------------------------


@understood(
    "Spreadsheets", "Decimal commas, columns parted by semicolons", "converted",
    "The table has one decimal mark, found from all its numbers; it is said.",
)  # fmt: skip
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("file;ra;dec\na;150,1;2,2\n", {"ra": [150.1], "dec": [2.2]}),
        ('file,ra,dec\na,"150,1","-2,25"\n', {"ra": [150.1], "dec": [-2.25]}),
        ("file\tra\tdec\na\t150,123\t2\n", {"ra": [150.123], "dec": [2]}),
        ("file|ra\na|1,5e-3\nb|-2,5E+4\n", {"ra": [0.0015, -25000.0]}),
        ("sep=;\nfile;ra\na;1,5\n", {"ra": [1.5]}),
        ("\ufefffile;ra\na;1,5\nb;\n", {"ra": [1.5, None]}),
        ("file;n;ra\na;1.234,5;1,5\nb;1.234;2\n", {"n": [1234.5, 1234.0]}),
        ("file;n\na;1 234,5\nb;1\u202f234,5\n", {"n": [1234.5, 1234.5]}),
        ("file;ra\na;10:00:24,5\n", {"ra": ["10:00:24.5"]}),
        ("file;coord\na;188,73 1,03\n", {"coord": ["188.73 1.03"]}),
        ("file;ra, deg;z, none\na;1,5;0,1\n", {"ra, deg": [1.5]}),
    ],
)
def test_decimal_commas_are_numbers(tmp_path, text, right):
    found = columns(tmp_path, text)
    assert {name: found[name] for name in right} == right
    assert "decimal comma" in said(tmp_path, text)


@understood(
    "Spreadsheets", "Thousands parted by commas, points, blanks or apostrophes",
    "converted", "Taken out where the decimal mark of the table is known; it is said.",
)  # fmt: skip
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('f,n,ra\na,"1,234",150.1\nb,"12,345,678",1\n', [1234, 12345678]),
        ("f;n\na;1'234.5\n", [1234.5]),
        ("f;n;ra\na;1.234.567;150,1\n", [1234567]),
    ],
)
def test_marks_between_thousands_are_taken_out(tmp_path, text, right):
    assert columns(tmp_path, text)["n"] == right
    assert said(tmp_path, text)


@understood(
    "Spreadsheets", "Numbers such as 1,234 that may be two things", "ignored",
    "Where no other number of the table tells the decimal mark, the column counts as "
    "words, and that is said.",
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        'f,n\na,"1,234"\n',
        "f;n;z\na;150,1;0.034\n",
        "f;n;ra\na;1.234;150,1\n",
    ],
)
def test_what_may_be_two_numbers_is_none(tmp_path, text):
    assert isinstance(columns(tmp_path, text)["n"][0], str)
    assert "ambiguous" in said(tmp_path, text)


@understood(
    "Spreadsheets", "Decimal commas that also part columns", "refused",
    "The line with too many columns is named, with what to look for.",
)  # fmt: skip
def test_commas_for_two_purposes_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"line 2 .* decimal comma"):
        columns(tmp_path, "file,ra,dec\na,150,1,2,2\n")


@understood(
    "Spreadsheets", "Columns without a name behind the last one", "ignored",
    "Left out where they are empty, else kept as column 4 and so on, which is said.",
)  # fmt: skip
def test_empty_columns_at_the_end_are_left_out(tmp_path):
    found = columns(tmp_path, "name,ra,,\nb,1.5,,\n,,,\n")
    assert list(found) == ["name", "ra"]
    text = "name,ra,,\nb,1.5,,note\n"
    assert columns(tmp_path, text)["column 4"] == ["note"]
    assert "column 4 has no name" in said(tmp_path, text)
    galaxies = read_galaxies(written(tmp_path, "ra,dec,,\n1.5,2,,\n,,,\n"))
    assert len(galaxies) == 1
    assert galaxies.problems == ()


@understood(
    "Lists", "Words among numbers, such as ? or <0.5", "ignored",
    "The other values count; how many do not is said, and the column is kept.",
)  # fmt: skip
def test_words_among_numbers_are_said(tmp_path):
    galaxies = read_galaxies(
        written(tmp_path, "name,ra,dec,redshift\na,1,2,0.03\nb,1,2,<0.5\nc,1,2,n/a\n")
    )
    assert [g.redshift for g in galaxies] == [0.03, None, None]
    assert galaxies[1].other["redshift"] == "<0.5"
    assert any("1 of 3 values are not numbers" in words for words in galaxies.warnings)


@understood(
    "Lists", "A velocity in the column of redshifts", "ignored",
    "Values out of range count for nothing; how many is said. -9999, 99 and 0 stand "
    "for not known.",
)  # fmt: skip
def test_values_out_of_range_are_said(tmp_path):
    text = "name,ra,dec,redshift\na,1,2,0.03\nb,1,2,4521\nc,1,2,-9999\n"
    galaxies = read_galaxies(written(tmp_path, text))
    assert [g.redshift for g in galaxies] == [0.03, None, None]
    assert any("1 values are out of range" in words for words in galaxies.warnings)


# -- ids -----------------------------------------------------------------------


@understood(
    "Lists", "Ids of 64 bits or more, as numbers or as text", "read",
    "Exact to the last digit in every format.",
)  # fmt: skip
@understood(
    "Lists", "Ids with zeros before them", "read",
    "The zeros stay in the catalogue; the number counts where labels are matched.",
)  # fmt: skip
@pytest.mark.parametrize("ending", ["csv", "ecsv", "vot", "fits", "parquet"])
@pytest.mark.parametrize(
    "text",
    [str(LONG), str(2**64 - 1), "1" + "0" * 30 + "7", "000123", "-518712345612345678"],
)
def test_ids_keep_every_digit(tmp_path, ending, text):
    path = written(tmp_path, f'name,ra,dec,objid\na,1,2,{text}\nb,1,2,"=""{text}"""\n')
    galaxy = read_galaxies(path)[0]
    assert galaxy.ids["objid"] == int(text)
    rows = CatalogueBuilder()
    rows.add(1, {"clump_id": [1], "galaxy_name": "a", **_listed(galaxy, "a")})
    write_catalogue(rows.finished(), tmp_path / f"c.{ending}")
    assert found_in(tmp_path / f"c.{ending}", "objid") == [text]


def found_in(path: Path, name: str) -> list[str]:
    """Return a column of a catalogue as other programs read it, as text."""
    if path.suffix == ".csv":
        import csv

        with path.open() as file:
            return [row[name] for row in csv.DictReader(file)]
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return [str(value) for value in pq.read_table(path)[name].to_pylist()]
    kinds = {".ecsv": "ascii.ecsv", ".vot": "votable", ".fits": "fits"}
    options = {"use_names_over_ids": True} if path.suffix == ".vot" else {}
    column = Table.read(path, format=kinds[path.suffix], **options)[name]
    return [v.decode() if isinstance(v, bytes) else str(v) for v in column.tolist()]


@understood(
    "Euclid", "Ids with the sign of the declination", "read",
    "Long negative ids are ids; -1, -9999 and the smallest integers stand for none.",
)  # fmt: skip
def test_negative_ids_are_ids(tmp_path):
    ids = [-518712345612345678, -9999, -(2**31), -(2**63), 0]
    table = Table({"ra": [1.0] * 5, "dec": [2.0] * 5, "object_id": ids})
    table.write(tmp_path / "list.fits")
    galaxies = read_galaxies(tmp_path / "list.fits")
    assert [g.ids.get("object_id") for g in galaxies] == [ids[0], *[None] * 4]


@understood(
    "Spreadsheets", "Ids that became 1.23767E+18", "refused",
    "Their last digits are lost; save them as text or as integers.",
)  # fmt: skip
@pytest.mark.parametrize("value", ["1.23767E+18", f"1.23767E+18\nb,1,2,{LONG}"])
def test_rounded_ids_are_refused(tmp_path, value):
    with pytest.raises(FileError, match="last digits"):
        read_galaxies(written(tmp_path, f"name,ra,dec,objid\na,1,2,{value}\n"))


@understood(
    "Spreadsheets", "Ids whose digits after the 15th are all 0", "read",
    "As they are; that their last digits are probably lost is said.",
)  # fmt: skip
def test_ids_of_fifteen_digits_are_doubted(tmp_path):
    text = "ra,dec,objid\n1,2,1237665126939750000\n1,2,1237665126939760000\n"
    galaxies = read_galaxies(written(tmp_path, text))
    assert any("probably lost" in words for words in galaxies.warnings)
    text = f"ra,dec,objid\n1,2,1237665126939750000\n1,2,{LONG}\n"
    assert read_galaxies(written(tmp_path, text)).warnings == ()


# -- columns in the catalogue ---------------------------------------------------


@understood(
    "Lists", "Columns of one's own, and ids of any survey", "read",
    "They go into the catalogue under their name, with their unit; a name that the "
    "catalogue has already gets galaxy_ before it.",
)  # fmt: skip
def test_columns_of_the_list_are_in_the_catalogue(tmp_path):
    from napari_clumps.io.catalogue import export_catalogue
    from napari_clumps.review import Review

    source = picture(tmp_path / "images", "a.png")
    written(
        tmp_path / "images",
        "file,name,redshift,objid,nsaid,TARGETID,morph,bar_frac,status,mag_u,specobjid\n"
        f"A.PNG,UGC 1,0.03,{LONG},77,39627000000000123,Sbc,0.7,done,17.5,299\n",
    )
    with Review.create(tmp_path / "r.clumps", [source], annotator="me") as review:
        cutout = next(iter(review.cutouts()))
        review.note_seen(cutout.id, (50, 50))
        review.add(cutout.id, [10, 10, 20, 20], "clump")
        export_catalogue(review, tmp_path / "c.csv")
    right = {
        "objid": str(LONG), "nsaid": "77", "TARGETID": "39627000000000123",
        "morph": "Sbc", "bar_frac": "0.7", "status": "drawn", "galaxy_status": "done",
        "galaxy_z": "0.03", "galaxy_list_name": "UGC 1", "galaxy_mag_u": "17.5",
        "specobjid": "299",
    }  # fmt: skip
    assert {name: found_in(tmp_path / "c.csv", name)[0] for name in right} == right


def test_columns_of_two_lists_are_one_where_their_units_are():
    rows = CatalogueBuilder()
    for value, unit in ((1, "arcsec"), ("x", "arcsec"), (2.5, "arcmin")):
        rows.add(1, {"clump_id": [1], "listed": {"size": (value, unit)}})
    made = rows.finished()
    assert made.values["size"].tolist() == ["1", "x", None]
    assert made.missing["galaxy_size"].tolist() == [True, True, False]


@pytest.mark.parametrize("ending", ["csv", "ecsv", "vot", "fits", "parquet"])
def test_names_of_columns_that_formats_do_not_like(tmp_path, ending):
    rows = CatalogueBuilder()
    odd = {"µ [mag]": (1.5, "mag"), "2 d": (True, ""), "a,b": ("x,y", "")}
    rows.add(2, {"clump_id": [1, 2], "listed": odd})
    write_catalogue(rows.finished(), tmp_path / f"c.{ending}")
    assert found_in(tmp_path / f"c.{ending}", "a,b") == ["x,y", "x,y"]


# -- which row is of which cutout -----------------------------------------------


@understood(
    "galaxies.csv", "A name in another case, with another ending, with blanks",
    "read",
    "It is of the cutout: exact names count first, then any case, then without the "
    "ending, then with blanks and underscores alike, then an id in the name.",
)  # fmt: skip
@pytest.mark.parametrize(
    ("header", "name", "file"),
    [
        ("file", "ngc1.fits", "NGC1.FITS"),
        ("file", "NGC1", "ngc1.fits.gz"),
        ("File Name", " ngc1.png ", "NGC1.jpg"),
        ("file", "C:\\data\\ngc1.fits", "NGC1.fits"),
        ("NAME", "ngc 1", "NGC_1.fits"),
        ("name", "NGC 1", "ngc1.fits"),
        ("name", "ngc1.fits", "NGC1.fits"),
        ("name", "caf\u00e9", "CAFE\u0301.png"),
        ("OBJID", str(LONG), f"{LONG}.jpg"),
    ],
)
def test_names_match_as_people_write_them(tmp_path, header, name, file):
    written(tmp_path, f"{header},Redshift\nother,0.1\n{name},0.5\n".replace(
        "other,", "123456789," if header == "OBJID" else "other,"
    ))  # fmt: skip
    galaxy, words = galaxy_of(Source(Path(file).stem, (tmp_path / file,)))
    assert galaxy is not None
    assert galaxy.redshift == 0.5
    assert words == ()


@understood(
    "galaxies.csv", "Two rows for one file", "read",
    "The first counts; it is said where they differ.",
)  # fmt: skip
@understood(
    "galaxies.csv", "Two rows whose names may both be the cutout's", "ignored",
    "None is taken where they differ, and the rows are named.",
)  # fmt: skip
def test_rows_in_doubt_are_said(tmp_path):
    written(tmp_path, "file,redshift\na.png,0.5\na.png,0.6\nb.png,1\nb.png,1\n")
    galaxy, words = galaxy_of(Source("a", (tmp_path / "a.png",)))
    assert galaxy is not None
    assert galaxy.redshift == 0.5
    assert "rows 1, 2 match this cutout" in " ".join(words)
    galaxy, words = galaxy_of(Source("b", (tmp_path / "b.png",)))
    assert (galaxy is not None, words) == (True, ())
    other = tmp_path / "other"
    other.mkdir()
    written(other, "file,redshift\na.png,0.5\nA.png,0.6\n")
    galaxy, words = galaxy_of(Source("A", (other / "A.PNG",)))
    assert galaxy is None
    assert "rows 1, 2 may match this cutout" in " ".join(words)
    galaxy, words = galaxy_of(Source("A", (other / "A.png",)))
    assert galaxy is not None
    assert galaxy.redshift == 0.6


@understood(
    "galaxies.csv", "No row for a cutout, rows for no cutout", "ignored",
    "The cutout's note says it; so does what is said when a folder is opened.",
)  # fmt: skip
def test_what_has_no_partner_is_said(tmp_path):
    first, second = picture(tmp_path, "a.png"), picture(tmp_path, "bb.png")
    written(tmp_path, "file,redshift\na.png,0.5\nc.png,1\n")
    assert any("no row for this cutout" in n for n in read_cutout(second).notes)
    assert not any("no row" in n for n in read_cutout(first).notes)
    (words,) = rows_without_cutout([first, second])
    assert words.startswith("1 row matches no cutout here")
    assert words.endswith(": c.")


@understood(
    "galaxies.csv", "Its own name in another case, or another ending of a table",
    "read", "Galaxies.CSV, GALAXIES.txt, galaxies.tsv and galaxies.votable count.",
)  # fmt: skip
@understood(
    "galaxies.csv", "galaxies.xlsx", "ignored",
    "The note of each cutout says that a spreadsheet has to be saved as CSV.",
)  # fmt: skip
@pytest.mark.parametrize("name", ["Galaxies.CSV", "GALAXIES.csv", "galaxies.txt"])
def test_the_table_may_have_other_names(tmp_path, name):
    written(tmp_path, "file,redshift\na.png,0.5\n", name)
    galaxy, _ = galaxy_of(Source("a", (tmp_path / "a.png",)))
    assert galaxy is not None
    (tmp_path / name).rename(tmp_path / "galaxies.xlsx")
    galaxy, words = galaxy_of(Source("a", (tmp_path / "a.png",)))
    assert galaxy is None
    assert "save it as CSV" in " ".join(words)


def test_what_was_guessed_of_the_table_is_a_note_of_the_cutout(tmp_path):
    source = picture(tmp_path, "a.png")
    written(tmp_path, "file;ra;dec;pixscale\na.png;150,1;2,2;0,5\n")
    cutout = read_cutout(source)
    assert cutout.scale == 0.5
    assert cutout.wcs is not None
    assert any("decimal comma" in note for note in cutout.notes)


def test_no_text_is_a_traceback(tmp_path):
    for number, text in enumerate(("a,b\n1", ";;;\n1;2", "sep=;\n", "a;b\n1,2,3;x")):
        with suppress(ClumpError):
            read_table(written(tmp_path, text, f"{number}.csv"))
