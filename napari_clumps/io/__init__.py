"""Import and export of labels, format by format."""
