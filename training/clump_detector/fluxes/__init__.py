"""Flux units, zero points, magnitudes and Galactic extinction."""
