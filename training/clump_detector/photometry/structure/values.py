"""What is measured of a galaxy's structure, with units and sources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from clump_detector.core.arrays import Floats


@dataclass(frozen=True)
class Value:
    """A number of a galaxy's structure.

    Attributes
    ----------
    column : str
        Its column in tables.
    description : str
    unit : str
        Empty where it has none.
    ucd : str
        IVOA's word for what it is.
    beyond : float
        Share of the value that simulated galaxies are off beyond what resampling shows.
    floor : float
        The same, as a difference.
    """

    column: str
    description: str
    unit: str = ""
    ucd: str = "src.morph.param"
    beyond: float = 0.0
    floor: float = 0.0


#: All of them, in the order of `Structure.values`.
VALUES = (
    Value("galaxy_elliptical_mag", "AB magnitude within two elliptical Petrosian radii",
          "mag", "phot.mag", beyond=0.05),
    Value("galaxy_sersic_re_arcsec", "Effective semi-major axis of the Sersic fit",
          "arcsec", "phys.angSize", beyond=0.06),
    Value("galaxy_sersic_n", "Sersic index", "", "src.morph.param"),
    Value("galaxy_sersic_ratio", "Minor over major axis of the Sersic fit"),
    Value("galaxy_half_light_arcsec",
          "Semi-major axis of the ellipse with half of the light, PSF included",
          "arcsec", "phys.angSize", beyond=0.08),
    Value("galaxy_petrosian_arcsec", "Elliptical Petrosian semi-major axis", "arcsec",
          "phys.angSize"),
    Value("galaxy_concentration", "Concentration (Conselice 2003)"),
    Value("galaxy_asymmetry", "Asymmetry (Conselice 2003)"),
    Value("galaxy_smoothness", "Clumpiness S (Conselice 2003)"),
    Value("galaxy_gini", "Gini coefficient (Lotz et al. 2004)"),
    Value("galaxy_m20", "M20 (Lotz et al. 2004)"),
    Value("galaxy_bulge_statistic", "F(G, M20) (Snyder et al. 2015)"),
    Value("galaxy_bulge_fraction",
          "Share of a de Vaucouleurs bulge in the light of it and an exponential disc",
          floor=0.15),
)  # fmt: skip

#: The numbers of those that follow the pixels' scale, or are a flux.
FLUX, LENGTHS = 0, (1, 4, 5)

#: The number of the half-light radius.
HALF_LIGHT = 4

#: What statmorph's flags say, from 0.
QUALITY = ("good", "suspect", "bad", "bad", "failed")


@dataclass(frozen=True)
class Structure:
    """The structure of a galaxy in one band.

    Attributes
    ----------
    band : str
    values : array of shape (len(VALUES),)
        In the order of `VALUES`; lengths in pixels, the magnitude as a flux in the
        units of the pixels. NaN where it was not measured.
    error : array of shape (len(VALUES),)
        From resampling; NaN without.
    covariance : array of shape (len(VALUES), len(VALUES))
        Of the resampled values.
    quality : str
        One of `QUALITY`, of statmorph's own checks.
    sersic_good : bool
        Whether the Sersic fit converged.
    samples : int
        How many resampled images gave values.
    notes : tuple of str
        Sentences for the user.
    """

    band: str
    values: Floats
    error: Floats
    covariance: Floats
    quality: str
    sersic_good: bool
    samples: int
    notes: tuple[str, ...] = field(default=())

    def in_units(
        self, scale: float | None, jansky: float | None
    ) -> tuple[Floats, Floats]:
        """Return values and errors in the units of their columns.

        Parameters
        ----------
        scale : float or None
            Arcsec per pixel; lengths are NaN without.
        jansky : float or None
            Jy per unit of the pixels; the magnitude is NaN without.
        """
        values, error = self.values.copy(), self.error.copy()
        for k in LENGTHS:
            values[k] *= scale or np.nan
            error[k] *= scale or np.nan
        flux = values[FLUX]
        positive = flux if flux > 0 else np.nan
        error[FLUX] = 2.5 / np.log(10) * error[FLUX] / positive
        values[FLUX] = -2.5 * np.log10(positive * (jansky or np.nan) / 3631)
        return values, error
