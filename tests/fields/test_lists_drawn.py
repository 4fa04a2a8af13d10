"""Lists drawn at random: what comes in goes into the catalogue to the last digit."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from clump_detector.catalogue import CatalogueBuilder, write_catalogue
from clump_detector.catalogue.measured_rows import _listed
from clump_detector.galaxies.read import GalaxyList, read_galaxies
from tests.fields.properties import checked


@dataclass(frozen=True)
class Written:
    """A list as somebody's program writes it, and what it means.

    Attributes
    ----------
    text : str
    ids : list of str
        Digits, with zeros before them where there are any.
    values : list of Decimal
        Of the column ``bar_frac``.
    positions : list of (Decimal, Decimal)
        Right ascension and declination in degrees.
    """

    text: str
    ids: list[str]
    values: list[Decimal]
    positions: list[tuple[Decimal, Decimal]]


@st.composite
def lists(draw: st.DrawFn) -> Written:
    """Draw a list with ids, in some writing of numbers and columns."""
    n = draw(st.integers(1, 5))
    digits = draw(st.sampled_from([3, 10, 18, 19, 20, 30]))
    zeros = "0" * draw(st.sampled_from([0, 0, 2]))
    id_of = st.integers(10 ** (digits - 1), 10**digits - 1)
    ids = [f"{zeros}{draw(id_of)}" for _ in range(n)]
    places = draw(st.integers(1, 7))

    def number(least: int, most: int) -> Decimal:
        whole = draw(st.integers(least * 10**places, most * 10**places))
        return Decimal(whole).scaleb(-places)

    values = [number(-2000, 2000) for _ in range(n)]
    positions = [(number(0, 359), number(-89, 89)) for _ in range(n)]
    mark = draw(st.sampled_from(".,"))
    thousands = draw(
        st.sampled_from(["", "", "", "'", "\u202f", "," if mark == "." else "."])
    )
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    as_text = draw(st.booleans())

    def written(value: Decimal) -> str:
        whole, _, fraction = f"{value:.{places}f}".partition(".")
        if thousands:
            whole = f"{int(whole):,}".replace(",", thousands)
            whole = f"-{whole}" if value < 0 and not whole.startswith("-") else whole
        return f"{whole}{mark}{fraction}"

    out = io.StringIO()
    names = ["name", "RA", "Dec", "ObjID", "bar_frac", ""]
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=quoting,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    empty = draw(st.integers(0, 2))
    writer.writerow(names[:5] + [""] * empty)
    for i in range(n):
        digits_of = f'="{ids[i]}"' if as_text else ids[i]
        row = [f"g{i}", *map(written, positions[i]), digits_of, written(values[i])]
        writer.writerow(row + [""] * empty)
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return Written(bom + out.getvalue(), ids, values, positions)


@checked(lists)
def check_list_reaches_catalogue(drawn: Written) -> None:
    """Assert that values are exact in the catalogue, or are named as no numbers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        path.write_bytes(drawn.text.encode())
        galaxies = read_galaxies(path, positions=False)
        assert len(galaxies) == len(drawn.ids)
        unclear = [w for w in galaxies.warnings if "ambiguous" in w]
        _check_positions(galaxies, drawn, bool(unclear))
        rows = CatalogueBuilder()
        for galaxy in galaxies:
            rows.add(1, {"clump_id": [1], **_listed(galaxy, galaxy.name)})
        out = Path(folder, "catalogue.csv")
        write_catalogue(rows.finished(), out)
        with out.open() as file:
            made = list(csv.DictReader(file))
    assert [row["ObjID"] for row in made] == drawn.ids
    for row, value in zip(made, drawn.values, strict=True):
        if "bar_frac" not in " ".join(unclear):
            assert float(row["bar_frac"]) == float(value)


def _check_positions(galaxies: GalaxyList, drawn: Written, unclear: bool) -> None:
    for galaxy, (ra, dec) in zip(galaxies, drawn.positions, strict=True):
        for value, right in ((galaxy.ra, ra), (galaxy.dec, dec)):
            assert value == float(right) or (value is None and unclear)


@given(lists())
@settings(max_examples=250, deadline=None)
def test_lists_reach_the_catalogue(drawn: Written) -> None:
    check_list_reaches_catalogue(drawn)


def test_the_strategies_draw_what_is_checked() -> None:
    assert isinstance(lists(), SearchStrategy)
