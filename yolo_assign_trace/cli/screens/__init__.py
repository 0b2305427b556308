"""What the commands print: text made of results, and the terminal it goes to."""
