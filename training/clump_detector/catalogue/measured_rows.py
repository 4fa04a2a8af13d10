"""From what was measured on a cutout to the rows of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clump_detector.astrometry.wcs import sky_positions
from clump_detector.core.arrays import Floats, Mask
from clump_detector.fluxes.extinction import SOURCE as EXTINCTION_SOURCE
from clump_detector.fluxes.magnitudes import COLOURS, ab_magnitudes, in_jansky
from clump_detector.galaxies.galaxy import Galaxy
from clump_detector.images.cutout import Cutout
from clump_detector.photometry import MEANING, Measured
from clump_detector.photometry.objects.chances import (
    OBJECTS,
    likeliest,
    object_chances,
)
from clump_detector.photometry.results import BRIGHTER_LIMIT, FAINTER_LIMIT
from clump_detector.photometry.segments import Segments

from .builder import LISTED, Rows

#: Ids that the published catalogue has, by their columns' names.
IDS = ("specobjid", "dr7objid")

#: What a list gives for a galaxy beside the known columns, by our columns.
_FROM_LIST = {
    "galaxy_expAB_r": ("expab_r",),
    "galaxy_expRad_r": ("exprad_r",),
    "galaxy_lmass": ("lmass", "lgm_tot_p50", "logmass", "log_mass"),
    "galaxy_lssfr": ("lssfr", "specsfr_tot_p50", "logssfr", "log_ssfr"),
}


def clump_rows(
    cutout: Cutout, measured: Measured, segments: Segments | None = None
) -> Rows:
    """Return the columns that follow from a cutout's pixels and its list.

    Decisions, scores and names are the caller's to add.

    Parameters
    ----------
    cutout : Cutout
    measured : Measured
        Of the clumps in boxes on it.
    segments : Segments, optional
        Of the same clumps; without them the columns of segments are missing.

    Returns
    -------
    dict
        Columns' names, with ``{band}`` for those of a band, to arrays of shape (n,),
        values for all, or dictionaries by band.
    """
    rows: Rows = {"galaxy_name": cutout.name, **_where(cutout, measured)}
    rows |= _looks(cutout, measured)
    rows |= _shape(measured)
    if segments is not None:
        rows |= _isophotal(measured, segments)
    rows |= _of_galaxy(cutout, measured)
    if measured.bands:
        rows |= _light(measured)
        listed = rows.pop("galaxy_mag_{band}", {})
        rows |= _host_light(listed, measured)
    return rows


def _where(cutout: Cutout, measured: Measured) -> Rows:
    x1, y1, x2, y2 = measured.boxes.T
    rows = {
        "clump_centre_px_x": measured.x,
        "clump_centre_px_y": measured.y,
        "clump_px_x1": x1,
        "clump_px_x2": x2,
        "clump_px_y1": y1,
        "clump_px_y2": y2,
    }
    if cutout.wcs is not None and len(measured):
        ra, dec = sky_positions(cutout.wcs, measured.x, measured.y).T
        rows |= {"clump_centre_ra": ra % 360, "clump_centre_dec": dec}
    return rows


def _looks(cutout: Cutout, measured: Measured) -> Rows:
    """Return what the boxes look like; missing where that is not known."""
    chances = object_chances(cutout, measured.boxes)
    return {
        "clump_looks_like": likeliest(chances),
        **{f"clump_chance_{name}": chances[:, k] for k, name in enumerate(OBJECTS)},
    }


def _shape(measured: Measured) -> Rows:
    rows: Rows = {
        "clump_distance_px": measured.distance,
        "clump_distance_arcsec": measured.distance_arcsec,
        "clump_distance_re": measured.distance_in_radii,
        "clump_distance_kpc": measured.distance_kpc,
        "clump_flags": measured.flags,
        "FWHM_r_px": measured.fwhm,
        "psf_source": measured.psf_source,
    }
    if not measured.bands:
        return rows
    ratio = measured.blue_ratio
    known = np.isfinite(ratio)
    band = measured.ratio_band
    rows |= {
        "clump_flux_ratio": ratio,
        "clump_flux_ratio_band": None if band is None else measured.bands[band],
        "is_clump_3pct": np.ma.array(
            np.nan_to_num(ratio) >= FAINTER_LIMIT, mask=~known
        ),
        "is_clump_8pct": np.ma.array(
            np.nan_to_num(ratio) >= BRIGHTER_LIMIT, mask=~known
        ),
        "clump_width": measured.width,
        "clump_width_err": measured.width_error,
        "aperture_correction": measured.correction_name,
    }
    for blue, red in COLOURS:
        if blue in measured.bands and red in measured.bands:
            rows[f"clump_colour_{blue}_{red}"] = measured.colour(blue, red)
    return rows


def _light(measured: Measured) -> Rows:
    relative = np.isnan(in_jansky(np.ones(1), measured.jansky, len(measured.bands)))
    absolute = {
        "clump_flux_{band}": measured.flux_jy,
        "clump_flux_err_{band}": measured.error_jy,
        "clump_mag_{band}": measured.magnitude,
        "clump_mag_err_{band}": measured.magnitude_error,
        "clump_mag_corr_{band}": measured.magnitude_corrected,
    }
    always = {
        "clump_flux_ratio_{band}": measured.ratio,
        "aperture_correction_{band}": measured.correction,
        "psf_fwhm_px_{band}": np.array([[psf.fwhm for psf in measured.psfs]]),
    }
    counts = {
        "clump_counts_{band}": measured.flux,
        "clump_counts_err_{band}": measured.error,
    }
    extinct = {"clump_ext_mag_{band}": measured.extinction[None]}
    return {
        **_by_band(measured, absolute, ~relative),
        **_by_band(measured, extinct, ~relative),
        **_by_band(measured, counts, relative),
        **_by_band(measured, always, np.ones(len(relative), bool)),
    }


def _isophotal(measured: Measured, segments: Segments) -> Rows:
    """Return the light and the size of the clumps' segments."""
    there = segments.area > 0
    rows: Rows = {
        "clump_isophotal_area_px": np.ma.array(segments.area, mask=~there),
        "clump_isophotal_radius_arcsec": segments.radius * (measured.scale or np.nan),
    }
    if not measured.bands:
        return rows
    flux = in_jansky(segments.flux, measured.jansky, len(measured.bands))
    relative = np.isnan(in_jansky(np.ones(1), measured.jansky, len(measured.bands)))
    absolute = {"clump_isophotal_flux_{band}": flux}
    counts = {"clump_isophotal_counts_{band}": segments.flux}
    return {
        **rows,
        **_by_band(measured, absolute, ~relative),
        **_by_band(measured, counts, relative),
    }


