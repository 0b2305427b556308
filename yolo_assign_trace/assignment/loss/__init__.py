"""The loss of plain detection, a stage after ``normalize`` that runs only where it is asked for."""
