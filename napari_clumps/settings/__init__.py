"""Settings, shortcuts, and where reviews are kept."""
