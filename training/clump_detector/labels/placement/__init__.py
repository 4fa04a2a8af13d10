"""Which cutout an external label belongs to, and where on it."""
