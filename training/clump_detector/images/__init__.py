"""Cutouts: reading them, their RGB images, and which show the same galaxy."""
