"""Models that make head outputs of pictures."""
