"""Widgets about the classes of boxes."""
