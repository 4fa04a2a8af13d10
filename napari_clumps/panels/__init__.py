"""The panels of the Plugins menu."""
