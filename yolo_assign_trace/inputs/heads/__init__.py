"""Feature-map shapes, head outputs and captured calls: from files, or drawn from a seed."""
