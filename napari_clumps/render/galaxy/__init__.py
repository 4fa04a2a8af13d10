"""What is fitted to the shown galaxy in another process, and how it is put in words."""
