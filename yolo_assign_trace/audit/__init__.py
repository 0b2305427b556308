"""What a whole dataset can never teach: geometry alone, counted exactly over any number of label files."""
