"""The meaning of a galaxy list's columns: guessed from names, or chosen by the user.

The names are those of SDSS, the Legacy Surveys, Pan-STARRS, the NASA-Sloan Atlas,
VizieR and SExtractor, and common ones of users.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import ConfigError
from clump_detector.image_files.sources import BAND_ORDER

from .column_names import NamedColumn, bare, named_with_unit, plain, unit_of
from .positions import PositionColumns, find_positions, with_unit

if TYPE_CHECKING:
    from astropy.table import Table

#: Roles that the user can choose a column for, besides ``psf_r``, ``mag_g`` and any
#: ``...id``.
ROLES = ("ra", "dec", "coord", "name", "file", "redshift", "radius", "ebv", "scale")

_COORDS = ("coord", "coords", "coordinate", "coordinates", "position", "pos", "radec",
           "skycoord", "jname", "iauname", "designation")  # fmt: skip

_NAMES = ("name", "galaxy", "galaxyname", "object", "objname", "objectname", "target",
          "targetname", "sourcename", "mainid", "iauname", "jname")  # fmt: skip

_FILES = ("file", "filename", "image", "imagefile", "imagename", "fitsfile",
          "cutoutfile", "png", "jpg", "jpeg", "fits", "cutout", "path",
          "filepath")  # fmt: skip

_REDSHIFTS = ("redshift", "zspec", "specz", "zbest", "zhelio", "zhel", "zcmb", "zdist",
              "zsp", "z", "zphot", "photoz", "zph")  # fmt: skip

#: Half-light radii; the r band of each comes first.
_RADII = ("reff", "re", "petror50", "petroth50", "elpetroth50", "sersicth50", "exprad",
          "devrad", "shaper", "halflightradius", "effectiveradius", "r50", "rhalf",
          "radius")  # fmt: skip

_REDDENINGS = ("ebv", "ebvsfd", "ebminusv", "colourexcess")

_SCALES = ("pixscale", "pixelscale", "scale", "platescale", "arcsecperpixel")

_IDS = re.compile(
    r"id|.*[ _.]id|.*objid|.*objectid|(dr\d+|best|spec|phot|photo|obj|source|src|target"
    r"|galaxy|gal|host|survey|subject|image|nsa|cat|brick|sdss|gz|ls|ps1?|main)id"
    r"|id[ _.].*"
)

_PSF = re.compile(
    r"(?:psf_?fwhm|fwhm_?psf|psf_?width|psf_?size|seeing|psf)_?([ugrizy]?)"
)
_MAGNITUDE = re.compile(
    r"(?:(petro|cmodel|model|auto|kron|exp|dev)_?)?mag_?(?:auto_?)?([ugrizy])"
    r"|([ugrizy])_?mag|([ugrizy])"
)
#: Kinds of magnitudes of the whole galaxy, the best first.
_KINDS = ("petro", "cmodel", "model", "auto", "kron", "dev", "exp", "")


@dataclass(frozen=True)
class Columns:
    """The columns by their meaning; None or empty where there is no such column."""

    ra: NamedColumn | None = None
    dec: NamedColumn | None = None
    whole: PositionColumns | None = None
    coord: NamedColumn | None = None
    name: NamedColumn | None = None
    file: NamedColumn | None = None
    redshift: NamedColumn | None = None
    radius: NamedColumn | None = None
    ebv: NamedColumn | None = None
    scale: NamedColumn | None = None
    psf: Mapping[str, NamedColumn] = field(default_factory=dict)
    magnitudes: Mapping[str, NamedColumn] = field(default_factory=dict)
    ids: tuple[NamedColumn, ...] = ()

    @property
    def positions(self) -> PositionColumns | None:
        """All columns of the right ascension and the declination, or None."""
        if self.ra is None or self.dec is None:
            return None
        return self.whole or PositionColumns(self.ra, self.dec)

    @property
    def used(self) -> set[str]:
        """The names of all columns whose meaning is known."""
        single = (getattr(self, role) for role in ROLES)
        several = (*self.psf.values(), *self.magnitudes.values(), *self.ids)
        if self.positions is not None:
            several += self.positions.columns
        return {c.name for c in (*single, *several) if c is not None}

    def in_words(self) -> list[str]:
        """Return sentences on what is read from which column."""
        words = [
            ("Right ascension", self.ra), ("Declination", self.dec),
            ("Position", self.coord), ("Name", self.name), ("File", self.file),
            ("Redshift", self.redshift), ("Effective radius", self.radius),
            ("E(B-V)", self.ebv), ("Pixel scale", self.scale),
        ]  # fmt: skip
        lines = [f"{what}: {column}." for what, column in words if column is not None]
        whole = self.positions
        if whole is not None and len(whole.columns) > 2:
            parts = ", ".join(column.name for column in whole.columns)
            lines[:2] = [f"Position in parts: {parts}."]
        if whole is not None and whole.frame != "icrs":
            lines.append(f"Positions in {whole.frame} were converted to ICRS.")
        for what, found in (("PSF FWHM", self.psf), ("Magnitudes", self.magnitudes)):
            if found:
                lines.append(f"{what}: {', '.join(map(str, found.values()))}.")
        if self.ids:
            lines.append(f"Ids: {', '.join(map(str, self.ids))}.")
        return lines


def find_columns(
    table: Table, chosen: Mapping[str, str] | None = None, path: Path | None = None
) -> Columns:
    """Find the meaning of a table's columns.

    Parameters
    ----------
    table : astropy.table.Table
    chosen : mapping of str to str, optional
        By role, one of `ROLES`, ``psf``, ``psf_r``, ``mag_g`` or an id's name: the name
        of the column, with its unit in brackets where the file gives none or a wrong
        one (``RA[hourangle]``), or ``none`` for "there is none".
    path : path, optional
        For messages.

    Raises
    ------
    ConfigError
        If a role or a column is unknown.
    """
    named = [NamedColumn(name, unit_of(table, name)) for name in table.colnames]
    found = _guess(table, named)
    for role, wanted in (chosen or {}).items():
        found = _chosen(found, role, wanted, named, path)
    return found


def parse_choices(words: Iterable[str]) -> dict[str, str]:
    """Return choices of columns by role, from words such as ``ra=MYRA``.

    Raises
    ------
    ConfigError
        If a word is not of this form, or names an unknown role.
    """
    chosen = {}
    for word in words:
        role, mark, column = word.partition("=")
        if not mark or not column.strip():
            raise ConfigError(
                f"--column {word} names no column", None, "Write it as ra=MYRA."
            )
        chosen[_role(role)] = column.strip()
    return chosen


# -- guessing ---------------------------------------------------------------


def _guess(table: Table, named: Sequence[NamedColumn]) -> Columns:
    known: dict[str, NamedColumn] = {}
    for column in named:
        known.setdefault(plain(column.name), column)
    magnitudes = _magnitudes(table, named, known)
    redshift = _first(known, _REDSHIFTS, magnitudes.values())
    whole = find_positions(named)
    return Columns(
        ra=whole.ra if whole else None,
        dec=whole.dec if whole else None,
        whole=whole,
        coord=None if whole else _first(known, _COORDS),
        name=_first(known, _NAMES),
        file=_first(known, _FILES),
        redshift=redshift,
        radius=_radius(known),
        ebv=_first(known, _REDDENINGS),
        scale=_first(known, _SCALES),
        psf=_psf(named),
        magnitudes=magnitudes,
        ids=tuple(c for c in named if _IDS.fullmatch(bare(c.name))),
    )


def _first(
    known: Mapping[str, NamedColumn],
    names: Iterable[str],
    taken: Iterable[NamedColumn] = (),
) -> NamedColumn | None:
    others = {column.name for column in taken}
    return next(
        (known[n] for n in names if n in known and known[n].name not in others), None
    )


def _radius(known: Mapping[str, NamedColumn]) -> NamedColumn | None:
    names = (f"{name}{band}" for name in _RADII for band in ("", *"rigz"))
    return next((known[n] for n in names if n in known), None)


def _psf(named: Sequence[NamedColumn]) -> dict[str, NamedColumn]:
    """Return the columns of the PSF by band, those in arcsec before those in pixels."""
    found: dict[str, NamedColumn] = {}
    for column in sorted(named, key=lambda c: c.unit.startswith("pix")):
        match = _PSF.fullmatch(bare(column.name))
        if match:
            found.setdefault(match[1], column)
    return found


def _magnitudes(
    table: Table, named: Sequence[NamedColumn], known: Mapping[str, NamedColumn]
) -> dict[str, NamedColumn]:
    """Return the columns of magnitudes by band; a lone z may be one or a redshift."""
    ranked: dict[str, tuple[int, NamedColumn]] = {}
    for column in named:
        match = _MAGNITUDE.fullmatch(bare(column.name))
        if match is None or table[column.name].dtype.kind not in "fiu":
            continue
        band = match[2] or match[3] or match[4]
        rank = len(_KINDS) if match[4] else _KINDS.index(match[1] or "")
        if band not in ranked or rank < ranked[band][0]:
            ranked[band] = rank, column
    letters = {b for b, (rank, _) in ranked.items() if rank >= len(_KINDS)}
    if letters and not _are_magnitudes(table, ranked, letters, known):
        ranked = {b: kept for b, kept in ranked.items() if b not in letters}
    elif "z" in letters and not _is_magnitude(table, ranked["z"][1]):
        del ranked["z"]
    return {b: ranked[b][1] for b in BAND_ORDER if b in ranked}


def _are_magnitudes(
    table: Table,
    ranked: Mapping[str, tuple[int, NamedColumn]],
    letters: set[str],
    known: Mapping[str, NamedColumn],
) -> bool:
    """Return whether columns named by one letter are magnitudes: several, and large."""
    return len(letters & set("ugriz")) >= 3 and all(
        _is_magnitude(table, ranked[b][1]) for b in letters if b != "z"
    )


def _is_magnitude(table: Table, column: NamedColumn) -> bool:
    values = np.ma.masked_invalid(np.ma.asarray(table[column.name]).astype(float))
    good = values[(values > -90) & (values < 90)].compressed()
    return bool(len(good)) and float(np.median(good)) > 7


# -- choosing ---------------------------------------------------------------


def _role(word: str) -> str:
    role = word.strip()
    small = role.lower()
    if small in ROLES or re.fullmatch(r"psf(_[ugrizy])?|mag_[ugrizy]", small):
        return small
    if _IDS.fullmatch(bare(role)):
        return role
    raise ConfigError(
        f"a list of galaxies has no {role!r}",
        None,
        f"Choose columns for {', '.join(ROLES)}, psf_r, mag_g or an id.",
    )


def _chosen(
    found: Columns,
    role: str,
    wanted: str,
    named: Sequence[NamedColumn],
    path: Path | None,
) -> Columns:
    role = _role(role)
    column = None if wanted == "none" else _named(wanted, named, path)
    kind, _, band = role.partition("_")
    if kind == "psf":
        return replace(found, psf=_with(found.psf, band, column))
    if kind == "mag":
        return replace(found, magnitudes=_with(found.magnitudes, band, column))
    if role not in ROLES:
        kept = tuple(
            c for c in found.ids if c.name != (column or NamedColumn(role)).name
        )
        return replace(found, ids=kept if column is None else (*kept, column))
    if role == "coord":
        return replace(found, coord=column, ra=None, dec=None, whole=None)
    if role in ("ra", "dec"):
        column = column and with_unit(column)
        found = replace(found, coord=None, whole=_with_axis(found.whole, role, column))
    return replace(found, **{role: column})  # type: ignore[arg-type]


def _with_axis(
    whole: PositionColumns | None, role: str, column: NamedColumn | None
) -> PositionColumns | None:
    """Return the columns of positions with another column for one axis."""
    if whole is None or column is None:
        return None
    if role == "ra":
        return replace(whole, ra=column, ra_rest=(), frame="icrs")
    return replace(whole, dec=column, dec_rest=(), sign=None, frame="icrs")


def _with(
    found: Mapping[str, NamedColumn], band: str, column: NamedColumn | None
) -> dict[str, NamedColumn]:
    kept = {b: c for b, c in found.items() if b != band}
    return kept if column is None else {**kept, band: column}


def _named(wanted: str, named: Sequence[NamedColumn], path: Path | None) -> NamedColumn:
    by_name = {column.name: column for column in named}
    if wanted in by_name:
        return by_name[wanted]
    given = named_with_unit(wanted)
    if given is not None and given[0] in by_name:
        return NamedColumn(*given)
    near = difflib.get_close_matches(wanted, by_name, n=3, cutoff=0.5)
    listed = ", ".join(near or list(by_name)[:20])
    raise ConfigError(f"there is no column {wanted!r}", path, f"Choose of {listed}.")
