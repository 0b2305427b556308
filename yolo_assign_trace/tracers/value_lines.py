"""The values of a tensor as aligned lines for people: whole when small, head and tail when large."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..assignment.outputs import PARTS
from ..basics.arrays import Array
from ..formats.log_grammar import as_rows, is_by_level, pair_starts, row_starts
from ..formats.number_text import rows_text
from ..run.record import Record

WHOLE_UP_TO = 12
HEAD, TAIL = 4, 2
DIGITS = 5
WIDE = 12
"""Classes from which on a terminal shows only those that are not 0, where these are few."""


def value_lines(records: list[Record], width: int | None) -> list[str]:
    """Lines for one dense tensor, or for all number tensors over pairs of a stage as one table.

    Args:
        records: one dense record, or several over the same pairs.
        width: terminal cells to fit into by leaving out the middle of long rows; None to leave nothing out.
    """
    first = records[0]
    silent = ""
    if first.output.on_pairs:
        starts = pair_starts("", _of(first.pairs), first.grid)
        total = len(first.array)
        shown = _shown(total)
        texts = [[word for record in records for word in _texts(record.array[i])] for i in shown]
        titles = tuple(title for record in records for title in (_titles(record) or (record.name,)))
    elif is_by_level(first.output.axes):
        return _not_zero(first, width)
    else:
        index_axes, shape = as_rows(first.output.axes, first.array.shape)
        starts = row_starts("", index_axes, shape, first.grid)
        rows = first.array.reshape(math.prod(shape[:-1]), shape[-1])
        total = len(rows)
        shown = _shown(total)
        telling = np.flatnonzero(rows.any(axis=1)) if total > WHOLE_UP_TO else np.arange(total)
        if 0 < 2 * len(telling) < total:  # mostly background: what is not 0 tells more than head and tail
            shown, total = [int(telling[i]) for i in _shown(len(telling))], len(telling)
            silent = f"({len(rows) - total} more lines are all 0)"
        texts, titles = [_texts(rows[i]) for i in shown], _titles(first)
        if first.output.axes[-1] == "class" and width is not None and _mostly_zero(rows[shown]):
            texts = [_only_not_zero(rows[i]) for i in shown]
    lines = _aligned([start.decode() for start in _pick(starts, shown)], texts, titles, total, width)
    return [*lines, silent] if silent else lines


def _mostly_zero(rows: Array) -> bool:
    """Would a row be wide, and are nearly all of its values 0?"""
    return rows.shape[-1] > WIDE and bool((np.count_nonzero(rows, axis=-1) <= WIDE // 4).all())


def _only_not_zero(row: Array) -> list[str]:
    """``class 3  0.0136`` for every class whose value is not 0."""
    classes = np.flatnonzero(row).tolist()
    return ["  ".join(f"class {i} {text}" for i, text in zip(classes, _texts(row[classes]), strict=True)) or "all 0"]


def _not_zero(record: Record, width: int | None) -> list[str]:
    """A line for each anchor whose value is not 0."""
    anchors = record.grid.anchors
    values = record.array.reshape(-1)
    telling = np.flatnonzero(values).tolist()
    chosen = [telling[i] for i in _shown(len(telling))]
    labels = []
    for i in chosen:
        image, anchor = divmod(i, anchors)
        index = f"[{image},{anchor}]" if "image" in record.output.axes else f"[{anchor}]"
        labels.append(f"{index} {record.grid.address(anchor).short}")
    lines = _aligned(labels, [_texts(values[i : i + 1]) for i in chosen], (), len(telling), width)
    silent = values.size - len(telling)
    return lines + ([f"({silent} anchors have 0)"] if silent else [])


def _texts(values: Array) -> list[str]:
    return rows_text(values.reshape(1, -1), DIGITS, fold=False)[0].decode().split(" ")


def _titles(record: Record) -> tuple[str, ...]:
    return PARTS.get(record.output.axes[-1], ())


def _shown(total: int) -> list[int]:
    if total <= WHOLE_UP_TO:
        return list(range(total))
    return [*range(HEAD), *range(total - TAIL, total)]


def _pick(starts: Iterator[bytes], shown: list[int]) -> list[bytes]:
    """The starts at these places."""
    picked, at = [], 0
    for i in shown:
        picked.append(next(islice(starts, i - at, None)))
        at = i + 1
    return picked


def _aligned(
    labels: list[str], rows: list[list[str]], titles: tuple[str, ...], total: int, width: int | None
) -> list[str]:
    if not rows:
        return ["(no values)"] if not total else []
    rows = [list(titles), *rows] if titles else rows
    labels = ["", *labels] if titles else labels
    gutter = max(map(len, labels))
    sizes = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    keep = _columns_that_fit(sizes, gutter, width)
    lines = []
    for label, row in zip(labels, rows, strict=True):
        cells = [row[i].rjust(sizes[i]) if i >= 0 else "..." for i in keep]
        lines.append(f"{label.ljust(gutter)}  {' '.join(cells)}".rstrip())
    if total > WHOLE_UP_TO:
        left_out = f"... {total - HEAD - TAIL} more lines"
        lines.insert(len(lines) - TAIL, left_out)
    return lines


def _columns_that_fit(sizes: list[int], gutter: int, width: int | None) -> list[int]:
    """Column numbers to show; -1 stands for the ones left out in the middle."""
    everything = list(range(len(sizes)))
    if width is None or gutter + 2 + sum(sizes) + len(sizes) - 1 <= width:
        return everything
    room = width - gutter - 2 - len("... ") - sizes[-1]
    keep = []
    for i in everything[:-1]:
        room -= sizes[i] + 1
        if room < 0:
            break
        keep.append(i)
    return [*keep, -1, everything[-1]]


def _of(pairs: Array | None) -> Array:
    assert pairs is not None
    return pairs
