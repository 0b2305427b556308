"""Screenshots of the page for the README: ``make screenshots`` writes docs/images/page-*.png."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.commands import ROOT
from tests.page.browser import chromium, opened
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.traces.open_trace import open_trace

PICTURES = {
    # name, the state that is shown, the colours of the system
    "page-light": ("image=2&gt=1&anchor=19&stage=topk&lang=en", "light"),
    "page-dark": ("image=2&gt=1&anchor=19&stage=normalize&lang=en", "dark"),
    "page-zh": ("image=2&gt=1&anchor=19&stage=align&lang=zh", "light"),
}
SIZE = {"width": 1280, "height": 1000}


def take(browser: Any, page: Path, folder: Path, names: Sequence[str] = tuple(PICTURES)) -> list[Path]:
    """Screenshots of ``page`` in ``folder``."""
    written = []
    for name in names:
        address, colours = PICTURES[name]
        with opened(browser, page, address, viewport=SIZE, color_scheme=colours, reduced_motion="reduce") as found:
            path = folder / f"{name}.png"
            found.page.screenshot(path=path)
            written.append(path)
    return written


def main(folder: Path) -> None:
    with TemporaryDirectory() as scratch, chromium() as browser:
        page = Path(scratch) / "trace.html"
        page.write_bytes(page_html(open_trace(ROOT / "run.log")))
        for path in take(browser, page, folder):
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(ROOT / "docs" / "images")
