"""Two catalogues of clumps compared: two models, two people, a model and a table."""
