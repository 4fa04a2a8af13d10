"""Experiments on encoders: pretraining and comparison."""
