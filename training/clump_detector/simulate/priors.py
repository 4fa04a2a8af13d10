"""What is known of real clumps, hosts, surveys and confusers, with its source.

Magnitudes are AB, fluxes nanomaggies (22.5 mag), angles on the sky arcsec. Arrays of
five are u, g, r, i, z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats

Rng = np.random.Generator

BANDS = "ugriz"

#: FWHM of a Gaussian over its standard deviation, and standard deviation over median
#: absolute deviation. Rounded, unlike those in `clump_detector.photometry`: with more
#: digits simulated pictures would differ in a few pixels, and in their content hashes,
#: from those that released models learned from.
FWHM_PER_SIGMA = 2.3548
SIGMA_PER_MAD = 1.4826

#: Share of galaxies with clumps (Clump Scout, Adams et al. 2022).
CLUMPY_SHARE = 0.45

#: Share of clumpy galaxies with 1, 2, 3 ... visible clumps (Clump Scout boxes).
COUNT_SHARES = (0.259, 0.417, 0.179, 0.080, 0.036, 0.019, 0.006, 0.003, 0.001)

#: PSF's FWHM in pixels of a 400-px picture: the boxes' sides, 9.1 / 16.6 / 27.5 px
#: (5, 50, 95 %), over 2.5. Median and sigma of the logarithm.
PICTURE_FWHM = (6.64, 0.335)

#: Host's half-light radius in pixels of a 400-px picture, in two framings: as in Clump
#: Scout, where boxes lie 25 / 52 / 98 px from the centre (5, 50, 95 %), and as in
#: Galaxy Zoo and the labelled Stripe 82 galaxies, where they lie 10 / 29 / 63 px.
PICTURE_RE = ((40.0, 0.28), (25.0, 0.25))

#: Clump's distance from the centre in the disc's plane over the half-light radius:
#: 0.72 / 1.23 / 1.88 projected (16, 50, 84 %; Mehta et al. 2021).
CLUMP_RADIUS = (1.30, 0.42)

#: Clump's u flux over the host's: 0.0008 / 0.0067 / 0.043 (5, 50, 95 %; Mehta 2021).
FLUX_RATIO = (0.0067, 1.2)

#: Half of the clumpy galaxies get one clump above `STRONG`, or training would see few.
STRONG = 0.03
STRONG_SHARE = 0.5
STRONG_RATIO = (0.042, 0.4)

#: Mean r surface brightness within the half-light radius, mag / arcsec^2, from r 16.3
#: and 5.0 arcsec in the median (Mehta 2021), and its scatter.
SURFACE_BRIGHTNESS = (21.7, 0.55)

#: Stars to r = 23.5 on a square arcminute, from the galactic pole to a latitude of 30
#: degrees: with 0.22 dex a magnitude, 0.6 to 1.7 of them are brighter than r = 21.
STARS = (2.0, 6.0)

#: Share of frames with a star put on the host, beside those that fall there by chance,
#: which are as many at the pole. Many more would teach that a blue point is rather one.
STAR_ON_HOST = 0.06

#: Background galaxies on a square arcminute to a magnitude i, 46 * 10^(0.31 (i - 25))
#: (LSST Science Book 2009, section 3.7), and i is r - 0.5 for them.
NEIGHBOURS = 46.0
NEIGHBOURS_SLOPE = 0.31
NEIGHBOURS_ZERO = 25.5

#: Share of clumps that volunteers would call unusual.
ODD_SHARE = 0.03

#: Colours u-g, g-r, r-i, i-z: mean and scatter. Hosts and clumps from Mehta 2021.
CLUMP_COLOUR = ((0.42, 0.04, 0.02, 0.0), (0.32, 0.15, 0.08, 0.06))
YOUNG_COLOUR = ((0.75, 0.22, 0.10, 0.05), (0.12, 0.08, 0.04, 0.04))
OLD_COLOUR = ((1.35, 0.60, 0.32, 0.22), (0.15, 0.10, 0.05, 0.05))
BULGE_COLOUR = ((1.65, 0.76, 0.39, 0.30), (0.12, 0.08, 0.04, 0.04))


@dataclass(frozen=True)
class SimulatedSurvey:
    """Where and how deep the sky was seen.

    Attributes
    ----------
    name : str
    bands : str
        The three bands of its pictures, from blue to red.
    scale : float
        Arcsec per pixel of the detector.
    noise : tuple of float
        Sky noise per pixel in nanomaggies, for each band.
    fwhm : tuple of float
        PSF's FWHM: median in arcsec, sigma of the logarithm.
    gain : float
        Electrons per nanomaggy.
    more_noise : tuple of (str, float)
        Sky noise in other bands that the survey has.
    """

    name: str
    bands: str
    scale: float
    noise: tuple[float, float, float]
    fwhm: tuple[float, float]
    gain: float
    more_noise: tuple[tuple[str, float], ...] = ()

    def noise_in(self, bands: str) -> Floats:
        """Return the sky noise per pixel in nanomaggies, shape (bands,).

        Parameters
        ----------
        bands : str
            One letter each; a band that the survey does not have is a `KeyError`.
        """
        known = dict(zip(self.bands, self.noise, strict=True)) | dict(self.more_noise)
        return np.array([known[band] for band in bands])

    @property
    def all_bands(self) -> str:
        """All bands that it has, from blue to red."""
        return "".join(sorted((*self.bands, *dict(self.more_noise)), key=BANDS.index))

    def has(self, bands: str) -> bool:
        """Return whether the survey has all of these bands."""
        return set(bands) <= set(self.all_bands)


SURVEYS = {
    survey.name: survey
    for survey in (
        SimulatedSurvey(
            "sdss",
            "gri",
            0.396,
            (0.021, 0.030, 0.050),
            (1.43, 0.13),
            900.0,
            # By the survey's 5 sigma depths: 22.15, 23.13, 22.70, 22.20, 20.71.
            (("u", 0.052), ("z", 0.195)),
        ),
        SimulatedSurvey(
            "stripe82",
            "gri",
            0.396,
            (0.0050, 0.007, 0.012),
            (1.25, 0.07),
            1.6e4,
            # By those of Jiang et al. (2014): 23.9, 25.1, 24.6, 24.1, 22.8.
            (("u", 0.0151), ("z", 0.0416)),
        ),
        SimulatedSurvey(
            "legacy", "grz", 0.262, (0.0040, 0.0075, 0.017), (1.30, 0.12), 1e4
        ),
        SimulatedSurvey(
            "kids", "gri", 0.200, (0.0025, 0.0027, 0.008), (0.80, 0.12), 3e4
        ),
    )
}

#: How often each survey is drawn. Stripe 82 and SDSS are what the labels are made on.
SURVEY_SHARES = {"sdss": 0.36, "stripe82": 0.30, "legacy": 0.28, "kids": 0.06}


def fluxes(r_magnitude: float, colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fluxes in nanomaggies from an AB magnitude and colours.

    Parameters
    ----------
    r_magnitude : float
    colours : array of shape (4,)
        u-g, g-r, r-i, i-z.

    Returns
    -------
    array of shape (5,)
        In u, g, r, i, z.
    """
    ug, gr, ri, iz = colours
    magnitudes = r_magnitude + np.array([ug + gr, gr, 0.0, -ri, -ri - iz])
    return np.asarray(10 ** (-0.4 * (magnitudes - 22.5)))


def choose(rng: Rng, shares: dict[str, float]) -> str:
    """Draw one of several names.

    Parameters
    ----------
    rng : numpy.random.Generator
    shares : dict of str to float
        How often each is drawn; they add up to 1.
    """
    return list(shares)[rng.choice(len(shares), p=list(shares.values()))]


def lognormal(rng: Rng, median: float, sigma: float) -> float:
    """Draw a lognormal value.

    Parameters
    ----------
    rng : numpy.random.Generator
    median : float
    sigma : float
        Standard deviation of the natural logarithm.
    """
    return float(median * np.exp(rng.normal(0, sigma)))


def draw_colour(
    rng: Rng, distribution: tuple[tuple[float, ...], tuple[float, ...]]
) -> Floats:
    """Draw the colours u-g, g-r, r-i, i-z of one source, shape (4,).

    Parameters
    ----------
    rng : numpy.random.Generator
    distribution : (tuple of 4 float, tuple of 4 float)
        Means and scatter in magnitudes.
    """
    mean, scatter = (np.array(v) for v in distribution)
    # One deviate moves all colours together, as age and dust do; a small one each.
    return np.asarray(mean + scatter * (0.8 * rng.normal() + 0.6 * rng.normal(size=4)))
