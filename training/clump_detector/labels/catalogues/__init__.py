"""Published catalogues of clumps, and any table of boxes or positions."""
