"""Where the cutouts of a survey come from, one module for each kind of source."""
