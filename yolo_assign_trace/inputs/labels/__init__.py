"""One label file: rules by release, rows, findings."""
