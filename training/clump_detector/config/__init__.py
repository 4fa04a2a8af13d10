"""The settings of a model and of its training, and recipes that hold them."""
