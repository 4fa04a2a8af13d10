"""A review to and from files of other programs, format by format."""
