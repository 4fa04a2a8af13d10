"""What the plugin says and keeps of models: descriptions, thresholds, advice."""
