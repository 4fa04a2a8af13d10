"""Lists of galaxies: any table with positions, and what its columns mean."""
