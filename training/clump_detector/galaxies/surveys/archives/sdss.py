"""SDSS's own images, field by field, through astroquery."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from clump_detector.core.errors import FetchError
from clump_detector.galaxies.surveys.retry import TryAgain, check_status
from clump_detector.galaxies.surveys.services import Services

if TYPE_CHECKING:
    from astropy.io.fits import HDUList

_SERVICE = "SDSS"
_RELEASE = 17

_FIELD = ("run", "rerun", "camcol", "field")

#: Most fields that one cutout is combined from.
MOST_FIELDS = 8


class Sdss:
    """A client of SDSS for the fields around a position and their images.

    Parameters
    ----------
    services : Services
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    @contextmanager
    def _servers(self) -> Iterator[None]:
        """Set the servers that astroquery uses."""
        from astroquery.sdss import conf

        services = self._services
        skyserver = services.skyserver or conf.skyserver_baseurl
        sas = services.sas or conf.sas_baseurl
        with (
            conf.set_temp("skyserver_baseurl", skyserver),
            conf.set_temp("sas_baseurl", sas),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield

    def fields(self, ra: float, dec: float, radius: float) -> list[dict[str, int]]:
        """Return the fields of the primary survey within a radius, most objects first.

        Parameters
        ----------
        ra, dec, radius : float
            Degrees.

        Returns
        -------
        list of dict
            At most `MOST_FIELDS`, with run, rerun, camcol and field.

        Raises
        ------
        TryAgain
            If another attempt may work.
        FetchError
            If none will.
        """
        import requests
        from astroquery.sdss import SDSS

        # The database function takes arcmin. Only numbers are put into the query.
        query = (
            "SELECT p.run, p.rerun, p.camcol, p.field, COUNT(*) AS n "
            f"FROM dbo.fGetNearbyObjEq({ra:.7f}, {dec:.7f}, {60 * radius:.4f}) AS near "
            "JOIN PhotoPrimary AS p ON p.objID = near.objID "
            "GROUP BY p.run, p.rerun, p.camcol, p.field ORDER BY COUNT(*) DESC"
        )
        try:
            with self._servers():
                response = SDSS.query_sql_async(
                    query,
                    timeout=self._services.timeout,
                    data_release=_RELEASE,
                    cache=False,
                )
        except requests.Timeout as error:
            raise TryAgain(f"{_SERVICE} did not answer in time") from error
        except requests.RequestException as error:
            raise TryAgain(f"{_SERVICE} cannot be reached", offline=True) from error
        check_status(response.status_code, response.headers, response.text, _SERVICE)
        return _fields_in(response.text)

    def image(self, field: dict[str, int], band: str) -> bytes:
        """Return the image of a field in a band, as FITS bytes.

        Parameters
        ----------
        field : dict
            One of `fields`.
        band : str

        Raises
        ------
        TryAgain
            If another attempt may work.
        FetchError
            If none will.
        """
        from urllib.error import HTTPError, URLError

        from astropy.table import Table
        from astroquery.exceptions import TimeoutError as LateError
        from astroquery.sdss import SDSS

        matches = Table({key: [value] for key, value in field.items()})
        try:
            with self._servers():
                found = SDSS.get_images(
                    matches=matches,
                    band=band,
                    timeout=self._services.timeout,
                    cache=False,
                    data_release=_RELEASE,
                    show_progress=False,
                )
        except HTTPError as error:
            check_status(error.code, error.headers, "", _SERVICE)
            raise FetchError(f"{_SERVICE} refuses the request ({error})") from error
        except (LateError, TimeoutError) as error:
            raise TryAgain(f"{_SERVICE} did not answer in time") from error
        except URLError as error:
            raise TryAgain(f"{_SERVICE} cannot be reached", offline=True) from error
        except Exception as error:  # a truncated file, or not FITS
            raise TryAgain(f"{_SERVICE} sent an incomplete image ({error})") from error
        return _flux_plane(found[0])


def _fields_in(text: str) -> list[dict[str, int]]:
    """Return the fields of a response, a table in CSV."""
    from astropy.table import Table

    try:
        rows = Table.read(text, format="ascii.csv", comment="#")
        columns = [rows[k].tolist() for k in _FIELD]
        return [
            dict(zip(_FIELD, map(int, row), strict=True))
            for row in list(zip(*columns, strict=True))[:MOST_FIELDS]
        ]
    except Exception as error:  # a page that is not a table raises many kinds
        raise TryAgain(f"{_SERVICE} sent no table of fields") from error


def _flux_plane(hdus: HDUList) -> bytes:
    """Return the first image alone, without the sky and the tables after it."""
    from astropy.io import fits

    data = np.asarray(hdus[0].data, dtype=np.float32)
    if data.ndim != 2:
        raise TryAgain(f"{_SERVICE} sent no image")
    buffer = io.BytesIO()
    fits.PrimaryHDU(data, hdus[0].header).writeto(buffer, output_verify="ignore")
    return buffer.getvalue()
