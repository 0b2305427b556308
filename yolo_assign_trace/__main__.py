"""``python -m yolo_assign_trace``, and the installed command: what has to be done before anything is imported."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from typing import NoReturn

from .basics.interrupts import end_at_once

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Imports make some 300,000 objects that live to the end; to look for garbage among them takes a tenth of the start."""


def main() -> NoReturn:
    """Entry point of the command."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # the last thing of all: what is done is done
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    end_at_once()  # until there is a run that could clean up
    from .cli.main import main as command

    command()


if __name__ == "__main__":
    if not sys.flags.safe_path:  # Python puts the current folder before everything else, and a torch.py there too
        sys.path.append(sys.path.pop(0))
    main()
