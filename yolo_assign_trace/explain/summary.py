"""The whole trace, or one image of it: every box with a problem, causes, conflicts, sizes, classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES, size_classes
from ..run.boxes_summary import CAUSES
from ..run.facts import first_odd
from ..run.record import BoxLine, Record
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
from .reach import LevelReach, Reach, reach_of


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

    ``worthless`` counts boxes that have positives, but whose target scores are all 0; ``non_finite`` says where the
    trace has nan or infinity first, if its boxes, metrics or targets have any.
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
    non_finite: str = ""


_SUMMED = ("images", "boxes", "positives", "without", "worthless", "contested")
_OF_IMAGES = ("rivals", "unselected", "identical", "starved")


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
        non_finite=_non_finite(view),
    )


def _non_finite(view: TraceView) -> str:
    shown = (view.corners, view.overlaps, view.metric, view.positive_scores)
    if all(np.isfinite(array).all() for array in shown):
        return ""
    for stored in view.trace.outputs.values():
        pairs = view.pairs if stored.output.on_pairs else None
        if stored.dtype.kind == "f" and (
            place := first_odd(Record(stored.stage, stored.output, stored.array, pairs, view.grid, {}))
        ):
            return f"{stored.stage}: {place}"
    return ""


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


def numbered(summary: Summary, images: Sequence[int]) -> Summary:
    """The same with other numbers of images: ``images[i]`` for i."""
    problems = tuple(
        replace(problem, line=replace(problem.line, image=images[problem.line.image])) for problem in summary.problems
    )
    places: dict[str, Any] = {
        name: tuple(replace(place, image=images[place.image]) for place in getattr(summary, name))
        for name in _OF_IMAGES
    }
    renumbered = f", where image 0 is image {images[0]}" if summary.non_finite and images[0] else ""
    return replace(summary, problems=problems, non_finite=summary.non_finite + renumbered, **places)


def join_summaries(summaries: Sequence[Summary]) -> Summary:
    """One summary of all images of several, whose images have different numbers."""
    if len(summaries) == 1:
        return summaries[0]
    totals: dict[str, Any] = {name: sum(getattr(each, name) for each in summaries) for name in _SUMMED}
    lists: dict[str, Any] = {
        name: tuple(chain.from_iterable(getattr(each, name) for each in summaries))
        for name in ("problems", *_OF_IMAGES)
    }
    lists["rivals"] = tuple(sorted(lists["rivals"], key=lambda rivals: -rivals.anchors))
    causes = {cause: sum(each.causes.get(cause, 0) for each in summaries) for cause in CAUSES}
    return Summary(
        **totals,
        **lists,
        causes={cause: number for cause, number in causes.items() if number},
        reach=_joined_reach([each.reach for each in summaries]),
        sizes=_added(chain.from_iterable(each.sizes for each in summaries), SIZES),
        classes=_added(chain.from_iterable(each.classes for each in summaries)),
        non_finite=next((each.non_finite for each in summaries if each.non_finite), ""),
    )


def _added(counts: Iterable[Count], names: Sequence[str] = ()) -> tuple[Count, ...]:
    """Counts of the same name added up, in the order of ``names`` or of the number that a class begins with."""
    by_name: dict[str, Count] = {}
    for one in counts:
        by_name[one.name] = _sum(by_name[one.name], one) if one.name in by_name else one
    ordered = names or sorted(by_name, key=lambda name: int(name.split()[0]))
    return tuple(by_name[name] for name in ordered)


def _sum(a: Count, b: Count) -> Count:
    positives = a.positives + b.positives
    targets = sum((one.mean_target or 0) * one.positives for one in (a, b))
    mean = targets / positives if positives else None
    return Count(a.name, a.boxes + b.boxes, positives, a.without + b.without, mean)


def _joined_reach(reaches: Sequence[Reach]) -> Reach:
    """Of the levels by name: inputs of different sizes have the same."""
    levels: dict[str, LevelReach] = {}
    for level in chain.from_iterable(reach.levels for reach in reaches):
        known = levels.get(level.level, replace(level, positives=0, beyond=0, farthest=0.0))
        levels[level.level] = replace(
            level,
            positives=known.positives + level.positives,
            beyond=known.beyond + level.beyond,
            farthest=max(known.farthest, level.farthest),
        )
    return replace(reaches[0], levels=tuple(levels.values()))
