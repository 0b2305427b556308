"""What the tests of the page share: traces to show and the document inside a page."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np

from tests.draw.drawn import random_labels, stored
from tests.traces.traces import STUDY_LABELS
from yolo_assign_trace.page.html import page_html
from yolo_assign_trace.traces.stored import StoredTrace


def study() -> StoredTrace:
    return stored(STUDY_LABELS)


def crowd(assigner: str = "yolov8") -> StoredTrace:
    """60 boxes of all sizes in one image: conflicts, ties, no candidates, and enlarged boxes in newer releases."""
    return stored(random_labels(60), "yolov8", assigner, 320)


def values_of(column: dict[str, Any]) -> np.ndarray:
    """The flat array in a column of the document; of texts where it holds texts."""
    if column["type"] == "text":
        words = np.array(column["data"].split())
        return words[values_of(column["at"])] if "at" in column else words
    return np.frombuffer(base64.b64decode(column["data"]), np.dtype(f"<{column['type']}"))


@dataclass
class Parsed(HTMLParser):
    """The elements of a page and what stands in them."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    inside: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("script", "style") and self.cdata_elem:  # not what stands behind their end
            self.inside[self.lasttag][-1] += data

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.inside["script"][0])
        return found


def parsed(trace: StoredTrace, **options: Any) -> Parsed:
    return Parsed(page_html(trace, **options).decode())
