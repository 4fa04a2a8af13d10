"""Reading and writing labels of other programs, and recognising their formats."""
