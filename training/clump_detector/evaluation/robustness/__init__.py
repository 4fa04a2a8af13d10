"""What becomes of completeness and purity as images get worse."""
