"""Where the services are, and how politely they are asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from clump_detector.core.paths import cache_folder

#: Environment variables that name other servers, such as a mirror or one's own.
HIPS_VARIABLE = "NAPARI_CLUMPS_HIPS2FITS"
SKYSERVER_VARIABLE = "NAPARI_CLUMPS_SKYSERVER"
SAS_VARIABLE = "NAPARI_CLUMPS_SDSS_SAS"

_MIRROR = "https://alaskybis.cds.unistra.fr/hips-image-services/hips2fits"


@dataclass(frozen=True)
class Services:
    """How the surveys' services are asked.

    Attributes
    ----------
    hips, skyserver, sas : str
        Addresses of hips2fits, of SDSS's catalogue and of its images; empty for those
        that astroquery is configured with.
    pace : float
        Seconds between the starts of two requests, at least.
    timeout : float
        Seconds without a byte after which a request counts as lost.
    attempts : int
        How often a request is tried.
    patience : float
        Seconds of the first pause before another attempt; the next are twice as long.
    longest : float
        Seconds that a service may ask to wait; if it asks for more, all ends.
    cache : path or None
        Where responses are kept; None for nowhere.
    cache_bytes : int
        The oldest are removed beyond this.
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
        """Return the addresses of hips2fits, with its mirror where it has one."""
        if self.hips:
            return (self.hips,)
        from astroquery.hips2fits import conf

        first = str(conf.server)
        return (first, _MIRROR) if "alasky.cds" in first else (first,)
