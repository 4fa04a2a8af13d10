"""The cutouts of a review and their image files."""
