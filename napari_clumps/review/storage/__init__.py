"""The file of a review: SQLite, its log, and what keeps it safe."""