def _by_band(
    measured: Measured, columns: dict[str, Floats], wanted: Mask
) -> dict[str, dict[str, Floats]]:
    """Return columns of shape (n, b), or (1, b) for all clumps, by band."""
    n = len(measured)
    return {
        name: {
            band: np.broadcast_to(values[:, k], (n,))
            for k, band in enumerate(measured.bands)
            if wanted[k]
        }
        for name, values in columns.items()
    }


def _host_light(listed: dict[str, float], measured: Measured) -> Rows:
    """Return the galaxy's light by band; magnitudes of the list count first."""
    host, n = measured.host, len(measured)
    if host is None:
        return {"galaxy_mag_{band}": listed}
    flux = in_jansky(host.flux, measured.jansky, len(measured.bands))
    error = in_jansky(host.error, measured.jansky, len(measured.bands))
    magnitude = ab_magnitudes(flux)
    for k, band in enumerate(measured.bands):
        magnitude[k] = listed.get(band, magnitude[k])
    by_band = {
        "galaxy_mag_{band}": magnitude,
        "galaxy_flux_{band}": flux,
        "galaxy_flux_err_{band}": error,
        "galaxy_counts_{band}": np.where(np.isnan(flux), host.flux, np.nan),
    }
    rows: Rows = {
        name: {
            band: np.full(n, values[k])
            for k, band in enumerate(measured.bands)
            if np.isfinite(values[k])
        }
        for name, values in by_band.items()
    }
    rows["galaxy_mag_{band}"] = {**listed, **rows["galaxy_mag_{band}"]}
    return rows | {"galaxy_flux_kind": host.kind}


def _of_galaxy(cutout: Cutout, measured: Measured) -> Rows:
    """Return what is known of the galaxy: its list first, then the image."""
    galaxy = cutout.galaxy
    rows: Rows = {}
    ra, dec = (None, None) if galaxy is None else (galaxy.ra, galaxy.dec)
    if (ra is None or dec is None) and cutout.wcs is not None and measured.host:
        position = sky_positions(cutout.wcs, measured.host.x, measured.host.y)[0]
        ra, dec = float(position[0]) % 360, float(position[1])
    radius = measured.effective_radius * (cutout.scale or np.nan)
    rows |= {"galaxy_ra": ra, "galaxy_dec": dec, "galaxy_radius_arcsec": radius}
    if galaxy is None:
        return rows
    rows |= {"galaxy_z": galaxy.redshift, "galaxy_ebv": galaxy.ebv}
    return rows | _listed(galaxy, cutout.name)


def _listed(galaxy: Galaxy, name: str) -> Rows:
    """Return what the list gives: under our columns where we have them, or its own."""
    rows: Rows = {"galaxy_mag_{band}": dict(galaxy.magnitudes)}
    known = {**galaxy.ids, **galaxy.other}  # ids with zeros before them are in both
    by_small = {str(column).lower(): column for column in reversed(known)}
    for column in IDS:
        found = by_small.get(column, "")
        rows[column] = galaxy.ids.get(found)
        if rows[column] is not None and str(rows[column]) == str(known[found]):
            del known[found]
    for column, names in _FROM_LIST.items():
        found = next((by_small[n] for n in names if n in by_small), "")
        rows[column] = _number(known.get(found))
        if rows[column] is not None:
            del known[found]
    if galaxy.name and galaxy.name != name:
        rows["galaxy_list_name"] = galaxy.name
    rows[LISTED] = {
        str(column): (value, galaxy.units.get(column, ""))
        for column, value in known.items()
    }
    return rows


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def describing(relative: Sequence[str] = ()) -> dict[str, object]:
    """Return what holds for a whole catalogue, for its metadata.

    Parameters
    ----------
    relative : sequence of str
        Names of cutouts whose fluxes have no physical unit.
    """
    meta: dict[str, object] = {
        "pixels": "counted from 0 in the middle of the first one",
        "aperture": "radius 1.125 FWHM, annulus 1.5 to 2.5 FWHM (Popp et al. 2023)",
        "fluxes": "total fluxes: net flux of the aperture times aperture_correction",
        "magnitudes": "AB",
        "extinction": EXTINCTION_SOURCE,
        "cosmology": "Planck 2018 (astropy)",
        "clump_flags": {
            str(bit.name): f"{int(bit)}: {words}" for bit, words in MEANING.items()
        },
    }
    if relative:
        meta["relative_fluxes"] = (
            f"{len(relative)} cutouts have no flux unit: their fluxes are in "
            "clump_counts_*, in the file's own unit"
        )
    return meta
