"""The smooth light of a galaxy on elliptical isophotes, and what is left without it."""
