"""Text of others, such as names of files, on one line of a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` with everything escaped that would break a line or steer a terminal.

    >>> printable("a\\nb.txt")
    'a\\\\nb.txt'
    """
    if text.isprintable():
        return text
    text = text.encode("utf-8", "backslashreplace").decode()  # bytes that are no UTF-8
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
