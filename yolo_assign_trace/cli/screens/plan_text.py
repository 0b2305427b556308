"""What ``yolo-assign plan`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich.filesize import decimal

from ...tracers.text_page import Column, Page
from .terminal import result_console


def print_plan(rows: Sequence[tuple[str, Any, str]]) -> None:
    """Name, value and unit of everything worth knowing."""
    page = Page(result_console())
    names = [name.replace("_", " ") for name, _, _ in rows]
    values = [_text(value, unit) for _, value, unit in rows]
    page.table([Column("", names, right=False), Column("", values, right=False, wrap=True)], indent=0)
    page.print()


def _text(value: Any, unit: str) -> str:
    if unit == "bytes":
        return f"about {decimal(value)}"
    if unit == "seconds":
        return f"about {value:.2g}" if value < 10 else f"about {round(value):,} ({timedelta(seconds=round(value))})"
    return f"{value:,}" if isinstance(value, int) else str(value)
