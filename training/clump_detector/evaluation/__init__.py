"""How well a model does: metrics, comparison, injected clumps, plots."""
