"""Searching a whole survey: on a cluster, resumable, into a dataset of tables."""
