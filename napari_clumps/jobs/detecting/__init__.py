"""Detection: a model on the cutouts of a review or on an image layer."""
