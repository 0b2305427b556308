"""The same inputs under many settings, counted and held against the first."""
