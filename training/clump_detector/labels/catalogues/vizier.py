"""Downloading a catalogue of the CDS through astroquery."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import LabelError

from .table import LabelTable

if TYPE_CHECKING:
    from astroquery.vizier import VizierClass

#: Prefix of a catalogue's name that tells it from a file.
PREFIX = "vizier:"

#: Seconds without a response after which a request fails.
PATIENCE = 120


def fetch_catalogue(name: str, server: str | None = None) -> list[LabelTable]:
    """Return the tables of a catalogue, all rows and columns.

    Parameters
    ----------
    name : str
        Such as ``J/ApJ/931/16``.
    server : str, optional
        A mirror, such as ``https://vizier.cfa.harvard.edu``.

    Raises
    ------
    LabelError
        If the service cannot be reached, or has no such catalogue.
    """
    from astroquery import cache_conf
    from astroquery.exceptions import TableParseError
    from requests import RequestException

    where = Path(PREFIX + name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A cached catalogue would become outdated.
            with cache_conf.set_temp("cache_active", False):
                tables = _client(server).get_catalogs(name)
    except (RequestException, TimeoutError, OSError) as error:
        raise LabelError(
            f"VizieR cannot be reached ({type(error).__name__})",
            where,
            "Check the network; or download the table from the journal or the CDS, "
            "and give the file.",
        ) from error
    except (TableParseError, ValueError, TypeError, KeyError) as error:
        raise LabelError(
            f"VizieR's response is not a table ({type(error).__name__})",
            where,
            "Try again later; or download the table, and give the file.",
        ) from error
    if not hasattr(tables, "keys") or not len(tables):
        raise LabelError(
            "VizieR has no such catalogue", where, "Check its name, as in J/ApJ/931/16."
        )
    return [LabelTable(where, tables[key]) for key in tables.keys()]  # noqa: SIM118


def _client(server: str | None) -> VizierClass:
    from astroquery.vizier import VizierClass

    class Mirror(VizierClass):  # type: ignore[misc]
        """A client of VizieR with a complete URL as its address."""

        def _server_to_url(self, return_type: str = "votable") -> str:
            assert server is not None
            return f"{server.rstrip('/')}/viz-bin/{return_type}"

    client = (VizierClass if server is None else Mirror)(columns=["**"], row_limit=-1)
    client.TIMEOUT = PATIENCE
    return client
