"""The panel for the dataset of a survey."""
