"""Models in the plugin: descriptions, thresholds, and advice after a training."""
