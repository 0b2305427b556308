"""What is worth knowing about a stage's result, in sentences, where it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ..assignment.call import CAPTURE
from ..basics.arrays import Array
from ..basics.plural import and_more, count, cut_list
from .boxes_summary import CAUSES, count_positives, decide_causes, summarize
from .loss_facts import loss_facts
from .record import BoxLine, Fact, Record, Run
from .screening import is_enlarged

NAMED_AT_MOST = 8

_KEPT = frozenset(
    {
        *("gt_labels", "gt_bboxes", "mask_gt", "screen_bboxes"),
        *("pairs", "overlaps", "align_metric", "mask_topk", "tie_order", "mask_resolved", "keep_tie_order"),
        *("claims", "mask_pos", "fg_mask", "target_gt_idx", "norm_align_metric"),
        *("target_distances", "divisor", "loss_items"),
    }
)


_FINITE_IF_OTHERS_ARE = frozenset({"pd_scores", "target_scores"})
"""Large tensors that are finite if what they are made of is; not looking at them again halves the cost of facts.

In a capture nothing is known of what they are made of.
"""


class FactFinder:
    """Keeps the small tensors of a run as they are made, and says what is worth knowing about them."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.kept: dict[str, Array] = {}
        self.first_odd: str = ""
        self.pending: list[Fact] = []

    def output(self, record: Record) -> None:
        """Take note of one output."""
        if record.name in _KEPT:
            self.kept[record.name] = record.array
        if self.first_odd or record.array.dtype.kind != "f":
            return
        if record.name not in _FINITE_IF_OTHERS_ARE or record.stage == CAPTURE.name:
            self.first_odd = first_odd(record)
            if self.first_odd:
                text = f"nan or infinity appears here first: {self.first_odd}"
                self.pending.append(Fact("non-finite", text, notable=True))

    def of_stage(self, stage: str) -> tuple[Fact, ...]:
        """The facts about the stage whose outputs have just been noted."""
        facts, self.pending = self.pending, []
        if stage in _FACTS:
            facts.extend(_FACTS[stage](self.run, self.kept))
        return tuple(facts)

    def boxes(self) -> tuple[BoxLine, ...]:
        """The closing line of every box."""
        return summarize(self.run.grid, self.run.boxes, self.kept)


def first_odd(record: Record) -> str:
    """The first element of an output that is nan or infinite, with its place, and how many are; empty if none is."""
    array = record.array.reshape(-1)
    # the sum tells without a temporary: it is finite only if all elements are, or if it overflows
    with np.errstate(invalid="ignore"):  # infinity less infinity
        total = array.sum(dtype=np.float64)
    if np.isfinite(total):
        return ""
    odd = np.flatnonzero(~np.isfinite(array))
    if not odd.size:
        return ""
    first = int(odd[0])
    anchor = record.anchor_of(first)
    at = f", {record.grid.address(anchor)}" if anchor is not None else ""
    place = f"{record.name}{record.index_text(first)} is {array[first]}{at}"
    return f"{place}; {odd.size} of {array.size} values are not finite"


def _boxes(rows: Iterable[tuple[int, int]]) -> str:
    """``2 boxes (image 0 gt 1, image 3 gt 0)``, long lists cut with a count."""
    names = [f"image {image} gt {gt}" for image, gt in rows]
    return f"{count(len(names), 'box')} ({cut_list(names, NAMED_AT_MOST)})"


def _of_causes(run: Run, kept: Mapping[str, Array], *causes: str) -> list[Fact]:
    """The boxes that one of ``causes`` keeps from positives, in the words of that cause."""
    decided = decide_causes(run.boxes, kept)
    facts = []
    for cause in causes:
        boxes = _at(decided == cause)
        each = ", each" if len(boxes) > 1 else ""
        if boxes:
            facts.append(Fact(cause, f"{_boxes(boxes)}{each}: {CAUSES[cause]}", notable=True))
    return facts


def _anchors(number: int, kind: str = "") -> str:
    return f"{count(number, kind + 'anchor')} {'was' if number == 1 else 'were'}"


def _at(mask: Array) -> list[tuple[int, int]]:
    return [(int(image), int(gt)) for image, gt in np.argwhere(mask)]


def _flatten(run: Run, _: Mapping[str, Array]) -> list[Fact]:
    levels = ", ".join(f"{level.anchors} of {level.name}" for level in run.grid.levels)
    return [Fact("anchors", f"{count(run.grid.anchors, 'anchor')} per image: {levels}")]


