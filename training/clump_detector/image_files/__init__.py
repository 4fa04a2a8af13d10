"""Image files before they are read: which belong together, and their bands."""
