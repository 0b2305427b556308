"""What commands about a whole dataset print."""
