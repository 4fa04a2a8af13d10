"""Distortions in a header: which can be used, and notes on the others.

SIP polynomials (Shupe et al. 2005, ADASS XIV, 491) are checked term by term; those in
tables or in notations of other programs are not supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from clump_detector.core.fits_header import AnyHeader, fortran_number, value_of

#: Distortions given in tables or in notations of their own.
_TABLES = re.compile(r"C[PQ]DIS\d|D2IMDIS\d|D2IMARR|AMD[XY]\d+")

_SIP = re.compile(r"([AB]P?)_(ORDER|\d_\d)")

#: Polynomials of a higher order are not distortions of a camera.
_MOST_ORDER = 9


def distortion_cards(
    header: AnyHeader, ctype: str, *, is_plain: bool, is_alternate: bool
) -> tuple[dict[str, float], list[str]]:
    """Return the cards of a usable distortion, and clauses on the others.

    Parameters
    ----------
    header : astropy.io.fits.Header or mapping
    ctype : str
        The type of the first axis of the sky, in capitals.
    is_plain : bool
        Whether the axes of the sky are the header's first and second one, which SIP
        needs.
    is_alternate : bool
        Whether the sky is that of an alternate description, which has no distortion of
        its own.

    Returns
    -------
    (dict, list of str)
    """
    notes: list[str] = []
    names = [str(key) for key in header.keys()]  # noqa: SIM118 - blank cards, too
    tables = [n for n in names if _TABLES.fullmatch(n)]
    if tables:
        notes.append(
            f"the distortion of {tables[0]} is not supported, positions are without it"
        )
    if is_alternate:
        return {}, notes
    if ctype.endswith(("TNX", "ZPX")):
        notes.append(
            "the distortion in the cards WAT1_001 is not supported, positions are "
            "without it"
        )
    sip = {n for n in names if _SIP.fullmatch(n)}
    promised = "-SIP" in ctype
    terms = _sip_terms(header, sip) if is_plain else None
    if terms:
        return terms, notes
    if promised or any(n in ("A_ORDER", "B_ORDER") for n in sip):
        notes.append(
            "the distortion (SIP) was not understood, positions are without it"
        )
    return {}, notes


def _sip_terms(header: AnyHeader, names: Iterable[str]) -> dict[str, float] | None:
    """Return the terms of a SIP distortion, or None where one is not usable."""
    terms: dict[str, float] = {}
    for name in sorted(names):
        number = fortran_number(value_of(header, name))
        if number is None:
            return None
        if name.endswith("ORDER"):
            if number != int(number) or not 0 <= number <= _MOST_ORDER:
                return None
            number = int(number)
        terms[name] = number
    if not {"A_ORDER", "B_ORDER"} <= set(terms):
        return None
    if not {"AP_ORDER", "BP_ORDER"} <= set(terms):  # then astropy inverts by iteration
        terms = {n: v for n, v in terms.items() if n[1] != "P"}
    return terms
