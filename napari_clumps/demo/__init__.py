"""The demo: windows opened from the command line, and the tour by script."""
