"""Basic parts: errors, files, boxes, bands, FITS headers, sources of images."""
