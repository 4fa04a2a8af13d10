"""The session of a window: the open review, navigation, decisions and display."""
