"""What files of images hold, and how it becomes the pixels of a cutout."""
