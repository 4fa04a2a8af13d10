"""Images, thumbnails and readouts of cutouts for display. No Qt."""
