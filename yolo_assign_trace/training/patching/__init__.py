"""Patches of classes: on import, in child processes, several around one method."""
