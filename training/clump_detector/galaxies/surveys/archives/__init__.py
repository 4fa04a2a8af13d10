"""The services that images come from: hips2fits, and the fields of SDSS."""
