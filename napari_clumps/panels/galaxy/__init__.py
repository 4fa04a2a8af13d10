"""Panels about the shown galaxy as a whole."""
