"""Verbs that measure: a model on labels, and two catalogues against each other."""
