"""Find, review and learn giant star-forming clumps in galaxies, in napari."""

__version__ = "0.1.0"
