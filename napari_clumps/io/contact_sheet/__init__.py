"""A contact sheet of a review, as PDF or HTML."""
