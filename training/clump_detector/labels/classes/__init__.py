"""Names of classes: which are possible, and what other files call them."""
