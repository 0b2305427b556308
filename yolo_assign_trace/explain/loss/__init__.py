"""What boxes and anchors cost, and why: answers from a trace that has the stage ``loss``. Needs no torch."""
