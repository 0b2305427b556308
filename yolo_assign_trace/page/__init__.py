"""One self-contained page to step through a stored trace: data, words and the page's own files."""
