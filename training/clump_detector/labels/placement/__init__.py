"""Placing imported labels on cutouts: by name, id or sky position."""
