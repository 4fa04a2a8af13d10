"""Cutouts of HiPS by the hips2fits service of CDS, through astroquery."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

from clump_detector.core.errors import FetchError
from clump_detector.galaxies.surveys.retry import TryAgain, check_status
from clump_detector.galaxies.surveys.services import Services

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from requests import Response

_SERVICE = "hips2fits"


class Hips:
    """A client of hips2fits for images with a given WCS.

    Parameters
    ----------
    services : Services
    """

    def __init__(self, services: Services) -> None:
        try:
            from astroquery.hips2fits import hips2fits
        except ImportError as error:
            raise _missing(error) from error
        self._client = hips2fits()  # not astroquery's shared instance
        self._client.timeout = services.timeout
        self._servers = services.hips_servers()

    def attempt(self, hips: str, wcs: WCS, kind: str, number: int) -> bytes:
        """Send one request and return the bytes of the image.

        Parameters
        ----------
        hips : str
            Identifier of a HiPS.
        wcs : astropy.wcs.WCS
            With its ``pixel_shape``.
        kind : {"fits", "jpg", "png"}
        number : int
            Number of the attempt, from 0; attempts alternate between the servers.

        Raises
        ------
        TryAgain
            If another attempt may work.
        FetchError
            If none will.
        """
        self._client.server = self._servers[number % len(self._servers)]
        response = self._response(hips, wcs, kind)
        words = "" if response.status_code == 200 else _words(response)
        check_status(response.status_code, response.headers, words, _SERVICE)
        return _as_image(response.content, kind)

    def _response(self, hips: str, wcs: WCS, kind: str) -> Response:
        import requests

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                response: Response = self._client.query_with_wcs_async(
                    hips=hips,
                    wcs=wcs,
                    format=kind,
                    min_cut=0.5,
                    max_cut=99.5,
                    stretch="linear",
                    cmap="Greys_r",
                )
            return response
        except ImportError as error:
            raise _missing(error) from error
        except requests.Timeout as error:
            raise TryAgain(f"{_SERVICE} did not answer in time") from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise TryAgain(f"{_SERVICE} sent an incomplete response") from error
        except requests.ConnectionError as error:
            raise _from_connection(error) from error
        except requests.RequestException as error:
            raise FetchError(
                f"{_SERVICE} cannot be reached ({error})",
                None,
                "Check the server's address.",
            ) from error


def _missing(error: ImportError) -> FetchError:
    return FetchError(
        f"downloading cutouts needs {error.name or error}",
        None,
        f"Install {error.name}.",
    )


def _from_connection(error: Exception) -> TryAgain:
    text = str(error)
    if "reset" in text.lower() or "aborted" in text.lower():
        return TryAgain(f"{_SERVICE} closed the connection")
    return TryAgain(f"{_SERVICE} cannot be reached", offline=True)


def _words(response: Response) -> str:
    """Return the service's message, which is JSON; '' for the HTML of proxies."""
    try:
        message = json.loads(response.text)
        return f"{message.get('title', '')} {message.get('description', '')}"
    except (ValueError, AttributeError):
        return ""


def _as_image(content: bytes, kind: str) -> bytes:
    starts = {"fits": b"SIMPLE  =", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG"}
    if content.startswith(starts[kind]):
        return content
    what = "a web page" if b"<html" in content[:1000].lower() else "something else"
    raise TryAgain(f"{_SERVICE} sent {what} instead of an image")
