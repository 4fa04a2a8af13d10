"""Reading FITS files of surveys: HDUs, values, tiles, flags and PSF."""
