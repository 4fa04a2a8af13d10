"""Measured fluxes against true ones, on simulated galaxies.

``python -m clump_detector.evaluation.photometry`` prints them. A value measured on a
simulated sky does not hold for the real sky.
"""
