"""The columns of tables about galaxies as a whole: isophotes, and structure."""

from __future__ import annotations

from .columns import STRUCTURE, Column

_FILE = Column("file", "text", "Image file, or the first of several", "",
               "meta.id;meta.file")  # fmt: skip
_NAME = Column("galaxy_name", "text", "Name of the cutout", ucd="meta.id")

#: Of a table with a row for each isophote.
ISOPHOTES = (
    _FILE,
    _NAME,
    Column("kind", "text", "isophotes: each ellipse was fitted; Sersic: all have the "
           "shape of one profile", "", "meta.code"),
    Column("fitted_in", "text", "Band whose light gave the shapes", "",
           "instr.bandpass"),
    Column("centre_px_x", "float",
           "Centre along columns, 0 in the middle of the first pixel", "pix",
           "pos.cartesian.x"),
    Column("centre_px_y", "float",
           "Centre along rows, 0 in the middle of the first pixel", "pix",
           "pos.cartesian.y"),
    Column("semi_major_px", "float", "Semi-major axis", "pix", "phys.angSize.smajAxis"),
    Column("semi_major_arcsec", "float", "Semi-major axis", "arcsec",
           "phys.angSize.smajAxis"),
    Column("ellipticity", "float", "1 - minor over major axis", "", "src.ellipticity"),
    Column("ellipticity_err", "float",
           "Its error; missing where the shape was not fitted", "",
           "stat.error;src.ellipticity"),
    Column("angle_px", "float",
           "Major axis from the columns' direction towards higher rows", "deg",
           "pos.posAng"),
    Column("angle_err", "float", "Its error; missing where the shape was not fitted",
           "deg", "stat.error;pos.posAng"),
    Column("position_angle", "float", "Major axis on the sky, from North over East",
           "deg", "pos.posAng"),
    Column("pixels", "int", "Number of pixels that gave the light", "", "meta.number"),
    Column("light_{band}", "float",
           "Light per pixel above the sky in {band}, in the file's unit", "",
           "phot.count"),
    Column("light_err_{band}", "float", "Its error", "", "stat.error;phot.count"),
    Column("mu_{band}", "float", "AB surface brightness in {band}", "mag/arcsec2",
           "phot.mag.sb"),
    Column("mu_err_{band}", "float", "Its error", "mag/arcsec2",
           "stat.error;phot.mag.sb"),
)  # fmt: skip

#: Of a table with a row for each artefact.
ARTEFACTS = (
    _FILE,
    _NAME,
    Column("kind", "text", "What it is: one of the columns flag_auto_* of a catalogue",
           "", "meta.code"),
    Column("reason", "text", "What was seen there", "", "meta.note"),
    Column("px_x1", "float", "Left side of its place", "pix", "pos.cartesian.x"),
    Column("px_x2", "float", "Right side of its place", "pix", "pos.cartesian.x"),
    Column("px_y1", "float", "First row of its place", "pix", "pos.cartesian.y"),
    Column("px_y2", "float", "Last row of its place", "pix", "pos.cartesian.y"),
)  # fmt: skip

#: Of a table with a row for each galaxy.
GALAXIES = (_FILE, _NAME, *STRUCTURE)
