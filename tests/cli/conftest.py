"""The command on a terminal that is none: what it would show there, without the time that a process takes."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from tests.commands import Outcome


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
