"""Observers of a run: console, run.log, safetensors file, memory, progress bar, and other people's."""
