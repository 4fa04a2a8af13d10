"""What all widgets share: docks, keyboard, signals and small parts."""
