"""Verbs about galaxies as a whole: their isophotes and their structure."""
