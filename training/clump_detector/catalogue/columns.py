"""The columns of a clump catalogue: names as Popp et al. published them, and ours.

A column without a band is in every catalogue. Those of a band are there for every band
that some cutout has, in the order of wavelength: ``clump_flux_{band}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from clump_detector.fluxes.extinction import SOURCE as EXTINCTION_SOURCE
from clump_detector.fluxes.magnitudes import COLOURS
from clump_detector.image_files.bands import wavelength
from clump_detector.images.artefacts.kinds import KINDS
from clump_detector.photometry.objects.chances import OBJECTS, WORDS
from clump_detector.photometry.structure.values import VALUES

ColumnKind = Literal["int", "float", "bool", "text"]

#: Where a band's place is in a name.
BAND = "{band}"


@dataclass(frozen=True)
class Column:
    """A column of the catalogue.

    Attributes
    ----------
    name : str
    kind : {"int", "float", "bool", "text"}
        Integers have 64 bits; missing values are masked.
    description : str
    unit : str
        As the VOTable standard writes it; empty where there is none.
    ucd : str
        IVOA's word for what it is.
    optional : bool
        Whether the catalogue lacks it where no cutout has a value.
    """

    name: str
    kind: ColumnKind
    description: str
    unit: str = ""
    ucd: str = ""
    optional: bool = False

    @property
    def of_band(self) -> bool:
        """Whether it is for one column per band."""
        return BAND in self.name

    def in_band(self, band: str, suffix: str) -> Column:
        """Return the column of a band, whose name ends in a suffix.

        Parameters
        ----------
        band : str
            For the description.
        suffix : str
            For the name.
        """
        return replace(
            self,
            name=self.name.replace(BAND, suffix),
            description=self.description.replace(BAND, band),
            ucd=";".join(filter(None, [self.ucd, _em(band) if self.ucd else ""])),
        )


#: IVOA's words for parts of the spectrum, by the longest wavelength in nanometres.
_SPECTRUM = (
    (200, "em.UV.100-200nm"),
    (300, "em.UV.200-300nm"),
    (400, "em.opt.U"),
    (500, "em.opt.B"),
    (600, "em.opt.V"),
    (740, "em.opt.R"),
    (1000, "em.opt.I"),
    (1500, "em.IR.J"),
    (2000, "em.IR.H"),
    (3000, "em.IR.K"),
    (4000, "em.IR.3-4um"),
    (8000, "em.IR.4-8um"),
)


def _em(band: str) -> str:
    length = wavelength(band)
    if length is None:
        return ""
    return next((word for limit, word in _SPECTRUM if length <= limit), "em.IR")


_WHO = (
    Column("file", "text", "Image file, or the first of several", "",
           "meta.id;meta.file"),
    Column("galaxy_name", "text", "Name of the cutout", ucd="meta.id"),
    Column("held_out", "bool", "Whether the galaxy is kept for testing", "",
           "meta.code"),
    Column("specobjid", "int", "SDSS spectroscopic object id", ucd="meta.id"),
    Column("dr7objid", "int", "SDSS DR7 object id", ucd="meta.id"),
    Column("clump_id", "int", "Number of the clump", ucd="meta.id;meta.main"),
    Column("clump_label_id", "int",
           "Number of the class in the review: usually 1 clump, 2 odd clump", "",
           "meta.code"),
    Column("clump_label_name", "text", "Class", ucd="meta.code.class"),
    Column("clump_score", "float", "The model's confidence, 0 to 1", "",
           "stat.likelihood"),
    Column("status", "text", "accepted, edited, drawn or proposal", ucd="meta.code"),
    Column("tier", "text", "visually_confirmed, model_only, or disputed by reviewers",
           "", "meta.code.qual"),
    Column("clump_doubts", "text",
           "Reasons to doubt that it is a clump, joined by semicolons; none is good",
           "", "meta.code.qual"),
    Column("origin", "text", "Who drew the box first: model or person", "",
           "meta.code"),
    Column("annotator", "text", "Who decided last", ucd="meta.curation"),
    Column("model", "text", "Model that proposed the box", ucd="meta.id;meta.software"),
    Column("galaxy_flags", "text", "Flags of the galaxy, joined by semicolons", "",
           "meta.code"),
    Column("galaxy_remark", "text", "What a reviewer remarked on the galaxy", "",
           "meta.note"),
    Column("galaxy_tags", "text", "Tags of the galaxy, joined by semicolons", "",
           "meta.note"),
    Column("galaxy_interest", "int", "How interesting a reviewer found it, 0 to 3", "",
           "meta.code"),
)  # fmt: skip

_WHERE = (
    Column("clump_centre_ra", "float", "Right ascension of the clump's centre", "deg",
           "pos.eq.ra;meta.main"),
    Column("clump_centre_dec", "float", "Declination of the clump's centre", "deg",
           "pos.eq.dec;meta.main"),
    Column("clump_centre_px_x", "float",
           "Centre along columns, 0 in the middle of the first pixel", "pix",
           "pos.cartesian.x"),
    Column("clump_centre_px_y", "float",
           "Centre along rows, 0 in the middle of the first pixel", "pix",
           "pos.cartesian.y"),
    Column("clump_px_x1", "float", "Left side of the box", "pix", "pos.cartesian.x"),
    Column("clump_px_x2", "float", "Right side of the box", "pix", "pos.cartesian.x"),
    Column("clump_px_y1", "float", "First row side of the box", "pix",
           "pos.cartesian.y"),
    Column("clump_px_y2", "float", "Last row side of the box", "pix",
           "pos.cartesian.y"),
    Column("FWHM_r_px", "float",
           "FWHM of the PSF in r, or in the band the galaxy was found in", "pix",
           "instr.det.psf"),
)  # fmt: skip

_LIGHT = (
    Column("clump_flux_{band}", "float", "Total flux of the clump in {band}", "Jy",
           "phot.flux.density"),
    Column("clump_flux_err_{band}", "float", "Its error", "Jy",
           "stat.error;phot.flux.density"),
    Column("clump_counts_{band}", "float",
           "Total flux in {band} in the file's own unit, where that is not known", "",
           "phot.count"),
    Column("clump_counts_err_{band}", "float", "Its error", "",
           "stat.error;phot.count"),
    Column("clump_isophotal_flux_{band}", "float",
           "Flux in {band} of the clump's segment, without correction", "Jy",
           "phot.flux.density"),
    Column("clump_isophotal_counts_{band}", "float",
           "Flux in {band} of the clump's segment in the file's own unit, where that "
           "is not known", "", "phot.count"),
    Column("clump_mag_{band}", "float", "AB magnitude in {band} as measured", "mag",
           "phot.mag"),
    Column("clump_mag_err_{band}", "float", "Its error", "mag", "stat.error;phot.mag"),
    Column("clump_ext_mag_{band}", "float",
           f"Galactic extinction in {{band}}: {EXTINCTION_SOURCE}", "mag",
           "phys.absorption.gal"),
    Column("clump_mag_corr_{band}", "float",
           "AB magnitude in {band} without Galactic extinction", "mag", "phot.mag"),
    Column("clump_flux_ratio_{band}", "float",
           "Flux of the clump over that of its galaxy in {band}", "",
           "phot.flux.density;arith.ratio"),
    Column("aperture_correction_{band}", "float",
           "Factor from the aperture's net flux to the total flux in {band}", "",
           "arith.factor"),
    Column("psf_fwhm_px_{band}", "float", "FWHM of the PSF in {band}", "pix",
           "instr.det.psf"),
)  # fmt: skip

_LOOKS = (
    Column("clump_looks_like", "text",
           "What the box holds by its look, whatever the model's score: "
           + ", ".join(OBJECTS), "", "meta.code.class"),
    *(Column(f"clump_chance_{name}", "float",
             f"Chance by its look that it is {WORDS[name]}, among as many of each kind",
             "", "stat.probability") for name in OBJECTS),
)  # fmt: skip

_OTHERS = (
    Column("clump_star_distance_fwhm", "float",
           "Distance to the nearest star on the cutout, in FWHM of the PSF; missing "
           "where none is seen", "", "pos.distance;arith.ratio", optional=True),
    Column("clump_galaxy_distance_fwhm", "float",
           "Distance to the nearest galaxy beside the clump's own, in FWHM of the PSF; "
           "missing where none is seen", "", "pos.distance;arith.ratio", optional=True),
    Column("galaxy_stars", "int", "Stars on the cutout, by their look", "",
           "meta.number", optional=True),
    Column("galaxy_neighbours", "int", "Other galaxies on the cutout, by their look",
           "", "meta.number", optional=True),
)  # fmt: skip

_SHAPE = (
    Column("clump_flux_ratio", "float",
           "Flux of the clump over that of its galaxy, in u or the bluest band", "",
           "phot.flux.density;arith.ratio"),
    Column("clump_flux_ratio_band", "text", "The band of that ratio", "",
           "instr.bandpass"),
    Column("is_clump_3pct", "bool", "Whether the ratio is 3 % or more (Adams 2022)",
           "", "meta.code"),
    Column("is_clump_8pct", "bool", "Whether the ratio is 8 % or more (Guo 2015)", "",
           "meta.code"),
    Column("clump_width", "float", "How many times wider than the PSF the clump is", "",
           "phys.angSize;arith.ratio"),
    Column("clump_width_err", "float", "Its error", "", "stat.error;phys.angSize"),
    Column("clump_isophotal_area_px", "int",
           "Pixels of the clump's segment; missing where it does not stand out", "pix2",
           "phys.angArea"),
    Column("clump_isophotal_radius_arcsec", "float",
           "Radius of a circle of that area", "arcsec", "phys.angSize"),
    Column("clump_distance_px", "float", "Distance from the galaxy's centre", "pix",
           "pos.distance"),
    Column("clump_distance_arcsec", "float", "Distance from the galaxy's centre",
           "arcsec", "pos.angDistance"),
    Column("clump_distance_re", "float",
           "Distance from the galaxy's centre over its effective radius", "",
           "pos.distance;arith.ratio"),
    Column("clump_distance_kpc", "float",
           "Projected distance from the galaxy's centre (Planck 2018)", "kpc",
           "pos.distance"),
    Column("clump_flags", "int", "Quality flags, bits; 0 is good", "",
           "meta.code.qual"),
    Column("psf_source", "text",
           "Source of the PSF: given, list, header, image, stars or boxes", "",
           "meta.note"),
    Column("aperture_correction", "text", "The PSF model of the aperture correction",
           "", "meta.note"),
)  # fmt: skip

_HOST = (
    Column("galaxy_list_name", "text",
           "Name of the galaxy in its list, where the cutout has another", "",
           "meta.id"),
    Column("galaxy_ra", "float", "Right ascension of the galaxy", "deg", "pos.eq.ra"),
    Column("galaxy_dec", "float", "Declination of the galaxy", "deg", "pos.eq.dec"),
    Column("galaxy_z", "float", "Redshift of the galaxy", "", "src.redshift"),
    Column("galaxy_mag_{band}", "float",
           "AB magnitude of the galaxy in {band}: the list's, or as measured", "mag",
           "phot.mag"),
    Column("galaxy_flux_{band}", "float", "Flux of the galaxy in {band} as measured",
           "Jy", "phot.flux.density"),
    Column("galaxy_flux_err_{band}", "float", "Its error", "Jy",
           "stat.error;phot.flux.density"),
    Column("galaxy_counts_{band}", "float",
           "Flux of the galaxy in {band} in the file's own unit, where that is not "
           "known", "", "phot.count"),
    Column("galaxy_flux_kind", "text",
           "What its flux is: Petrosian (SDSS, round) or that of its segment", "",
           "meta.note"),
    Column("galaxy_radius_arcsec", "float",
           "Effective radius: the list's, or half of the measured light", "arcsec",
           "phys.angSize"),
    Column("galaxy_ebv", "float", "Galactic reddening E(B-V)", "mag",
           "phot.color.excess"),
    Column("galaxy_expAB_r", "float", "Axis ratio of the exponential fit in r (list)",
           "", "src.morph.param"),
    Column("galaxy_expRad_r", "float", "Radius of the exponential fit in r (list)",
           "arcsec", "phys.angSize"),
    Column("galaxy_lmass", "float", "Log of the stellar mass in solar ones (list)", "",
           "phys.mass"),
    Column("galaxy_lssfr", "float", "Log of the specific star formation rate (list)",
           "", "phys.SFR"),
)  # fmt: skip


def _colour_columns() -> tuple[Column, ...]:
    return tuple(
        Column(
            f"clump_colour_{blue}_{red}",
            "float",
            f"{blue} - {red}, without Galactic extinction where that is known",
            "mag",
            f"phot.color;{_em(blue)};{_em(red)}",
            optional=True,
        )
        for blue, red in COLOURS
    )


def _structure_columns() -> Iterator[Column]:
    """Yield the columns of a galaxy's structure, each with its error."""
    for value in VALUES:
        about = (value.description, value.unit)
        yield Column(value.column, "float", *about, value.ucd, optional=True)
        name, ucd = f"{value.column}_err", f"stat.error;{value.ucd}"
        yield Column(name, "float", "Its error", value.unit, ucd, optional=True)
    yield Column("galaxy_structure_band", "text", "Band that they were measured in", "",
                 "instr.bandpass", optional=True)  # fmt: skip
    yield Column("galaxy_structure_quality", "text",
                 "What statmorph says of them: good, suspect or bad", "",
                 "meta.code.qual", optional=True)  # fmt: skip


