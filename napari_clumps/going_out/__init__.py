"""What goes out of a review to other programs, format by format."""
