"""Tables of positions as surveys, the CDS and people write them, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import strategies as st

from clump_detector.galaxies.read import read_galaxies
from clump_detector.labels.catalogues.table import read_grid
from tests.fields.properties import checked

#: How right ascension is called and how many of its units a degree is.
_RA = (
    ("ra", 1.0), ("RAdeg", 1.0), ("RA_deg", 1.0), ("_RAJ2000", 1.0), ("RA [deg]", 1.0),
    ("RAh", 1 / 15), ("ra_hours", 1 / 15), ("RA_h", 1 / 15), ("ra [hourangle]", 1 / 15),
    ("RA (hours)", 1 / 15), ("ra_hr", 1 / 15), ("ra [rad]", np.pi / 180),
    ("ra_radians", np.pi / 180), ("RA [arcsec]", 3600.0), ("RA_ICRS", 1.0),
    ("RA [Degrees]", 1.0), ("ra[h]", 1 / 15),
)  # fmt: skip
_DEC = (
    ("dec", 1.0), ("DEdeg", 1.0), ("DEC_deg", 1.0), ("_DEJ2000", 1.0),
    ("Dec [deg]", 1.0), ("dec [rad]", np.pi / 180), ("dec_radians", np.pi / 180),
    ("DEC (arcmin)", 60.0), ("DE_ICRS", 1.0),
)  # fmt: skip

_KINDS = ("numbers", "parts", "parts in words", "sexagesimal", "with unit", "galactic")
_STATED = {"deg": 1.0, "hourangle": 1 / 15, "rad": np.pi / 180, "arcmin": 60.0}


@dataclass(frozen=True)
class DrawnTable:
    """A table of positions, its ending, and the true ones in degrees of ICRS."""

    columns: dict[str, list[Any]]
    units: dict[str, str]
    ending: str
    ra: list[float]
    dec: list[float]


@st.composite
def position_tables(draw: st.DrawFn) -> DrawnTable:
    """Draw some positions and a way to write them."""
    n = draw(st.integers(1, 3))
    # Far enough from 24 degrees that hours are no question of the numbers.
    ra = [round(draw(st.floats(0.5, 359.5)), 6) for _ in range(n)]
    dec = [round(draw(st.floats(-89, 89)), 6) for _ in range(n)]
    kind = draw(st.sampled_from(_KINDS))
    ending = draw(st.sampled_from((".csv", ".ecsv", ".vot", ".fits")))
    places = SkyCoord(ra, dec, unit="deg")
    columns: dict[str, list[Any]] = {}
    units: dict[str, str] = {}
    if kind in ("numbers", "with unit"):
        (name, of_ra), (other, of_dec) = (
            draw(st.sampled_from(names)) for names in (_RA, _DEC)
        )
        if kind == "with unit":
            name, other, ending = "ra", "dec", ".ecsv"
            units = {"ra": draw(st.sampled_from(tuple(_STATED))), "dec": "deg"}
            of_ra, of_dec = _STATED[units["ra"]], 1.0
        columns = {name: [v * of_ra for v in ra], other: [v * of_dec for v in dec]}
    elif kind.startswith("parts"):
        h, d = places.ra.hms, places.dec.signed_dms
        columns = {"RAh": _whole(h.h), "RAm": _whole(h.m), "RAs": list(h.s)}
        columns["DE-"] = ["-" if s < 0 else "+" for s in d.sign]
        columns |= {"DEd": _whole(d.d), "DEm": _whole(d.m), "DEs": list(d.s)}
        if kind == "parts in words":  # with the sign on the degrees
            signs = columns.pop("DE-")
            pairs = zip(signs, columns["DEd"], strict=True)
            columns["DEd"] = [f"{sign}{v:02d}" for sign, v in pairs]
            ending = ".fits"
    elif kind == "sexagesimal":
        sep = draw(st.sampled_from((":", " ", "hms")))
        columns = {
            "RAJ2000": [p.ra.to_string("hour", sep=sep, precision=6) for p in places],
            "DEJ2000": [
                p.dec.to_string("deg", sep=sep.replace("hms", "dms"), precision=6)
                for p in places
            ],
        }
    else:
        columns = {"GLON": list(places.galactic.l.deg)}
        columns["GLAT"] = list(places.galactic.b.deg)
    return DrawnTable(columns, units, ending, ra, dec)


def _whole(values: Any) -> list[int]:
    return [int(v) for v in np.atleast_1d(values)]


def written(drawn: DrawnTable, folder: Path) -> Path:
    """Write a table with an object's id, and return where."""
    path = folder / f"list{drawn.ending}"
    table = Table(drawn.columns)
    for name, unit in drawn.units.items():
        table[name].unit = unit
    table["clump"] = np.arange(len(table))
    formats = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".vot": "votable"}
    table.write(path, format=formats.get(drawn.ending, "fits"), overwrite=True)
    return path


@checked(position_tables)
def check_positions(drawn: DrawnTable) -> None:
    """Hold that a table's positions are the true ones, whoever reads it."""
    with TemporaryDirectory() as folder:
        path = written(drawn, Path(folder))
        galaxies = read_galaxies(path)
        grid = read_grid(path)
    found = grid.find_positions()
    assert found is not None
    lists = [(g.ra, g.dec) for g in galaxies], grid.positions_in(found)
    truth = SkyCoord(drawn.ra, drawn.dec, unit="deg")
    for places in lists:
        assert len(places) == len(truth)
        here = SkyCoord(places, unit="deg")
        assert truth.separation(here).arcsec.max() < 0.01
