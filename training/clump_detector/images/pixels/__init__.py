"""Planes of pixels before they become a cutout: axes, bands, grids and limits."""
