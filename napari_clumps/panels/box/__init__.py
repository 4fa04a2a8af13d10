"""Pages about the current box: its photometry, and why a model proposes it."""
