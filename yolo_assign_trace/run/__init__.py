"""What a run starts from, the run itself, and what it tells its observers."""
