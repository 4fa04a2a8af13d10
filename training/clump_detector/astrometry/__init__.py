"""Sky coordinates: the WCS of a cutout, and how headers give it."""
