"""Plots that panels show."""
