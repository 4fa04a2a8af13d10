"""The samples that a training learns from: read from a label set, and augmented."""
