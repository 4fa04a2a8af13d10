"""Work in the background of the window: detection, training, downloads, exchange."""
