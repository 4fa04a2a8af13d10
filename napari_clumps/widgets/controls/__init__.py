"""Rows, tables and plots that panels are made of."""
