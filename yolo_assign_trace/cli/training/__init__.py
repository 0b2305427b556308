"""Commands about trainings: one that records them, one that reads what was recorded."""
