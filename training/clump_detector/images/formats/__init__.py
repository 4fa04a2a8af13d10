"""Reading image files other than FITS: numpy arrays, pictures and TIFF."""
