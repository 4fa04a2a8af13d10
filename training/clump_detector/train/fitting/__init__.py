"""Fitting a detector to samples: its steps, their inputs, and validation."""