#: Of a galaxy's structure.
STRUCTURE = tuple(_structure_columns())


def _artefact_columns() -> Iterator[Column]:
    """Yield a column for each kind of artefact, and one for those on the box."""
    for kind, words in KINDS.items():
        yield Column(f"flag_auto_{kind}", "bool",
                     f"Found on the cutout by the program, and not refused: {words}",
                     "", "meta.code.qual", optional=True)  # fmt: skip
    yield Column("flag_auto_on_box", "text",
                 "Which of these lie on the clump's box, joined by semicolons", "",
                 "meta.code.qual", optional=True)  # fmt: skip


#: All columns, in their order.
COLUMNS = (
    *_WHO,
    *_artefact_columns(),
    *_WHERE,
    *_LIGHT,
    *_colour_columns(),
    *_LOOKS,
    *_OTHERS,
    *_SHAPE,
    *_HOST,
    *STRUCTURE,
)


def band_order(bands: Iterable[str]) -> list[str]:
    """Return bands by wavelength, those of unknown ones last, by name."""
    known = dict.fromkeys(bands)
    return sorted(known, key=lambda b: (wavelength(b) or 1e9, b))


def suffixes(bands: Iterable[str]) -> dict[str, str]:
    """Return what the names of a band's columns end in.

    FITS does not distinguish capital from small letters: of y and Y in one catalogue,
    the second is ``Y2``.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for band in bands:
        suffix, n = band, 1
        while suffix.lower() in taken:
            n += 1
            suffix = f"{band}{n}"
        taken.add(suffix.lower())
        found[band] = suffix
    return found
