"""What ``yolo-assign explain --loss`` prints: boxes by what they cost, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...basics.plural import count
from ...explain.sentences import number as num
from ...run.given import NO_LOSS_OF_A_MODEL
from ...tracers.text_page import Column, Page
from .explain_summary import left_out

if TYPE_CHECKING:
    from ...explain.answer import Answer
    from ...explain.loss.found import BoxLoss, LossSummary, Terms

ROWS = 20
"""Rows of a table that are shown without --all."""


def print_loss(page: Page, loss: LossSummary, answer: Answer, command: str, all_rows: bool) -> None:
    """The total, the dearest boxes with the reason of each, and the same loss by level, class and image."""
    items = loss.items
    about = "as training prints it" if loss.printed else "of one head"
    if loss.of_image is not None:
        about = f"the part of image {loss.of_image}"
    if loss.batches > 1:
        about += f": the mean of {loss.batches} batches"
    page.heading("Loss", about)
    page.line(
        (f"box {num(items.box)}  cls {num(items.cls)}  dfl {num(items.dfl)}", "bold"),
        f"  together {num(items.total)}; divided by {num(loss.divisor)}",
    )
    if loss.about:
        page.line((loss.about, "yellow"))
    page.line(f"background: cls {num(loss.background.cls)} of it, which belongs to no box")
    if without := sum(not box.line.positives for box in loss.boxes):
        page.line(
            (f"{count(without, 'box')} without positives: they cost nothing, and nothing learns them", "bold red")
        )
    if answer.synthetic:
        page.line((NO_LOSS_OF_A_MODEL, "yellow"))
    _boxes(page, loss, answer, all_rows)
    _clamped(page, loss, all_rows)
    for title, parts in (("level", loss.levels), ("class", loss.classes), ("image", loss.images)):
        telling = [part for part in parts if part.total]
        if len(parts) > 1 and telling:
            _parts(page, title, telling, all_rows)
    if loss.boxes:
        dearest = loss.boxes[0].line
        page.closing(f"next: {command} {dearest.image} --gt {dearest.gt} --loss")


def print_box_loss(page: Page, loss: BoxLoss, answer: Answer) -> None:
    """What one box costs, in sentences and positive by positive."""
    page.heading("Loss", "what its positives cost")
    if answer.synthetic:
        page.line((NO_LOSS_OF_A_MODEL, "yellow"))
    for sentence in loss.sentences:
        page.line(sentence.text, indent=4 if sentence.stage else 2)
    rows = loss.positives
    if rows:
        page.table(
            [
                Column("anchor", [row.address for row in rows], right=False),
                Column("target", [num(row.weight) for row in rows]),
                Column("CIoU", [num(row.ciou) for row in rows]),
                Column("distance", [num(row.distance_loss) for row in rows], narrow=[]),
                Column("entropy", [num(row.class_loss) for row in rows], narrow=[]),
                *_columns([row.terms for row in rows]),
            ]
        )


def _boxes(page: Page, loss: LossSummary, answer: Answer, all_rows: bool) -> None:
    boxes = loss.boxes if all_rows else loss.boxes[:ROWS]
    page.heading("Boxes", "by what they cost" if boxes else "there is none")
    if not boxes:
        return
    columns = [
        Column("box", [box.line.name for box in boxes], right=False),
        Column("class", [f"{box.line.label} {box.label_name}".strip() for box in boxes], right=False, narrow=[]),
        Column("size px", [box.line.size for box in boxes]),
        Column("positives", [str(box.line.positives) for box in boxes]),
        *_columns([box.terms for box in boxes]),
        Column("share", ["" if box.share is None else f"{box.share:.1%}" for box in boxes]),
    ]
    head, *rows = page.rows(columns, ["" if box.line.positives else "red" for box in boxes])
    page.add(head)
    for row, box in zip(rows, boxes, strict=True):
        page.add(row)
        place = answer.place(box.line)
        where = f"{place.where}: " if place else ""
        page.line((f"{where}{box.why.text}", "dim"), indent=6)
    left_out(page, len(loss.boxes) - len(boxes))


def _clamped(page: Page, loss: LossSummary, all_rows: bool) -> None:
    if not loss.clamped:
        return
    page.heading("Clamped", "sides of targets beyond the bins, which are trained as nearer than they are")
    shown = loss.clamped if all_rows else loss.clamped[:ROWS]
    page.table(
        [
            Column("box", [f"image {one.image} gt {one.gt}" for one in shown], right=False),
            Column("anchor", [one.address for one in shown], right=False),
            Column("side", [one.side for one in shown], right=False),
            Column("cells", [num(one.cells) for one in shown]),
            Column("clamped by", [num(one.by) for one in shown]),
        ]
    )
    left_out(page, len(loss.clamped) - len(shown))


def _parts(page: Page, title: str, parts: Sequence[Terms], all_rows: bool) -> None:
    shown = parts if all_rows else parts[:ROWS]
    page.heading(f"By {title}")
    page.table([Column(title, [part.name for part in shown], right=False), *_columns(shown)])
    left_out(page, len(parts) - len(shown))


def _columns(parts: Sequence[Terms]) -> list[Column]:
    return [Column(name, [num(getattr(part, name)) for part in parts]) for name in ("box", "cls", "dfl", "total")]
