"""The command line: one small file per command; the only place that prints messages, exits or knows typer."""
