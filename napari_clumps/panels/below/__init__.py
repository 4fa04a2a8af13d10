"""Panels below the canvas, of many galaxies or boxes at once."""
