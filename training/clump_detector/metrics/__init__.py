"""How well boxes were found: matching, calibration and score thresholds."""
