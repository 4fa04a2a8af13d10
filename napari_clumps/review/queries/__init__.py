"""What is read of a whole review at once: queue, counts, statistics, all boxes."""
