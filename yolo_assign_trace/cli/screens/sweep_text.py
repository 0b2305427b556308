"""What ``yolo-assign sweep`` prints: tables for people, CSV for scripts."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence

from ...basics.box_sizes import SIZES
from ...formats.number_text import number_text
from ...run.given import GEOMETRIC, SYNTHETIC
from ...sweep.rows import Row, varied
from ...tracers.text_page import Column, Page
from .terminal import result_console


def print_sweep(rows: Sequence[Row], release: str, synthetic: bool) -> None:
    """What was assigned, what got nothing and why, and where it went by size; differences to the first row.

    On synthetic heads only what is geometry is shown: the rest would look like results of a model.
    """
    page = Page(result_console())
    page.line((f"release   {release}", "dim"), indent=0, hang=10)
    if synthetic:
        _print_geometry(page, rows)
        return
    page.heading("Assigned", "in brackets: the difference to the first row")
    names = ("candidates", "positives", "contested", "mean_target", "without")
    _table(page, rows, [_numbers(name.replace("_", " "), [row.counts[name] for row in rows]) for name in names])
    causes = list(dict.fromkeys(cause for row in rows for cause in row.tally.causes))
    if causes:
        page.heading("Boxes without positives", f"of {rows[0].tally.boxes}, by cause")
        _table(page, rows, [_numbers(cause, [row.tally.causes[cause] for row in rows]) for cause in causes])
    page.heading("Positives by size", "sqrt(width · height) in px; behind the stroke: boxes without positives")
    sizes = [row.tally.sizes.tolist() for row in rows]
    shown = [i for i in range(len(SIZES)) if any(counts[i][0] for counts in sizes)]
    cells = {
        i: [f"{positives} / {without}" for _, positives, without in (counts[i] for counts in sizes)] for i in shown
    }
    _table(page, rows, [Column(f"{SIZES[i]} px", cells[i]) for i in shown])
    page.print()


def _print_geometry(page: Page, rows: Sequence[Row]) -> None:
    page.line((SYNTHETIC, "yellow"), indent=0)
    page.heading("Geometry", "in brackets: the difference to the first row")
    columns = [_numbers("boxes", [row.tally.boxes for row in rows])]
    columns.append(_numbers("candidates", [row.tally.candidates for row in rows]))
    columns += [_numbers(cause, [row.tally.causes[cause] for row in rows]) for cause in GEOMETRIC]
    _table(page, rows, columns)
    page.gap()
    page.line(("--json and --csv have all counts; positives need heads of a model, see --heads", "dim"), indent=0)
    page.print()


def _table(page: Page, rows: Sequence[Row], columns: Sequence[Column]) -> None:
    settings = [Column(name, [row.setting.chosen[name] for row in rows], right=False) for name in varied(rows)]
    page.tables(settings, columns)


def _numbers(title: str, values: Sequence[float | None]) -> Column:
    return Column(title, [_text(values[0]), *(_against(value, values[0]) for value in values[1:])])


def _text(value: float | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else number_text(value, 4)


def _against(value: float | None, first: float | None) -> str:
    if value is None or first is None or value == first:
        return _text(value)
    sign = "+" if value > first else "-"
    return f"{_text(value)} ({sign}{_text(abs(value - first))})"


def print_csv(rows: Sequence[Row], release: str, synthetic: bool) -> None:
    """One line a row, for scripts."""
    of_all = {"heads": "synthetic" if synthetic else "given", "release": release}
    documents = [row.as_flat(rows) | of_all for row in rows]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(documents[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(documents)
