"""How the command talks: results to stdout, messages to stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

UNCUT = 1 << 20
"""Width of output that no terminal shows: nothing is wrapped or cut."""


def result_console() -> Console:
    """Rich console on stdout. Tensors are full of [brackets] and :colons:, so nothing in them is markup."""
    return _console(stderr=False)


def message_console() -> Console:
    """Rich console on stderr."""
    return _console(stderr=True)


def say(message: str, style: str = "") -> None:
    """One message to stderr, coloured on a terminal."""
    try:
        if sys.stderr.isatty():
            message_console().print(message, style=style, soft_wrap=True)
        else:
            sys.stderr.write(message.rstrip("\n") + "\n")
    except OSError:
        pass  # nobody reads the messages


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNCUT
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)
