"""The tables of a history as titles and cells, for a terminal and for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..basics.box_sizes import SIZES
from .against import SINGLE
from .boxes import Box
from .history import Epoch, Group, History

PARTS = {"train": "Training", "val": "Validation"}
TITLES = {
    "positives_per_box": "per box",
    "share_without": "without",
    "churn": "churn",
    "target_mean": "mean target",
}
"""Of the numbers of :data:`SINGLE`."""


@dataclass(frozen=True)
class Cells:
    """One column: its title, its cells, and whether these are words."""

    title: str
    cells: Sequence[str]
    words: bool = False


def group_title(group: Group) -> str:
    part, head = group
    return f"{PARTS[part]}, {head}"


def epoch_table(history: History, epochs: Sequence[Epoch]) -> list[Cells]:
    """A row an epoch; the first column is its number."""
    tallies = [epoch.tally for epoch in epochs]
    columns = [Cells("epoch", [str(epoch.number) for epoch in epochs])]
    columns.append(Cells("boxes", [str(tally.boxes.sum()) for tally in tallies]))
    for name, title in TITLES.items():
        values = [SINGLE[name](epoch) for epoch in epochs]
        if name != "churn" or any(value is not None for value in values):
            columns.append(Cells(title, [shown(name, value) for value in values]))
    contested = [tally.contested for tally in tallies]
    columns.append(Cells("contested", ["-" if anchors is None else str(anchors) for anchors in contested]))
    for n, size in enumerate(SIZES):
        if any(tally.boxes[n] for tally in tallies):
            cells = [f"{number(tally.per_box(n))} / {percent(tally.share_without(n))}" for tally in tallies]
            columns.append(Cells(f"{size} px", cells))
    levels = [level for level in history.levels if any(level in tally.positives for tally in tallies)]
    return columns + [Cells(level, [percent(tally.share_of(level)) for tally in tallies]) for level in levels]


def pair_table(pairs: Sequence[tuple[Epoch, Epoch]]) -> list[Cells]:
    """A row an epoch that both have: A's numbers, and B's with the difference to A."""
    columns = [Cells("epoch", [str(one.number) for one, _ in pairs])]
    for name, title in TITLES.items():
        values = [(SINGLE[name](one), SINGLE[name](other)) for one, other in pairs]
        if any(value is not None for both in values for value in both):
            columns += _both(title, name, values)
    return columns


def size_table(one: Epoch, other: Epoch) -> list[Cells]:
    """An epoch of both by classes of size."""
    a, b = one.tally, other.tally
    sizes = [n for n in range(len(SIZES)) if a.boxes[n] or b.boxes[n]]
    return [
        Cells(f"epoch {one.number}", [f"{SIZES[n]} px" for n in sizes], words=True),
        Cells("A boxes", [str(a.boxes[n]) for n in sizes]),
        Cells("B boxes", [str(b.boxes[n]) for n in sizes]),
        *_both("per box", "positives_per_box", [(a.per_box(n), b.per_box(n)) for n in sizes]),
        *_both("without", "share_without", [(a.share_without(n), b.share_without(n)) for n in sizes]),
    ]


def level_table(one: Epoch, other: Epoch) -> list[Cells]:
    """An epoch of both by levels; a dash for a level that one of them has not."""
    levels = sorted({*one.tally.positives, *other.tally.positives}, key=lambda name: (len(name), name))
    shares = [(one.tally.share_of(level), other.tally.share_of(level)) for level in levels]
    of_level = Cells(f"epoch {one.number}", levels, words=True)
    return [of_level, *_both("share of positives", "share_without", shares)]


def starving_table(history: History, boxes: Sequence[Box]) -> list[Cells]:
    """A row a box."""
    return [
        Cells("label", [box.place for box in boxes], words=True),
        Cells("head", [box.head for box in boxes], words=True),
        Cells("class", [class_of(history, box) for box in boxes], words=True),
        Cells("size px", [f"{box.size[0]:.1f}x{box.size[1]:.1f}" for box in boxes]),
        Cells("epochs", [str(box.epochs) for box in boxes]),
        Cells("because", [causes_of(box) for box in boxes], words=True),
    ]


def starving_line(history: History, head: str) -> str:
    """How many of the boxes starve."""
    boxes = sum(box.head == head for box in history.boxes.boxes.values())
    return f"{len(history.boxes.starving(head))} of {boxes} boxes had no positives in any validation"


def class_of(history: History, box: Box) -> str:
    """Index of its class, and the name if there is one."""
    names = history.recorded.class_names
    return f"{box.label} {names[box.label]}" if 0 <= box.label < len(names) else str(box.label)


def causes_of(box: Box) -> str:
    """Why it starved, and in how many epochs by each cause if there are several."""
    causes = [(cause or "unknown", epochs) for cause, epochs in box.causes.most_common()]
    return causes[0][0] if len(causes) == 1 else ", ".join(f"{cause} {epochs}" for cause, epochs in causes)


def shown(name: str, value: float | None) -> str:
    """A number of :data:`SINGLE` as text."""
    return percent(value) if name == "share_without" else number(value, 2 if name == "positives_per_box" else 3)


def number(value: float | None, decimals: int = 2) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def percent(share: float | None) -> str:
    """
    >>> percent(0.125), percent(None)
    ('12.5%', '-')
    """
    return "-" if share is None else f"{100 * share:.1f}%"


def _both(title: str, name: str, values: Sequence[tuple[float | None, float | None]]) -> list[Cells]:
    return [
        Cells(f"A {title}", [shown(name, one) for one, _ in values]),
        Cells(f"B {title}", [_against(name, *both) for both in values]),
    ]


def _against(name: str, one: float | None, other: float | None) -> str:
    """B's number with the difference to A's, of shares in percentage points, unless they read the same."""
    text = shown(name, other)
    if one is None or other is None or text == shown(name, one):
        return text
    difference = shown(name, abs(other - one)).replace("%", " pp")
    return f"{text} ({'+' if other > one else '-'}{difference})"
