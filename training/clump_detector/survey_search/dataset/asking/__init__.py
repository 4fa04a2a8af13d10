"""What users ask of a dataset: expressions, questions, and the conditions on boxes."""
