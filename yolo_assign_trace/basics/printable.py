"""Text of others, such as names of files, on one line of a terminal."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """``text`` with everything escaped that would break a line or steer a terminal.

    >>> printable("a\\nb.txt")
    'a\\\\nb.txt'
    """
    if text.isprintable():
        return text
    text = text.encode("utf-8", "backslashreplace").decode()  # bytes that are no UTF-8
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def printable_json(text: str) -> str:
    r"""The same JSON without characters that steer a terminal.

    >>> print(printable_json('{"name": "\x9b2J"}'))
    {"name": "\u009b2J"}
    """
    if text.isascii() and "\x7f" not in text:  # all below a space is escaped in any JSON
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
