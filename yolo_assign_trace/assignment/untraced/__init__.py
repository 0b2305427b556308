"""The assignment without a trace: only its five results, and those fast."""
