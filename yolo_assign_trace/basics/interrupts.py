"""Ctrl-C: during a run it is an exception; before and after there is nothing to clean up, so it ends the process."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130

_received: list[int] = []


def end_at_once() -> None:
    """From now on Ctrl-C ends the process with one line and :data:`INTERRUPTED`."""
    _set(_end)


def raise_interrupt() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt."""
    _set(_raise)


def was_interrupted() -> bool:
    """Has Ctrl-C been pressed during a run? What was interrupted may make another exception of it."""
    return bool(_received)


def _set(handler: signal.Handlers | object) -> None:
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _end, _raise):  # otherwise somebody else decides
        signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    _received.append(number)
    raise KeyboardInterrupt


def _end(number: int, frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, b"interrupted\n")
    finally:
        os._exit(INTERRUPTED)
