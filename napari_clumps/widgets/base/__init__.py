"""What all widgets share: dock widgets, keyboard, signals and small parts."""
