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
from .causes import Cause, causes_of
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
    """A box that something is wrong with."""

    line: BoxLine
    label_name: str
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


def summary_of(view: TraceView, image: int | None = None) -> Summary:
    """Everything about all boxes of the trace, or of one image.

    Raises:
        InputError: there is no such image.
    """
    if image is not None:
        view.require_image(image)

    def here(place: Rivals | Unselected | Identical | Starved) -> bool:
        return image in (None, place.image)

    lines = view.lines if image is None else view.lines_of(image)
    wrong = [line for line in lines if line.cause]
    targets, owned = _targets(view, lines), np.array([line.positives for line in lines], dtype=np.int64)
    labels, of_class = np.unique(np.array([line.label for line in lines], dtype=np.int64), return_inverse=True)
    names = [f"{label} {view.class_name(label)}".strip() for label in labels.tolist()]
    claims = view.claims if image is None else view.claims[image]
    return Summary(
        images=view.b if image is None else 1,
        boxes=len(lines),
        positives=int(owned.sum()),
        without=int((owned == 0).sum()),
        worthless=int(((owned > 0) & (targets == 0)).sum()),
        causes={cause: n for cause in CAUSES if (n := sum(line.cause == cause for line in wrong))},
        problems=tuple(
            Problem(line, view.class_name(line.label), cause)
            for line, cause in zip(wrong, causes_of(view, wrong), strict=True)
        ),
        contested=int((claims > 1).sum()),
        rivals=tuple(filter(here, rivals_of(view))),
        unselected=tuple(filter(here, unselected_winners(view))),
        identical=tuple(filter(here, identical_boxes(view))),
        starved=tuple(filter(here, starved_duplicates(view))),
        reach=reach_of(view, image),
        sizes=_counts(size_classes([(line.width, line.height) for line in lines]), SIZES, owned, targets),
        classes=_counts(of_class, names, owned, targets),
    )


def _targets(view: TraceView, lines: Sequence[BoxLine]) -> Array:
    """(box,) sum of the target scores of every box's positives."""
    image, gt, _ = view.positives
    sums = np.bincount(image * view.m + gt, weights=view.positive_scores, minlength=view.b * view.m)
    return sums[np.array([line.image * view.m + line.gt for line in lines], dtype=np.int64)]


def _counts(group: Array, names: Sequence[str], owned: Array, targets: Array) -> tuple[Count, ...]:
    """One count per name; ``group`` (box,) is the index of each box's name, ``owned`` its number of positives."""
    weights = (np.ones(len(group)), owned, owned == 0, targets)
    sums = (np.bincount(group, weights=each, minlength=len(names)).tolist() for each in weights)
    return tuple(
        Count(name, int(boxes), int(positives), int(without), target / positives if positives else None)
        for name, boxes, positives, without, target in zip(names, *sums, strict=True)
    )
