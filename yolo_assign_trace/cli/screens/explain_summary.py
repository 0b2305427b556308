"""What ``yolo-assign explain`` prints without a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ...basics.plural import count
from ...explain.sentences import number as num
from ...run.given import GEOMETRIC
from ...tracers.text_page import Column, Page

if TYPE_CHECKING:
    from ...explain.answer import Answer
    from ...explain.summary import Count, Summary
    from ...run.record import BoxLine

ROWS = 12
"""Rows of a table that are shown without --all."""

Row = TypeVar("Row")


def print_geometry(page: Page, summary: Summary, answer: Answer, command: str, all_rows: bool) -> None:
    """What holds with any model; on heads of none the rest would look like results."""
    problems = tuple(problem for problem in summary.problems if problem.cause.id in GEOMETRIC)
    page.heading("Geometry", f"{count(summary.boxes, 'box')} in {count(summary.images, 'image')}")
    for cause in GEOMETRIC:
        number = summary.causes.get(cause, 0)
        page.line((f"{number:>5}  {cause}", "red" if number else ""), indent=4)
    _problems(page, replace(summary, problems=problems), answer, all_rows)
    _duplicates(page, replace(summary, starved=()), all_rows)
    page.gap()
    page.line("Positives, conflicts, sizes and scores need a model: --model FILE, or --heads FILE.", indent=0)
    if problems:
        page.closing(f"next: {command} {problems[0].line.image} --gt {problems[0].line.gt}")


def print_summary(page: Page, summary: Summary, answer: Answer, command: str, all_rows: bool) -> None:
    """The boxes with a problem, then what is worth knowing about all of them."""
    where = f"{count(summary.boxes, 'box')} in {count(summary.images, 'image')}"
    page.heading("Verdict", f"{where}, {count(summary.positives, 'positive')}")
    if not summary.boxes:
        page.line("there is no box: every anchor is background")
        return
    if summary.without:
        page.line((f"{count(summary.without, 'box')} without positives", "bold red"))
    else:
        page.line(("every box has positives", "bold green"))
    if summary.worthless:
        page.line((f"{count(summary.worthless, 'box')} with positives whose target scores are all 0", "yellow"))
    if summary.non_finite:
        page.line((f"nan or infinity, first in {summary.non_finite}", "bold red"))
    for cause, number in summary.causes.items():
        page.line((f"{number:>5}  {cause}", "red"), indent=4)
    _problems(page, summary, answer, all_rows)
    _conflicts(page, summary, all_rows)
    _duplicates(page, summary, all_rows)
    _reach(page, summary)
    page.heading("By size", "sqrt(width · height) in px")
    _counts(page, "size", summary.sizes)
    page.heading("By class")
    _counts(page, "class", _cut(summary.classes, all_rows))
    _more(page, len(summary.classes), all_rows)
    problem = next(iter(summary.problems), None)
    if problem is not None:
        page.closing(f"next: {command} {problem.line.image} --gt {problem.line.gt}")


def _problems(page: Page, summary: Summary, answer: Answer, all_rows: bool) -> None:
    if not summary.problems:
        return
    page.heading("Boxes with a problem")
    for problem in _cut(summary.problems, all_rows):
        box = problem.line
        label = f"{box.label} {problem.label_name}".strip()
        positives = f", but owns {count(box.positives, 'anchor')}" if box.positives else ""
        start = f"{box.name}  class {label}  {box.size} px  {problem.cause.id}{positives}"
        page.line((start, "bold red"))
        place = answer.place(box)
        counted = f"candidates {_per_level(box, answer.levels)}; selected {box.selected}"
        page.line((f"{place.where}; {counted}" if place else counted, "dim"), indent=4)
        for sentence in problem.cause.sentences:
            page.line(sentence.text, indent=4)
    _more(page, len(summary.problems), all_rows)


def _per_level(box: BoxLine, levels: Sequence[str]) -> str:
    parts = [f"{name} {number}" for name, number in zip(levels, box.candidates, strict=True) if number]
    return ", ".join(parts) or "none"


def _conflicts(page: Page, summary: Summary, all_rows: bool) -> None:
    if not summary.contested:
        return
    page.heading("Conflicts", f"{count(summary.contested, 'anchor')} selected by several boxes")
    rivals = _cut(summary.rivals, all_rows)
    if rivals:
        page.table(
            [
                Column("image", [str(r.image) for r in rivals]),
                Column("boxes", [f"gt {r.first} and gt {r.second}" for r in rivals], right=False),
                Column("anchors", [str(r.anchors) for r in rivals]),
                Column(
                    "won by",
                    [f"gt {r.first}: {r.first_won}, gt {r.second}: {r.second_won}" for r in rivals],
                    right=False,
                ),
            ]
        )
        _more(page, len(summary.rivals), all_rows)
    winners = _cut(summary.unselected, all_rows)
    if winners:
        page.line(f"{count(len(summary.unselected), 'anchor')} went to a box that had not selected it:")
    for won in winners:
        by = ", ".join(f"gt {gt}" for gt in won.selected_by)
        outside = "" if won.inside else ", which does not contain it"
        page.line(f"image {won.image} {won.address} to gt {won.owner}{outside}; selected by {by}", indent=4)
    _more(page, len(summary.unselected), all_rows)


def _duplicates(page: Page, summary: Summary, all_rows: bool) -> None:
    if not summary.identical and not summary.starved:
        return
    page.heading("Duplicates")
    for group in _cut(summary.identical, all_rows):
        gts = ", ".join(map(str, group.gts))
        classes = f"class {group.labels[0]}" if group.same_class else f"classes {', '.join(map(str, group.labels))}"
        page.line(f"image {group.image} gts {gts}: identical boxes, {classes}")
    _more(page, len(summary.identical), all_rows)
    for box in _cut(summary.starved, all_rows):
        same = "the same class" if box.label == box.owner_label else f"class {box.owner_label} against {box.label}"
        text = f"image {box.image} gt {box.gt} starves: gt {box.owner} took all its anchors"
        page.line((f"{text} (IoU of the boxes {num(box.iou)}, {same})", "red"))
    _more(page, len(summary.starved), all_rows)


def _reach(page: Page, summary: Summary) -> None:
    reach = summary.reach
    if reach.limit is None:
        why = "the trace does not tell reg_max" if reach.reg_max is None else "reg_max 1 has no limit"
        page.heading("Reach", why)
        return
    page.heading("Reach", f"reg_max {reach.reg_max}: a side can be predicted up to {reach.limit} cells away")
    levels = [level for level in reach.levels if level.positives]
    if not levels:
        page.line("there are no positives")
        return
    page.table(
        [
            Column("level", [level.level for level in levels], right=False),
            Column("positives", [str(level.positives) for level in levels]),
            Column("beyond reach", [str(level.beyond) for level in levels]),
            Column("farthest side", [f"{level.farthest:.1f} cells" for level in levels]),
        ],
        ["red" if level.beyond else "" for level in levels],
    )


def _counts(page: Page, title: str, counts: Sequence[Count]) -> None:
    counts = [one for one in counts if one.boxes]
    means = ["" if one.mean_target is None else num(one.mean_target) for one in counts]
    page.table(
        [
            Column(title, [one.name for one in counts], right=False),
            Column("boxes", [str(one.boxes) for one in counts]),
            Column("positives", [str(one.positives) for one in counts]),
            Column("without positives", [str(one.without) for one in counts]),
            Column("mean target", means),
        ]
    )


def _cut(rows: Sequence[Row], all_rows: bool) -> Sequence[Row]:
    return rows if all_rows else rows[:ROWS]


def _more(page: Page, rows: int, all_rows: bool) -> None:
    if not all_rows:
        left_out(page, rows - ROWS)


def left_out(page: Page, rows: int) -> None:
    """How many rows are not shown, and how to see them."""
    if rows > 0:
        page.line((f"... {rows} more; --all shows them", "dim"))
