"""Training: samples, augmentation, fitting, cross-validation and the new model."""
