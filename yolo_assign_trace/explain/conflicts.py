"""Who fights whom over anchors, which winners had not selected theirs, and which duplicates starve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arrays import Array
from ..traces.view import TraceView

NEARLY = 0.9
"""IoU from which two boxes count as nearly identical."""


@dataclass(frozen=True)
class Rivals:
    """Two boxes of an image and the contested anchors that one selected and the other has in the end.

    ``first_won`` of the ``anchors`` are with gt ``first``, ``second_won`` with gt ``second``.
    """

    image: int
    first: int
    second: int
    anchors: int
    first_won: int
    second_won: int


@dataclass(frozen=True)
class Unselected:
    """An anchor that went to a box which had not selected it; ``inside``: does that box contain its centre?"""

    image: int
    anchor: int
    address: str
    owner: int
    inside: bool
    selected_by: tuple[int, ...]


@dataclass(frozen=True)
class Identical:
    """Boxes of one image with the same four corners, and their classes."""

    image: int
    gts: tuple[int, ...]
    labels: tuple[int, ...]

    @property
    def same_class(self) -> bool:
        return len(set(self.labels)) == 1


@dataclass(frozen=True)
class Starved:
    """A box without positives, all of whose selected anchors went to one box that is (nearly) the same.

    ``iou`` is that of the two true boxes.
    """

    image: int
    gt: int
    label: int
    owner: int
    owner_label: int
    iou: float


def rivals_of(view: TraceView) -> tuple[Rivals, ...]:
    """Pairs of boxes in conflict, most contested anchors first."""
    lost = view.selected & (view.pair_owner != view.pairs[:, 1]) & (view.pair_owner >= 0)
    image, loser = view.pairs[lost, 0], view.pairs[lost, 1]
    winner = view.pair_owner[lost]
    first, second = np.minimum(loser, winner), np.maximum(loser, winner)
    keys, inverse = np.unique((image * view.m + first) * view.m + second, return_inverse=True)
    anchors = np.bincount(inverse, minlength=len(keys))
    first_won = np.bincount(inverse[winner == first], minlength=len(keys))
    order = np.argsort(-anchors, kind="stable").tolist()
    rivals = []
    for n in order:
        row, other = divmod(int(keys[n]), view.m)
        one_image, one = divmod(row, view.m)
        total, won = int(anchors[n]), int(first_won[n])
        rivals.append(Rivals(one_image, one, other, total, won, total - won))
    return tuple(rivals)


def unselected_winners(view: TraceView) -> tuple[Unselected, ...]:
    """Contested anchors whose owner had not selected them, in order."""
    images, anchors = np.nonzero((view.claims > 1) & (view.resolved_owner >= 0))
    owners = view.resolved_owner[images, anchors]
    pairs = view.index.at(images * view.m + owners, anchors)
    chosen = view.selected[pairs] & (pairs >= 0) if len(view.pairs) else np.zeros(len(pairs), bool)
    winners = []
    for n in np.flatnonzero(~chosen).tolist():
        image, anchor = int(images[n]), int(anchors[n])
        around = view.index.of_anchor(image, anchor)
        by = tuple(view.pairs[around[view.selected[around]], 1].tolist())
        winners.append(
            Unselected(image, anchor, str(view.grid.address(anchor)), int(owners[n]), bool(pairs[n] >= 0), by)
        )
    return tuple(winners)


def identical_boxes(view: TraceView) -> tuple[Identical, ...]:
    """Groups of boxes with the same corners, padding excepted."""
    image, gt = np.nonzero(np.arange(view.m) < view.boxes[:, None])
    rows = np.concatenate([image[:, None], view.corners[image, gt]], axis=1)
    _, group, sizes = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    starts = np.cumsum(sizes) - sizes
    groups = []
    for n in np.flatnonzero(sizes > 1).tolist():
        members = order[starts[n] : starts[n] + sizes[n]]
        one = int(image[members[0]])
        gts = gt[members]
        groups.append(Identical(one, tuple(gts.tolist()), tuple(view.labels[one, gts].tolist())))
    return tuple(sorted(groups, key=lambda group: (group.image, group.gts)))


def starved_duplicates(view: TraceView) -> tuple[Starved, ...]:
    """Boxes that lost everything to one box with an IoU of at least :data:`NEARLY`."""
    starved = []
    for line in view.lines:
        if line.cause != "lost-conflicts":
            continue
        here = view.index.of_box(line.image, line.gt)
        owners = np.unique(view.pair_owner[here][view.selected[here]])
        if len(owners) != 1 or owners[0] < 0:
            continue
        owner = int(owners[0])
        overlap = _iou(view.corners[line.image, line.gt], view.corners[line.image, owner])
        if overlap >= NEARLY:
            label = int(view.labels[line.image, owner])
            starved.append(Starved(line.image, line.gt, line.label, owner, label, overlap))
    return tuple(starved)


def _iou(one: Array, other: Array) -> float:
    """Plain IoU of two boxes x1, y1, x2, y2; 0 if both are empty."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared
    return float(shared / union) if union > 0 else 0.0
