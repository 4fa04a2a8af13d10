"""Cutouts: reading them, their RGB images, and finding copies of one galaxy."""
