"""The stars and galaxies beside a cutout's galaxy, and stars in front of it."""
