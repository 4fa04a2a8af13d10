"""The columns of tables about cutouts as a whole: isophotes, structure, sources."""

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

#: Of a table with a row for each star or galaxy beside the cutouts' galaxies.
OTHER_SOURCES = (
    _FILE,
    _NAME,
    Column("kind", "text", "star, galaxy or unclear, by its look", "",
           "meta.code.class"),
    Column("chance_star", "float",
           "Chance by its look that it is a star, among as many stars as galaxies; "
           "missing where it cannot be told", "", "stat.probability"),
    Column("on_galaxy", "bool",
           "Whether it lies on the galaxy in the middle, or touches it", "",
           "meta.code"),
    Column("ra", "float", "Right ascension", "deg", "pos.eq.ra;meta.main"),
    Column("dec", "float", "Declination", "deg", "pos.eq.dec;meta.main"),
    Column("px_x", "float",
           "Middle of its light along columns, 0 in the middle of the first pixel",
           "pix", "pos.cartesian.x"),
    Column("px_y", "float",
           "Middle of its light along rows, 0 in the middle of the first pixel", "pix",
           "pos.cartesian.y"),
    Column("area_px", "int", "Pixels of its segment", "pix2", "phys.angArea"),
    Column("distance_fwhm", "float",
           "Distance from the middle galaxy's centre in FWHM of the PSF", "",
           "pos.distance;arith.ratio"),
    Column("flux_{band}", "float",
           "Flux in {band} of its segment above the sky, or the galaxy's smooth light",
           "Jy", "phot.flux.density"),
    Column("flux_err_{band}", "float", "Its error, of the noise alone", "Jy",
           "stat.error;phot.flux.density"),
    Column("counts_{band}", "float",
           "The same in the file's own unit, where that is not known", "",
           "phot.count"),
    Column("counts_err_{band}", "float", "Its error, of the noise alone", "",
           "stat.error;phot.count"),
    Column("mag_{band}", "float", "AB magnitude in {band} of that flux", "mag",
           "phot.mag"),
)  # fmt: skip

#: Of a table with a row for each galaxy.
GALAXIES = (_FILE, _NAME, *STRUCTURE)
