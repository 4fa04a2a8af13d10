"""Marks over the canvas that are on no layer: the mouse goes through them."""
