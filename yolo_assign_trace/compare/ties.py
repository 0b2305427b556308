"""Selections that differ only in which of several equal values were taken, and what follows from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arrays import Array
from ..traces.stored import StoredTrace
from .align_rows import Rows

if TYPE_CHECKING:
    from .results import OutputDiff

_NEEDED = ("align_metric", "mask_topk", "mask_pos")
_BY_OWNER = ("pos_align_metrics", "pos_overlaps", "norm_align_metric", "target_scores")


@dataclass(frozen=True)
class Side:
    """A trace and the owners (image, anchor) of its anchors, None if it does not tell."""

    trace: StoredTrace
    owners: Array | None


def explained_by_ties(
    a: Side, b: Side, rows: Rows | None, outputs: Sequence[OutputDiff], differing_at: Callable[[str], Array]
) -> frozenset[str]:
    """Keys of the outputs that differ only where the order of equal metrics decides.

    A row of a selection differs by ties if the pairs that only one side took have the metric that stands at the
    cut, the same for all, and each side took as many; where the cut is at 0 the number may differ, because zeros
    of other anchors fill up. What follows may differ at these anchors, and in the targets of the boxes that own
    them. This holds places against each other; ``isolate`` proves it by running the stages.
    """
    differing = {output.name: output for output in outputs if output.differs}
    if not _can_tell(a, b, rows, differing):
        return frozenset()
    assert rows is not None
    assert a.owners is not None
    image, gt, anchor = rows.a.T
    row = image * (int(gt.max()) + 1) + gt
    metric = a.trace.array("align_metric")
    keeps = any("mask_resolved" in side.trace.by_name for side in (a, b))

    reached = np.zeros(a.owners.shape, dtype=bool)  # anchors at which ties may have decided
    if "mask_topk" in differing:
        tied = _tied_pairs(a, b, "mask_topk", "tie_order", metric, row, rows)
        if tied is None:
            return frozenset()
        reached[image[tied], anchor[tied]] = True
    if keeps:  # a box that got others keeps others, and equal ones may have been kept in another order
        reached |= _of_boxes(a, b, reached)
        tied = _tied_pairs(a, b, "mask_pos", "keep_tie_order", metric, row, rows, outside=reached)
        if tied is None:
            return frozenset()
        reached[image[tied], anchor[tied]] = True
    owned = reached | _of_boxes(a, b, reached)

    early = _before_topk(outputs)
    return frozenset(
        output.key
        for name, output in differing.items()
        if output.stage not in early
        and output.reasons == ("values",)
        and _stays_within(name, differing_at, owned if name in _BY_OWNER else reached, a, b, rows.a)
    )


def _can_tell(a: Side, b: Side, rows: Rows | None, differing: Mapping[str, OutputDiff]) -> bool:
    """Is a selection different, and nothing that it was made from?"""
    if rows is None or not rows.equal or not len(rows.a) or a.owners is None or b.owners is None:
        return False
    if not all(name in side.trace.by_name for side in (a, b) for name in _NEEDED):
        return False
    return "align_metric" not in differing and not {"mask_topk", "mask_pos"}.isdisjoint(differing)


def _stays_within(
    name: str, differing_at: Callable[[str], Array], anchors: Array, a: Side, b: Side, pairs: Array
) -> bool:
    """Does output ``name`` differ only at ``anchors`` (image, anchor), or for the boxes that own them?"""
    stored = a.trace.by_name[name]
    at = np.unravel_index(differing_at(name), stored.shape)
    axes = stored.output.axes
    if axes[:2] == ("image", "anchor"):
        return bool(anchors[at[0], at[1]].all())
    if axes[:2] == ("image", "gt") and name in _BY_OWNER:
        return bool(_boxes_of(a, b, anchors)[at[0], at[1]].all())
    if axes == ("pair",) and name != "rank":
        return bool(anchors[pairs[at[0], 0], pairs[at[0], 2]].all())
    return False


def _tied_pairs(
    a: Side, b: Side, name: str, told_by: str, metric: Array, row: Array, rows: Rows, outside: Array | None = None
) -> Array | None:
    """Pairs that one side took and the other did not; None if a row of them is not explained by equal metrics."""
    mask_a, mask_b = a.trace.array(name), b.trace.array(name)
    differ = mask_a != mask_b
    if outside is not None:
        differ &= ~outside[rows.a[:, 0], rows.a[:, 2]]
    pairs = np.flatnonzero(differ)
    for number in np.unique(row[pairs]).tolist():
        here = pairs[row[pairs] == number]
        values = metric[here]
        image, gt = rows.a[here[0], :2].tolist()
        for side in (a, b):
            if told_by in side.trace.by_name and not side.trace.array(told_by)[image, gt]:
                return None
        if not (values == values[0]).all():
            return None
        if name == "mask_topk" and any(
            "cutoff" in side.trace.by_name and side.trace.array("cutoff")[image, gt] != values[0] for side in (a, b)
        ):
            return None
        if values[0] > 0 and int(mask_a[here].sum()) != int(mask_b[here].sum()):
            return None
    return pairs


def _boxes_of(a: Side, b: Side, anchors: Array) -> Array:
    """(image, gt) the boxes that own one of ``anchors`` (image, anchor) on either side."""
    assert a.owners is not None
    assert b.owners is not None
    most = int(max(a.owners.max(initial=-1), b.owners.max(initial=-1))) + 1
    width = max(most, a.trace.by_name["pos_overlaps"].shape[1] if "pos_overlaps" in a.trace.by_name else 0)
    boxes = np.zeros((len(anchors), width), dtype=bool)
    for owners in (a.owners, b.owners):
        image, anchor = np.nonzero(anchors & (owners >= 0))
        boxes[image, owners[image, anchor]] = True
    return boxes


def _of_boxes(a: Side, b: Side, anchors: Array) -> Array:
    """(image, anchor) every anchor owned, on either side, by a box that owns one of ``anchors``."""
    boxes = _boxes_of(a, b, anchors)
    theirs = np.zeros(anchors.shape, dtype=bool)
    for owners in (a.owners, b.owners):
        assert owners is not None
        image, anchor = np.nonzero(owners >= 0)
        theirs[image, anchor] |= boxes[image, owners[image, anchor]]
    return theirs


def _before_topk(outputs: Sequence[OutputDiff]) -> set[str]:
    """Stages that come before the selection."""
    stages = list(dict.fromkeys(output.stage for output in outputs))
    selection = next((o.stage for o in outputs if o.name == "mask_topk"), stages[-1])
    return set(stages[: stages.index(selection)])
