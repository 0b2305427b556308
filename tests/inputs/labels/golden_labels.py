"""The golden label files and letterboxes, with the releases at the ends of every range of answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yolo_assign_trace.assignment.releases import Release

FOLDER = Path(__file__).parent / "golden"


def cases(name: str) -> list[dict[str, Any]]:
    """All cases of one of the two files, ``label_cases`` or ``letterbox_cases``."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def answers(case: dict[str, Any]) -> Iterator[tuple[Release, dict[str, Any]]]:
    """Every answer, by the first and by the last release that gave it."""
    for answer in case["answers"]:
        for text in dict.fromkeys([answer["first"], answer["last"]]):
            major, minor, patch = map(int, text.split("."))
            yield (major, minor, patch), answer
