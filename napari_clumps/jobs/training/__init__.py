"""Retraining: its choices and curves, its run, and what it says."""
