"""What is said of the shown cutout as a whole: by the user, and by the program."""
