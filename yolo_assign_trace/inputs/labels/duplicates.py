"""Rows of a file that say the same: training keeps one of them, and then sorts the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...basics.arrays import Array
from .findings import LINE, Finding, finding_at


def reduce_rows(
    rows: Array,
    lines: Array,
    path: str,
    findings: list[Finding],
    polygons: Sequence[Array] = (),
    unit: str = LINE,
) -> Array:
    """Which rows stay, in which order: exact duplicates become one, and only then training sorts the file.

    Duplicates and the same boxes of other classes are pointed out.

    Args:
        rows: (box, 6) as in :class:`LabelTable`.
        lines: (box,) the place of every row, in ``unit``.
        path: how findings call the file.
        findings: take the findings.
        polygons: points of every row, if they are what duplicates are told by and sorted by, as bytes.
        unit: what ``lines`` counts.
    """
    places = rows[:, 2:] + np.float32(0)  # -0 becomes 0
    if len(set(map(bytes, places))) == len(rows):
        return np.arange(len(rows))
    keys: list[Any]
    if polygons:
        keys = [row[1].tobytes() + points.tobytes() for row, points in zip(rows, polygons, strict=True)]
    else:
        keys = [(row[1], *place) for row, place in zip(rows.tolist(), places.tolist(), strict=True)]
    first: dict[Any, int] = {}
    for i, (key, line) in enumerate(zip(keys, lines.tolist(), strict=True)):
        original = lines[first.setdefault(key, i)]
        if original != line:
            what = "polygon" if polygons else "box"
            message = f"the same class and {what} as in {unit} {original}"
            findings.append(finding_at("duplicate-box", message, path, line, unit))
    seen: dict[bytes, tuple[float, int]] = {}
    for label, place, line in zip(rows[:, 1].tolist(), map(bytes, places), lines.tolist(), strict=True):
        other, where = seen.setdefault(place, (label, line))
        if other != label:
            message = f"the same box as in {unit} {where}, but of class {label:g} instead of {other:g}"
            findings.append(finding_at("same-box-other-class", message, path, line, unit))
    return np.array([first[key] for key in (sorted(first) if len(first) < len(rows) else first)], dtype=np.int64)
