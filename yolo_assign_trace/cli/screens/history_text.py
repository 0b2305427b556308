"""What ``yolo-assign history`` prints: tables by epoch, boxes that starve, two runs against each other."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import TypeVar

from ...basics.plural import count
from ...history.against import STARVING_IN, Against
from ...history.document import flat_rows
from ...history.history import History
from ...history.tables import (
    Cells,
    epoch_table,
    group_title,
    level_table,
    pair_table,
    size_table,
    starving_line,
    starving_table,
)
from ...tracers.text_page import Column, Page
from .explain_summary import ROWS, left_out
from .terminal import result_console

Thing = TypeVar("Thing")


def print_history(history: History, all_rows: bool) -> None:
    """A table for every part and head, then the boxes that had no positives in any epoch."""
    page = Page(result_console())
    page.heading("History", f"{history.name}: {history.recorded.title}")
    for group, epochs in history.groups.items():
        page.heading(group_title(group), ("by size: positives per box / without; by level: of the positives", "dim"))
        kept = _spread(epochs, all_rows)
        _print_table(page, epoch_table(history, kept))
        left_out(page, len(epochs) - len(kept))
    for head in history.heads:
        page.heading(f"Starving, {head}", starving_line(history, head))
        boxes = history.boxes.starving(head)
        kept_boxes = _cut(boxes, all_rows)
        if kept_boxes:
            page.table(_columns(starving_table(history, kept_boxes)))
        left_out(page, len(boxes) - len(kept_boxes))
    page.print()


def print_against(histories: Sequence[History], against: Against, all_rows: bool) -> None:
    """B against A: settings, epochs that both have, the last of them by size and level, boxes that starve."""
    page = Page(result_console())
    for name, history in zip("AB", histories, strict=True):
        page.heading(name, f"{history.name}: {history.recorded.title}")
    if against.settings:
        page.heading("Settings that differ")
        columns = zip(("", "A", "B"), zip(*against.settings, strict=True), strict=True)
        page.table([Column(title, cells, right=False) for title, cells in columns])
    for group, pairs in against.pairs.items():
        page.heading(group_title(group), ("in brackets: the difference to A", "dim"))
        kept = _spread(pairs, all_rows)
        _print_table(page, pair_table(kept))
        left_out(page, len(pairs) - len(kept))
        for table in (size_table(*pairs[-1]), level_table(*pairs[-1])):
            page.gap()
            _print_table(page, table)
    if not against.pairs:
        page.heading("Epochs", "the two have none in common")
    for name, boxes in against.starving.items():
        page.heading(f"Starving in {STARVING_IN[name]}", count(len(boxes), "box"))
        kept_boxes = _cut(boxes, all_rows)
        for head, place in kept_boxes:
            page.line(f"{place}  {head}")
        left_out(page, len(boxes) - len(kept_boxes))
    page.print()


def print_csv(histories: Sequence[History]) -> None:
    """One line for every recording, part, head and epoch."""
    rows = flat_rows(histories)
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_table(page: Page, table: Sequence[Cells]) -> None:
    first, *others = _columns(table)
    page.tables([first], others)


def _columns(table: Sequence[Cells]) -> list[Column]:
    return [Column(column.title, column.cells, right=not column.words) for column in table]


def _cut(rows: Sequence[Thing], all_rows: bool) -> Sequence[Thing]:
    return rows if all_rows else rows[:ROWS]


def _spread(rows: Sequence[Thing], all_rows: bool) -> Sequence[Thing]:
    """The first, the last, and some between them that lie evenly."""
    if all_rows or len(rows) <= ROWS:
        return rows
    return [rows[round(n * (len(rows) - 1) / (ROWS - 1))] for n in range(ROWS)]
