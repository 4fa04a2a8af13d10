"""Planes of pixels, before they are a cutout: axes, band names, grids and limits."""
