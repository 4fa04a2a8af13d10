"""What napari calls: readers, writers, samples and menu entries."""
