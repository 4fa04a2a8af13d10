"""Addresses of the services, and the pace and limits of requests."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.paths import cache_folder

#: Environment variables that name other servers, such as a mirror.
HIPS_VARIABLE = "NAPARI_CLUMPS_HIPS2FITS"
SKYSERVER_VARIABLE = "NAPARI_CLUMPS_SKYSERVER"
SAS_VARIABLE = "NAPARI_CLUMPS_SDSS_SAS"

_MIRROR = "https://alaskybis.cds.unistra.fr/hips-image-services/hips2fits"


@dataclass(frozen=True)
class Services:
    """Addresses of the surveys' services, and the pace and limits of requests.

    Attributes
    ----------
    hips, skyserver, sas : str
        Addresses of hips2fits, of SDSS's catalogue and of its images; empty for those
        that astroquery is configured with.
    pace : float
        Least seconds between the starts of two requests.
    timeout : float
        Seconds without data after which a request fails.
    attempts : int
        Most attempts of a request.
    patience : float
        Seconds of the first pause before another attempt; each next one is twice as
        long.
    longest : float
        Most seconds that a service may ask to wait; beyond that the download ends.
    cache : path or None
        The folder of cached responses; None for no cache.
    cache_bytes : int
        Greatest size of the cache.
    """

    hips: str = field(default_factory=lambda: os.environ.get(HIPS_VARIABLE, ""))
    skyserver: str = field(
        default_factory=lambda: os.environ.get(SKYSERVER_VARIABLE, "")
    )
    sas: str = field(default_factory=lambda: os.environ.get(SAS_VARIABLE, ""))
    pace: float = 0.5
    timeout: float = 60.0
    attempts: int = 5
    patience: float = 1.0
    longest: float = 300.0
    cache: Path | None = field(default_factory=lambda: cache_folder() / "cutouts")
    cache_bytes: int = 2 * 1024**3

    def hips_servers(self) -> tuple[str, ...]:
        """Return the addresses of hips2fits, with its mirror if it has one."""
        if self.hips:
            return (self.hips,)
        from astroquery.hips2fits import conf

        first = str(conf.server)
        return (first, _MIRROR) if "alasky.cds" in first else (first,)
