"""The clumps of Adams et al. (2022, ApJ 931, 16), Table 3.

The columns are those of the journal's machine-readable table, which the CDS keeps as
J/ApJ/931/16: ``CRAdeg`` and ``CDEdeg`` are the clump's position in degrees, ``GRAdeg``
and ``GDEdeg`` the galaxy's, ``SDSS`` its id, ``rFWHM`` the PSF's FWHM in the r band in
arcsec, ``fLu`` the ratio of the fluxes of clump and galaxy in the u band, ``Unusual``
whether volunteers marked it as unusual. There are no boxes: a clump gets one of 2.5
FWHM.
"""

from __future__ import annotations

from clump_detector.labels.classes.names import DEFAULT_CLASSES
from clump_detector.labels.coordinates import sky_position
from clump_detector.labels.external import ForeignBox, ForeignLabels, Losses

from .table import LabelTable

ORIGIN = "Adams et al. 2022"

#: The CDS's name of the catalogue.
CATALOGUE = "J/ApJ/931/16"

_ID = ("SDSS", "specobjid", "objid")
_YES = ("1", "1.0", "true", "t", "y", "yes")


def is_adams(grid: LabelTable) -> bool:
    """Return whether a table is this one, by its columns."""
    return None not in _position(grid, "C")


def _position(grid: LabelTable, of: str) -> tuple[str | None, str | None]:
    """Return the columns of right ascension and declination of a C(lump) or G(alaxy).

    The CDS may name them with another ending than the journal, such as ``CRA_ICRS``.
    """
    ra, dec = (
        grid.find(f"{of}{axis}deg", *grid.like(f"{of}_?{axis}(_?ICRS|_?J2000)?"))
        for axis in ("RA", "DE")
    )
    return ra, dec


def read_adams(grid: LabelTable) -> ForeignLabels:
    """Return the labels of the table."""
    losses = Losses()
    columns = (*_position(grid, "C"), *_position(grid, "G"))
    ra, dec, host_ra, host_dec = (grid.numbers(name) for name in columns)
    fwhm = grid.numbers(grid.find("rFWHM"))
    column = grid.find(*_ID)
    ids, unusual = grid.integers(column), grid.words(grid.find("Unusual"))
    boxes = []
    for i in range(len(grid)):
        number = ids[i]
        sky = sky_position(ra[i], dec[i], host=(host_ra[i], host_dec[i]), fwhm=fwhm[i])
        if sky is None:
            losses.add(
                "a clump without a position", "" if number is None else str(number)
            )
            continue
        cls = DEFAULT_CLASSES[unusual[i].lower() in _YES]
        known = {} if number is None or column is None else {column: number}
        boxes.append(ForeignBox(cls=cls, sky=sky, ids=known))
    return ForeignLabels("adams", ORIGIN, grid.path, tuple(boxes), None, losses)
