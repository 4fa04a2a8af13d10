"""What a model says of a cutout beside its boxes: embeddings, and how sure it is."""
