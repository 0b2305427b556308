"""The engine behind ``watch``: patches, what they see, what is recorded of it. docs/watch.md."""
