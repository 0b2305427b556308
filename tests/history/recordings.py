"""Recordings for tests of the history: of a real watch, and line by line as docs/watch.md has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yolo_assign_trace.formats.recording import FORMAT, entry_file

END = {"kind": "end", "epoch": 1, "step": 1, "counts": 2, "boxes": 2, "calls": 0, "bytes": 1}


def run_line(**changes: Any) -> dict[str, Any]:
    return {"kind": "run", "format": FORMAT, "rank": 0, "world": 1, "every": 100, "count_every": 1, **changes}


def assigner_line(release: str = "8.4.190", head: str = "one2many", **parameters: Any) -> dict[str, Any]:
    named = {"class": "ultralytics.utils.tal.TaskAlignedAssigner", "package": "ultralytics", "release": release}
    return {"kind": "assigner", **named, "head": head, "parameters": {"topk": 10, **parameters}, "replayed": True}


def count_line(epoch: int, part: str = "val", **changes: Any) -> dict[str, Any]:
    """Two small boxes and two of 16 to 32 px; one small one has nothing, the rest 12 positives."""
    line = {
        "epoch": epoch,
        "step": epoch,
        "part": part,
        "batch": 0,
        "head": "one2many",
        "images": 1,
        "boxes": [2, 0, 2, 0, 0],
        "without": [1, 0, 0, 0, 0],
        "levels": ["P3", "P4"],
        "positives": [[2, 0, 7, 0, 0], [0, 0, 3, 0, 0]],
        "contested": 1,
        "beyond": 0,
        "target_mean": 0.5,
        "target_max": 0.9,
    }
    return line | changes


def picture_line(number: int = 0, file: str = "/d/images/0.jpg", labels: str = "/d/labels/0.txt") -> dict[str, Any]:
    return {"picture": number, "file": file, "labels": labels, "lines_by": "position"}


def box_line(epoch: int, gt: int, owners: str, **changes: Any) -> dict[str, Any]:
    place = {"epoch": epoch, "head": "one2many", "picture": 0, "gt": gt, "line": gt + 1}
    cause = "" if owners else "no-anchor-inside"
    return {**place, "class": 1, "size": [5.0, 4.0], "positives": [], "cause": cause, "owners": owners, **changes}


def write(
    folder: Path,
    run: Sequence[dict[str, Any]] | None = None,
    counts: Sequence[dict[str, Any]] = (),
    boxes: Sequence[dict[str, Any]] = (),
    rank: int = 0,
    end: bool = True,
) -> Path:
    """The files of one process."""
    folder.mkdir(parents=True, exist_ok=True)
    told = [*([run_line(), assigner_line()] if run is None else run), *([END] if end else [])]
    for entry, lines in (("run", told), ("counts", counts), ("boxes", boxes)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / entry_file(entry, rank)).write_text(text, encoding="utf-8")
    return folder


def example(folder: Path, release: str, small: float, starving: int) -> Path:
    """A training of three epochs: small boxes get ``small`` positives each, and ``starving`` of 20 never any."""
    counts = []
    for epoch in range(3):
        for part in ("train", "val"):
            small_ones, large = round(40 * small), 360 + 10 * epoch
            positives = [[0, small_ones, large - 80, 0, 0], [0, 0, 60, 0, 0], [0, 0, 20, 0, 0]]
            shared = {"part": part, "boxes": [0, 40, 40, 0, 0], "levels": ["P3", "P4", "P5"], "positives": positives}
            more = {"without": [0, 2 * starving, 0, 0, 0], "contested": 31 - 2 * epoch}
            counts.append(count_line(epoch, **shared, **more, target_mean=0.2 + 0.05 * epoch))
    pictures = [picture_line(n, f"set/images/val/{n}.jpg", f"set/labels/val/{n}.txt") for n in range(4)]
    codes = ["AAA", "BAA", "BAA"]  # of the anchors 0 to 2, then 1 to 3
    boxes = [
        box_line(epoch, gt, "" if 4 * gt + n < starving else codes[epoch], picture=n, size=[9.0, 12.5], **{"class": 2})
        for epoch in range(3)
        for n in range(4)
        for gt in range(5)
    ]
    names = {"kind": "trainer", "class_names": ["person", "car", "dog"], "arguments": {"model": "yolov8n.yaml"}}
    return write(folder, [run_line(), names, assigner_line(release)], counts, [*pictures, *boxes])
