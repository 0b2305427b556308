"""The command without the time that a process takes: on a terminal that is none, and forked from one that waits."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.cli.forked import Forked, Server
from tests.commands import Outcome


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def forked(folder: Path, server: Server) -> Iterator[Callable[..., Forked]]:
    """The command in a process of its own, as ``process`` starts it, but for torch, which is there already."""
    started: list[Forked] = []

    def start(*arguments: str, stdout: Any = None, stderr: Any = None, env: dict[str, str] | None = None) -> Forked:
        started.append(Forked(server, arguments, stdout, stderr, env or {}))
        return started[-1]

    yield start
    for run in started:  # a test that failed may have left one behind
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            run.wait(timeout=60)


@pytest.fixture
def on_screen(yolo_assign: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The lines that a command shows on a terminal so many cells wide, without colours; piped for None."""

    def call(columns: int | None, *arguments: str) -> list[str]:
        if columns is None:
            return yolo_assign(*arguments).out.splitlines()
        out = io.StringIO()
        options = {"force_terminal": True, "width": columns, "color_system": None, "highlight": False}
        console = Console(file=out, markup=False, emoji=False, **options)
        with monkeypatch.context() as patch:
            patch.setattr("yolo_assign_trace.cli.screens.terminal._console", lambda *, stderr: console)
            assert yolo_assign(*arguments).code in (0, 1)
        return out.getvalue().splitlines()

    return call
