"""Pages to files: the same page gives the same bytes, and a file appears only when it is whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..formats.safe_write import write_whole
from .page import Page
from .theme import DPI

FORMATS = ("png", "svg", "pdf")

_METADATA: dict[str, dict[str, Any]] = {  # no dates, no versions
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def rendered(page: Page, format: str) -> bytes:
    """The page as a file of ``format``."""
    buffer = io.BytesIO()
    page.figure.savefig(buffer, format=format, dpi=DPI, metadata=_METADATA[format])
    return buffer.getvalue()


def write_page(page: Page, path: Path) -> None:
    """Write the page under ``path``, in the format of its ending.

    Raises:
        InputError: it cannot be written.
    """
    write_whole(path, "picture", rendered(page, path.suffix[1:]))
