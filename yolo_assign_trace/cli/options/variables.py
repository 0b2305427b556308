"""``YOLO_ASSIGN_`` variables: what is said of those that no option reads, and of those that an error is about."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

PREFIX = "YOLO_ASSIGN_"
_FLAG = re.compile(r"--([a-z][a-z0-9-]*)")


def unknown_variables(command: Any) -> list[str]:
    """A sentence for every variable that looks like an option's and is none's.

    Args:
        command: the group of all commands.
    """
    given = sorted(name for name in os.environ if name.startswith(PREFIX))
    if not given:
        return []
    known = {one.envvar for sub in command.commands.values() for one in sub.params if one.envvar}
    sentences = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            sentences.append(f"no option reads the variable {name}" + (f"; is {near[0]} meant?" if near else ""))
    return sentences


def variables_behind(text: str, arguments: Iterable[str]) -> Sequence[str]:
    """The variables that gave the options which ``text`` names, because no flag did."""
    flags = dict.fromkeys(_FLAG.findall(text))
    typed = {argument.partition("=")[0] for argument in arguments}
    names = [(f"--{flag}", PREFIX + flag.replace("-", "_").upper()) for flag in flags]
    return [name for flag, name in names if flag not in typed and name in os.environ]
