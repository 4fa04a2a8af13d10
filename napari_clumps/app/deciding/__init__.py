"""Decisions on the boxes of a cutout, by keys and with the mouse."""
