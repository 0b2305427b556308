"""Nothing of ours may harm a training: the first failure is one warning, after which all of ours stays quiet."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Guard:
    """Runs what is ours and lets no exception out; only Ctrl-C and the like pass through.

    Args:
        drop: told why, when the first failure has switched everything off.
        who: whose it is, ``watch`` or ``fast``.
    """

    def __init__(self, drop: Callable[[str], None] = lambda why: None, who: str = "watch") -> None:
        self.off = False
        self._drop = drop
        self._who = who

    def run(self, work: Callable[..., Any], *arguments: Any) -> None:
        if self.off:
            return
        try:
            work(*arguments)
        except Exception as error:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        if self.off:
            return
        self.off = True
        with contextlib.suppress(Exception):
            why = described(error)
            say(f"switched off, the training goes on: {why}", self._who)
            self._drop(why)


def described(error: Exception) -> str:
    """What went wrong and where, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def say(text: str, who: str = "watch") -> None:
    """One line to stderr."""
    with contextlib.suppress(Exception):  # nobody may be reading it
        sys.stderr.write(f"yolo-assign {who}: {text}\n")
        sys.stderr.flush()
