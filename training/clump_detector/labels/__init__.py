"""Labels: this program's label sets, and those of other programs and catalogues."""
