"""Searching the cutouts of a review for artefacts, while nothing else is to be done."""
