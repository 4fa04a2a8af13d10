"""The window's session: the open review, going through it, deciding, and display."""
