"""Which images and label files there are, how large the images are, and all labels counted."""
