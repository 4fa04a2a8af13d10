"""Artefacts on cutouts: what is no galaxy on them and may be taken for clumps.

`search.find_artefacts` looks for every kind in `kinds.KINDS`; each find has its reason
and its place.
"""