def _ground_truth(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    images, m = run.sizes["image"], run.sizes["gt"]
    empty = run.boxes.count(0)
    facts = [Fact("boxes", f"{count(sum(run.boxes), 'box')} in {count(images, 'image')}, padded to {m} per image")]
    if empty:
        facts.append(Fact("images-without-boxes", f"{count(empty, 'image')} without a box"))
    return facts + _of_causes(run, kept, "masked-out", "ignored-as-padding")


def _capture(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    return [*_flatten(run, kept), *_ground_truth(run, kept)]


def _screen(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    pairs = kept["pairs"]
    dense = run.sizes["image"] * run.sizes["gt"] * run.grid.anchors
    facts = [Fact("candidates", f"{count(len(pairs), 'candidate pair')} among {dense} triples (image, gt, anchor)")]
    if "screen_bboxes" in kept:
        facts += _enlarged(kept)
    return facts + _of_causes(run, kept, "no-anchor-inside")


def _enlarged(kept: Mapping[str, Array]) -> list[Fact]:
    """Boxes that screening saw larger than they are."""
    boxes, seen = kept["gt_bboxes"], kept["screen_bboxes"]
    larger = _at(is_enlarged(boxes, seen) & kept["mask_gt"][..., 0])
    if not larger:
        return []
    named = []
    for at in larger[:NAMED_AT_MOST]:
        (w, h), (wide, high) = ((corners[at][2:] - corners[at][:2]).tolist() for corners in (boxes, seen))
        named.append(f"image {at[0]} gt {at[1]} from {w:.1f}x{h:.1f} to {wide:.1f}x{high:.1f} px")
    more = and_more(len(larger), NAMED_AT_MOST)
    return [
        Fact("enlarged", f"{count(len(larger), 'box')} enlarged for screening: {', '.join(named)}{more}", notable=True)
    ]


def _align(_: Run, kept: Mapping[str, Array]) -> list[Fact]:
    metric = kept["align_metric"]
    return [Fact("metric-zero", f"metric 0 in {np.count_nonzero(metric == 0)} of {count(len(metric), 'candidate')}")]


def _topk(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    chosen = kept["mask_topk"]
    facts = [Fact("selected", f"selected {int(chosen.sum())} of {count(len(chosen), 'candidate')}")]
    tied = _at(kept["tie_order"]) if "tie_order" in kept else []
    if tied:
        text = f"tie order decided in {_boxes(tied)}: equal metrics stood at the cut"
        facts.append(Fact("tie-order", text, notable=True))
    return facts


def _resolve(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    facts = [Fact("positives", count(kept["fg_mask"].sum(), "positive anchor"))]
    if "claims" in kept and "mask_pos" in kept and (kept["claims"] > 1).any():
        facts += _conflicts(run, kept)
    many = _at(count_positives(kept) > run.settings["topk"])
    if many:
        text = f"more than {run.settings['topk']} positives after won conflicts: {_boxes(many)}"
        facts.append(Fact("more-than-k", text, notable=True))
    facts += _of_causes(run, kept, "lost-conflicts")
    kept_by_ties = _at(kept["keep_tie_order"]) if "keep_tie_order" in kept else []
    if kept_by_ties:
        text = f"tie order decided what was kept of {_boxes(kept_by_ties)}"
        facts.append(Fact("keep-tie-order", text, notable=True))
    return facts


def _conflicts(run: Run, kept: Mapping[str, Array]) -> list[Fact]:
    """Who won the contested anchors, where that is not the obvious one."""
    claims, owner = kept["claims"], kept["target_gt_idx"]
    contested = (claims > 1) & kept["fg_mask"]
    facts = [Fact("contested", f"{_anchors(int((claims > 1).sum()))} selected by several boxes")]
    image, _, anchor = kept["pairs"].T
    holds = kept["mask_pos"]
    contained = np.zeros(claims.shape, dtype=bool)
    contained[image[holds], anchor[holds]] = True
    unselected = np.argwhere(holds & ~kept["mask_topk"])[:, 0]
    if unselected.size:
        named = _winners(run, kept["pairs"][unselected][:, [0, 2]], owner)
        text = f"{_anchors(unselected.size)} given to a box that had not selected it but overlaps most ({named})"
        facts.append(Fact("winner-had-not-selected", text, notable=True))
    outside = np.argwhere(contested & ~contained)
    if outside.size:
        named = _winners(run, outside, owner)
        text = f"{_anchors(len(outside), 'contested ')} given to a box that does not contain it ({named})"
        facts.append(Fact("winner-does-not-contain", text, notable=True))
    return facts


def _winners(run: Run, places: Array, owner: Array) -> str:
    """``image 0 #27 P3 y3 x3 (28, 28 px) to gt 0``, long lists cut with a count."""
    named = [
        f"image {image} {run.grid.address(anchor)} to gt {owner[image, anchor]}"
        for image, anchor in places[:NAMED_AT_MOST].tolist()
    ]
    return "; ".join(named) + and_more(len(places), NAMED_AT_MOST)


def _normalize(_: Run, kept: Mapping[str, Array]) -> list[Fact]:
    if "norm_align_metric" not in kept:
        return []
    scores = kept["norm_align_metric"]
    zero = int((kept["fg_mask"] & (scores == 0)).sum())
    odd = int((~np.isfinite(scores)).sum())
    not_finite = f": those of {odd} of {count(scores.size, 'anchor')} are not finite" if odd else ""
    facts = [Fact("target-sum", f"the target scores add up to {scores.sum(dtype=np.float64):.6g}{not_finite}")]
    if zero:
        facts.append(
            Fact("positive-with-score-zero", f"{count(zero, 'positive anchor')} with target score 0", notable=True)
        )
    return facts


_FACTS: Mapping[str, Callable[[Run, Mapping[str, Array]], list[Fact]]] = {
    "flatten": _flatten,
    "ground_truth": _ground_truth,
    "capture": _capture,
    "screen": _screen,
    "align": _align,
    "topk": _topk,
    "resolve": _resolve,
    "normalize": _normalize,
    "loss": loss_facts,
}
