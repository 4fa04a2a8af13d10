"""The structure of a galaxy: size, shape, Sersic index, bulge, CAS, Gini, M20."""
