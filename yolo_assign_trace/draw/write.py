"""Sheets to files: the same sheet gives the same bytes, and a file appears only when it is whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..formats.safe_write import write_whole
from .sheet import Sheet
from .theme import DPI

FORMATS = ("png", "svg", "pdf")

_METADATA: dict[str, dict[str, Any]] = {  # no dates, no versions
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def rendered(sheet: Sheet, format: str) -> bytes:
    """The sheet as a file of ``format``."""
    buffer = io.BytesIO()
    sheet.figure.savefig(buffer, format=format, dpi=DPI, metadata=_METADATA[format])
    return buffer.getvalue()


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write the sheet under ``path``, in the format of its ending.

    Raises:
        InputError: it cannot be written.
    """
    write_whole(path, "picture", rendered(sheet, path.suffix[1:]))
