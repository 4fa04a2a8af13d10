"""Models without their network: cards, the registry, lineage, scale of the input."""
