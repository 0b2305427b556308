"""Commands about whole datasets."""
