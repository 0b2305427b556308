"""Numbers of things in words."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """``1 box``, ``2 boxes``, ``0 anchors``.

    >>> count(1, "box"), count(3, "box"), count(2, "candidate pair")
    ('1 box', '3 boxes', '2 candidate pairs')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('x', 's')) else 's'}"


def and_more(total: int, shown: int, noun: str = "") -> str:
    """What stands behind the first ``shown`` of ``total`` things; nothing if these are all.

    >>> and_more(8, 5), and_more(6, 5, "box"), and_more(5, 5)
    (' and 3 more', ' and 1 more box', '')
    """
    if total <= shown:
        return ""
    return f" and {count(total - shown, f'more {noun}') if noun else f'{total - shown} more'}"


def cut_list(names: Sequence[str], most: int) -> str:
    """The first ``most`` of the names, and how many more there are.

    >>> cut_list(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    return ", ".join(names[:most]) + and_more(len(names), most)
