"""Grids of very many small images."""
