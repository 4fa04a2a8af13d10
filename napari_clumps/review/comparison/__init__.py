"""Comparison of two reviews: matching boxes and cutouts, and the agreement."""
