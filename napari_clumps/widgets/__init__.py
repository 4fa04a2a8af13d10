"""Qt widgets: they lay out and forward, and decide nothing."""
