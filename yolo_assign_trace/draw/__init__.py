"""Still pictures of a stored trace, with matplotlib (the extra ``draw``). Needs no torch."""
