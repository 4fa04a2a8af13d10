"""From cutouts to images on the screen, and what is read from them. No Qt."""
