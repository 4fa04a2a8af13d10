"""Random patches of sky as lists of sources: galaxies, clumps, stars."""
