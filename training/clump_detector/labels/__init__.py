"""Labels: our own label sets, and those of other programs and catalogues."""
