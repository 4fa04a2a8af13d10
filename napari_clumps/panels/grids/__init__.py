"""Panels of many small images: the gallery of boxes and the filmstrip."""
