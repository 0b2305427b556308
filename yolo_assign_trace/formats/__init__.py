"""Text and files that some rooms write and others read back."""
