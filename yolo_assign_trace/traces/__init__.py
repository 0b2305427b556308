"""Finished traces: run.log and saved tensors read back, or a run just made. Needs no torch."""
