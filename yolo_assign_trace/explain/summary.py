"""The whole trace, or one image of it: every box with a problem, causes, conflicts, sizes, classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES, size_classes
from ..run.boxes_summary import CAUSES
from ..run.record import BoxLine
from ..traces.view import TraceView
from .causes import Cause, Causes
from .conflicts import (
    Identical,
    Rivals,
    Starved,
    Unselected,
    identical_boxes,
    rivals_of,
    starved_duplicates,
    unselected_winners,
)
from .reach import Reach, reach_of


@dataclass(frozen=True)
class Problem:
    """A box that something is wrong with; ``candidates`` per level, fine first."""

    image: int
    gt: int
    label: int
    label_name: str
    width: float
    height: float
    candidates: tuple[int, ...]
    selected: int
    positives: int
    best_overlap: float | None
    cause: Cause


@dataclass(frozen=True)
class Count:
    """Boxes of one size or class.

    ``without`` of them have no positives; ``mean_target`` is the mean target score of the positives, None without any.
    """

    name: str
    boxes: int
    positives: int
    without: int
    mean_target: float | None


@dataclass(frozen=True)
class Summary:
    """What is worth knowing about all boxes together.

    ``worthless`` counts boxes that have positives, but whose target scores are all 0.
    """

    images: int
    boxes: int
    positives: int
    without: int
    worthless: int
    causes: dict[str, int]
    problems: tuple[Problem, ...]
    contested: int
    rivals: tuple[Rivals, ...]
    unselected: tuple[Unselected, ...]
    identical: tuple[Identical, ...]
    starved: tuple[Starved, ...]
    reach: Reach
    sizes: tuple[Count, ...]
    classes: tuple[Count, ...]


def summary_of(view: TraceView, causes: Causes, image: int | None = None) -> Summary:
    """Everything about all boxes of the trace, or of one image.

    Raises:
        InputError: there is no such image.
    """
    if image is not None:
        view.require_image(image)

    def mine(found: int) -> bool:
        return image is None or found == image

    lines = [line for line in view.lines if mine(line.image)]
    counts = _Counts(view, lines)
    problems = tuple(_problem(view, line, causes) for line in lines if line.cause)
    found = [problem.cause.id for problem in problems]
    claims = view.claims if image is None else view.claims[image]
    return Summary(
        images=view.b if image is None else 1,
        boxes=len(lines),
        positives=sum(line.positives for line in lines),
        without=sum(not line.positives for line in lines),
        worthless=counts.worthless,
        causes={cause: found.count(cause) for cause in CAUSES if cause in found},
        problems=problems,
        contested=int((claims > 1).sum()),
        rivals=tuple(rivals for rivals in rivals_of(view) if mine(rivals.image)),
        unselected=tuple(won for won in unselected_winners(view) if mine(won.image)),
        identical=tuple(group for group in identical_boxes(view) if mine(group.image)),
        starved=tuple(box for box in starved_duplicates(view) if mine(box.image)),
        reach=reach_of(view, image),
        sizes=counts.by(size_classes([(line.width, line.height) for line in lines]), SIZES),
        classes=counts.by_class(),
    )


def _problem(view: TraceView, line: BoxLine, causes: Causes) -> Problem:
    cause = causes.of(line)
    assert cause is not None
    return Problem(
        line.image,
        line.gt,
        line.label,
        view.class_name(line.label),
        line.width,
        line.height,
        line.candidates,
        line.selected,
        line.positives,
        line.best_overlap,
        cause,
    )


class _Counts:
    """Boxes grouped one way or another."""

    def __init__(self, view: TraceView, lines: Sequence[BoxLine]) -> None:
        self.view, self.lines = view, lines
        size = view.b * view.m
        images, owners, _ = view.positives
        rows = np.array([line.image * view.m + line.gt for line in lines], dtype=np.int64)
        sums = np.bincount(images * view.m + owners, weights=view.positive_scores, minlength=size)
        self.target = sums[rows] if size else np.zeros(0)
        self.positives = np.array([line.positives for line in lines], dtype=np.int64)
        self.worthless = int(((self.positives > 0) & (self.target == 0)).sum())

    def by(self, group: Array, names: Sequence[str]) -> tuple[Count, ...]:
        """One count per name; ``group`` (box,) is the index of each box's name."""
        n = len(names)
        boxes = np.bincount(group, minlength=n).tolist()
        without = np.bincount(group[self.positives == 0], minlength=n).tolist()
        positives = np.bincount(group, weights=self.positives, minlength=n).astype(int).tolist()
        target = np.bincount(group, weights=self.target, minlength=n).tolist()
        return tuple(
            Count(name, boxes[i], positives[i], without[i], target[i] / positives[i] if positives[i] else None)
            for i, name in enumerate(names)
        )

    def by_class(self) -> tuple[Count, ...]:
        labels, group = np.unique(np.array([line.label for line in self.lines], dtype=np.int64), return_inverse=True)
        names = [f"{label} {self.view.class_name(label)}".strip() for label in labels.tolist()]
        return self.by(group, names)
