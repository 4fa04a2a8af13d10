"""The review on napari's canvas: layers, camera, handles and overlays."""
