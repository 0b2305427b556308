"""Options that look alike in every command."""

from __future__ import annotations

from typing import Any

import typer

INPUT, ASSIGNER, OUTPUT = "Input", "Assigner", "Output"
EPILOG = "Options can also be given as variables: YOLO_ASSIGN_SHAPES=yolov8 stands for --shapes yolov8. Flags win."


def option(*names: str, panel: str, help: str, env: str = "", **more: Any) -> Any:
    """An option in a help panel; ``env`` is the part of its variable behind ``YOLO_ASSIGN_``."""
    envvar = f"YOLO_ASSIGN_{env}" if env else None
    return typer.Option(*names, help=help, rich_help_panel=panel, envvar=envvar, show_envvar=False, **more)
