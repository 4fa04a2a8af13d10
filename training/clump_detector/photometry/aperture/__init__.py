"""Light in apertures: background, PSF, centroid, profile and size."""
