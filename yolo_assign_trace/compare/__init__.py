"""Two finished traces, held against each other: where they first differ and what that did."""
