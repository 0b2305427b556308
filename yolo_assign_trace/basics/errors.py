"""The one error class for everything a user can cause."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from .plural import and_more
from .printable import printable

SHOWN_AT_MOST = 9
_LOOKED_THROUGH = 2000  # files of a folder


class Parameter(str):
    """The place of an error that is no file but a parameter, with its value if need be: ``imgsz``, ``shapes=study``.

    Texts name parameters between backquotes, in the same two forms. The command line makes its flags of them.
    """

    __slots__ = ()


class InputError(Exception):
    """Something the user gave cannot be used.

    Args:
        id: kebab-case name of the kind of error; stable, made for scripts.
        message: what is wrong and what was expected, in one sentence.
        where: the place, as ``file``, ``file:line``, ``tensor[index]`` or :class:`Parameter`.
        hint: what to do about it.
        others: more of the kind, found in the same go, so that they can be mended in one go.
    """

    def __init__(
        self, id: str, message: str, *, where: str = "", hint: str = "", others: Sequence[InputError] = ()
    ) -> None:
        super().__init__(message)
        self.others = tuple(others)
        self.id = id
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = []
        for error in (self, *self.others[:SHOWN_AT_MOST]):
            where = printable(error.where)
            where = f"`{where}`" if isinstance(error.where, Parameter) else where
            lines.append(f"{f'{where}: ' if where else ''}{printable(error.message)} [{error.id}]")
            if error.hint and (error is self or error.hint != self.hint):  # the same advice once is enough
                lines.append(f"  hint: {printable(error.hint)}")
        if len(self.others) > SHOWN_AT_MOST:
            lines.append(f"...{and_more(len(self.others), SHOWN_AT_MOST)}")
        return "\n".join(lines)


def reason_of(error: OSError | ValueError) -> str:
    """Why the operating system refused, in its words: ``permission denied``."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def near_file(path: str) -> str:
    """``did you mean labels.txt?`` for a file that does not exist beside one of nearly this name; empty otherwise."""
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in islice(entries, _LOOKED_THROUGH)]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"did you mean {Path(folder, near[0])}?" if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for an unknown name: near matches if there are any, otherwise all the names."""
    names = list(known)
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(by_lower[n] for n in near) + "?"
    return "one of: " + ", ".join(names)
