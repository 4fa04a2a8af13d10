"""Labels of other programs, file format by file format, and telling which one it is."""
