"""Numbers of things in words."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 box``, ``2 boxes``, ``0 anchors``.

    >>> count(1, "box"), count(3, "box"), count(2, "candidate pair")
    ('1 box', '3 boxes', '2 candidate pairs')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('x', 's')) else 's'}"
