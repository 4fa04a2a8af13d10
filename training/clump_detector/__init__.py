"""The engine: files, geometry, the detector, training and judging. No Qt, no napari."""
