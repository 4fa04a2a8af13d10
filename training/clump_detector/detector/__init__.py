"""The detector: encoder, network, weights, and finding clumps on a cutout."""
