"""What brings patches into child processes: an environment that they inherit. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

STARTUP = Path(__file__).parent / "startup"
"""Holds the sitecustomize that patches a process as it starts."""


def child_environment(variable: str, text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What child processes need in their environment, beside what is in it, to be patched as ``variable`` says."""
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path and path != str(STARTUP)]
    return {variable: text, "PYTHONPATH": os.pathsep.join([str(STARTUP), *paths])}


class Environment:
    """Variables of this process that are changed for a while."""

    def __init__(self) -> None:
        self._had: dict[str, str | None] = {}

    def set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self._had[name] = os.environ.get(name)
            os.environ[name] = value

    def restore(self) -> None:
        for name, value in self._had.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._had = {}
