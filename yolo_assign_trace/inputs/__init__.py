"""Files to arrays: the only readers. Nothing here needs torch, so that bad input is told at once."""
