"""How the command talks: results to stdout, messages to stderr."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from ...basics.printable import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, ConsoleOptions

_PARAMETER = re.compile(r"`([a-z][a-z0-9_]*)((?:=[^`]*)?)`")

UNCUT = 1 << 20
"""Width of output that no terminal shows: nothing is wrapped or cut."""


def prepare_streams() -> None:
    """Make stdout and stderr usable whatever the shell did to them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, as in `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the whole run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show · must not end the run


def forget_stdout() -> None:
    """Whoever read stdout has seen enough: let the rest go nowhere, also what Python flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(document: Any) -> None:
    """One JSON document to stdout."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    try:
        text = orjson.dumps(document, option=options).decode()
    except orjson.JSONEncodeError:  # the name of a file that is not UTF-8; Python's own writer escapes it
        text = json.dumps(document, indent=2)
    try:
        sys.stdout.write(printable_json(text) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        forget_stdout()


def print_line(text: str) -> None:
    """One line of results to stdout."""
    result_console().print(printable(text), soft_wrap=True)


def result_console() -> Console:
    """Rich console on stdout. Tensors are full of [brackets] and :colons:, so nothing in them is markup."""
    return _console(stderr=False)


def message_console() -> Console:
    """Rich console on stderr."""
    return _console(stderr=True)


def in_flags(text: str) -> str:
    """``text`` with the parameters that it names between backquotes as the flags that they are here.

    >>> in_flags("leave `imgsz` out, or choose a head: `shapes=yolov8`")
    'leave --imgsz out, or choose a head: --shapes yolov8'
    """
    return _PARAMETER.sub(lambda found: f"--{found[1].replace('_', '-')}{found[2].replace('=', ' ', 1)}", text)


def say(message: str, style: str = "", *more: str) -> None:
    """One message to stderr, and what stands in lines of its own below it; coloured on a terminal.

    Parameters become flags, and text of others cannot steer the terminal or break a line.
    """
    text = "\n".join(printable(in_flags(line)) for line in (message, *more))
    try:
        if sys.stderr.isatty():
            message_console().print(text, style=style, soft_wrap=True)
        else:
            sys.stderr.write(text + "\n")
    except OSError:
        pass  # nobody reads the messages


def _console(*, stderr: bool) -> Console:
    from rich.console import Console
    from rich.segment import Segment

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            # Rich would exit here; the run goes on, because log and files are still to be written
            self.quiet = True
            forget_stdout()

        def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            # whatever is shown passes here before it becomes text with Rich's own escape sequences
            for segment in super().render(renderable, options):
                text, style, control = segment
                if control is None and not text.isprintable():
                    segment = Segment("\n".join(map(printable, text.split("\n"))), style)  # noqa: PLW2901
                yield segment

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNCUT
    return Patient(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)
