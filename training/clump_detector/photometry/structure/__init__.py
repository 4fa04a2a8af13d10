"""The structure of a galaxy in numbers: size, shape, Sersic index, CAS, Gini, M20."""
