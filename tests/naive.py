"""An independent judge of the assignment: plain loops over image, gt and anchor in Python's own floats (float64).

It knows nothing of candidate pairs, tensors or the package. Where the algorithm leaves a choice open, because
torch.topk may return equal values in any order, the judge says which selections are acceptable and is then told
which one was made. Where rounding could turn a decision, it says so: see :attr:`Judge.unsure`.

Boxes are (x1, y1, x2, y2) and points (x, y), in px. Written from the facts of the algorithm:

* inside: all four distances from centre to side > 1e-9 px; a box whose corners add up to 0 or less is padding
* overlap: CIoU, at least 0; metric: score of the box's class ^ alpha · overlap ^ beta
* every box selects the k largest metrics among all anchors; what it does not contain has metric 0 and is dropped
* an anchor that several boxes selected goes to the largest overlap of all boxes, the first of equals
* target score: metric · best overlap / (best metric + 1e-9), both over what the box ended with
"""

from __future__ import annotations

import math
from dataclasses import dataclass

EPS = 1e-7
OVERLAP, METRIC = 0, 1  # places in the bounds of a candidate


def valid(box: list[float]) -> bool:
    x1, y1, x2, y2 = box
    return x1 + y1 + x2 + y2 > 0


def inside(point: list[float], box: list[float]) -> bool:
    (x, y), (x1, y1, x2, y2) = point, box
    return x - x1 > 1e-9 and y - y1 > 1e-9 and x2 - x > 1e-9 and y2 - y > 1e-9


def ciou(gt: list[float], predicted: list[float]) -> float:
    x1, y1, x2, y2 = gt
    p1, q1, p2, q2 = predicted
    w1, h1 = x2 - x1, y2 - y1 + EPS
    w2, h2 = p2 - p1, q2 - q1 + EPS
    inter = max(min(x2, p2) - max(x1, p1), 0.0) * max(min(y2, q2) - max(y1, q1), 0.0)
    iou = inter / (w1 * h1 + w2 * h2 - inter + EPS)
    diagonal = (max(x2, p2) - min(x1, p1)) ** 2 + (max(y2, q2) - min(y1, q1)) ** 2 + EPS
    centres = ((p1 + p2) / 2 - (x1 + x2) / 2) ** 2 + ((q1 + q2) / 2 - (y1 + y2) / 2) ** 2
    v = 4 / math.pi**2 * (math.atan(w2 / h2) - math.atan(w1 / h1)) ** 2
    a = v / (v - iou + (1 + EPS))
    return iou - centres / diagonal - v * a


@dataclass(frozen=True)
class Candidate:
    """One (image, gt, anchor) whose centre is inside; ``low`` and ``high`` bound what rounding can make of it.

    Overlaps, or metrics, whose ``same`` is equal must come out exactly equal, because the same numbers went in or
    because they are certainly zero.
    """

    score: float
    overlap: float
    metric: float
    low: tuple[float, float]  # overlap, metric
    high: tuple[float, float]
    same: tuple[object, object]  # overlap, metric


ZERO = Candidate(0.0, 0.0, 0.0, (0.0, 0.0), (0.0, 0.0), ("zero", "zero"))
"""What stands at every anchor that a box does not contain."""


@dataclass(frozen=True)
class Choice:
    """The acceptable selections of one box: all of ``must``, and from ``least`` to ``most`` of ``may``."""

    must: set[int]
    may: set[int]
    least: int
    most: int
    cutoff: float

    def accepts(self, selected: set[int]) -> bool:
        return self.must <= selected <= self.must | self.may and self.least <= len(selected - self.must) <= self.most

    @property
    def is_open(self) -> bool:
        """Is there more than one acceptable selection?"""
        return self.least < len(self.may)


@dataclass(frozen=True)
class Outcome:
    """What became of one image: by anchor, and by gt."""

    claims: list[int]
    owner: list[int]  # 0 for background
    positive: list[bool]
    target_score: list[float]  # 0 for background
    best_metric: list[float]
    best_overlap: list[float]


class Judge:
    """Judges one image.

    Args:
        scores: [anchor][class] 0..1.
        boxes: [anchor] predicted boxes.
        points: [anchor] centres.
        labels: [gt] class indices.
        gts: [gt] boxes, padding included.
        topk, alpha, beta: parameters.
        rounding: how far an overlap may be off where the judged numbers are rounded more than the judge's.

    Attributes:
        table: [gt][anchor] candidates, None where the gt does not contain the anchor or is padding.
        unsure: decisions that rounding could turn, in words; of conflicts only after :meth:`outcome`.
    """

    def __init__(
        self,
        scores: list[list[float]],
        boxes: list[list[float]],
        points: list[list[float]],
        labels: list[int],
        gts: list[list[float]],
        *,
        topk: int,
        alpha: float,
        beta: float,
        rounding: float,
    ) -> None:
        self.topk, self.alpha, self.beta, self.rounding = topk, alpha, beta, rounding
        self.anchors = len(points)
        self.unsure: list[str] = []
        self.table: list[list[Candidate | None]] = []
        for label, gt in zip(labels, gts, strict=True):
            row: list[Candidate | None] = []
            for anchor, point in enumerate(points):
                here = valid(gt) and inside(point, gt)
                row.append(self._candidate(scores[anchor][label], gt, boxes[anchor]) if here else None)
            self.table.append(row)

    def _candidate(self, score: float, gt: list[float], predicted: list[float]) -> Candidate:
        raw = ciou(gt, predicted)
        overlaps = [max(u, 0.0) for u in (raw - self.rounding, raw, raw + self.rounding)]
        lowest, metric, highest = (score**self.alpha * u**self.beta for u in overlaps)
        smallest = 1e-300 if self.rounding < 1e-9 else 1e-37  # below it, float64 and float32 lose digits
        no_overlap = overlaps[2] == 0
        no_metric = no_overlap or score == 0
        return Candidate(
            score,
            overlaps[1],
            metric,
            low=(overlaps[0], max(lowest * (1 - self.rounding) - smallest, 0.0)),
            high=(overlaps[2], 0.0 if no_metric else highest * (1 + self.rounding) + smallest),
            same=("zero" if no_overlap else (*gt, *predicted), "zero" if no_metric else (score, *gt, *predicted)),
        )

    def choice(self, gt: int) -> Choice:
        """What ``gt`` may select: the k largest metrics among all anchors, of which only candidates count."""
        row = [candidate or ZERO for candidate in self.table[gt]]
        by_metric = sorted(range(len(row)), key=lambda anchor: -row[anchor].metric)
        last = row[by_metric[self.topk - 1]]
        for anchor, other in enumerate(row):
            if _near(other, last, METRIC):
                self.unsure.append(f"gt {gt} anchor {anchor}: metric {other.metric} beside {last.metric} at the cut")
        contained = {anchor for anchor, candidate in enumerate(self.table[gt]) if candidate}
        above = {anchor for anchor in contained if row[anchor].metric > last.metric}
        equal = {anchor for anchor in range(len(row)) if row[anchor].metric == last.metric}
        room = self.topk - len(above)
        may = equal & contained
        least, most = max(0, room - len(equal - contained)), min(room, len(may))
        return Choice(above, may, least, most, cutoff=last.metric)

    def outcome(self, selected: list[set[int]]) -> Outcome:
        """Conflicts and normalisation, after every gt has selected its anchors."""
        gts, anchors = range(len(self.table)), self.anchors
        claims = [sum(anchor in chosen for chosen in selected) for anchor in range(anchors)]
        owner = [0] * anchors
        for anchor in range(anchors):
            if claims[anchor] == 1:
                owner[anchor] = next(gt for gt in gts if anchor in selected[gt])
            elif claims[anchor] > 1:
                owner[anchor] = self._winner(anchor)
        best_metric, best_overlap = [0.0] * len(self.table), [0.0] * len(self.table)
        own = [(self.table[owner[a]][a] or ZERO) if claims[a] else ZERO for a in range(anchors)]
        for anchor in range(anchors):
            if claims[anchor]:
                gt = owner[anchor]
                best_metric[gt] = max(best_metric[gt], own[anchor].metric)
                best_overlap[gt] = max(best_overlap[gt], own[anchor].overlap)
        target = [
            own[a].metric * best_overlap[owner[a]] / (best_metric[owner[a]] + 1e-9) if claims[a] else 0.0
            for a in range(anchors)
        ]
        return Outcome(claims, owner, [count > 0 for count in claims], target, best_metric, best_overlap)

    def _winner(self, anchor: int) -> int:
        column = [row[anchor] or ZERO for row in self.table]
        winner = max(range(len(column)), key=lambda gt: column[gt].overlap)  # max returns the first of equals
        for gt, other in enumerate(column):
            if _near(other, column[winner], OVERLAP):
                self.unsure.append(f"anchor {anchor}: overlaps of gt {gt} and gt {winner} are nearly equal")
        return winner


def _near(one: Candidate, other: Candidate, which: int) -> bool:
    """Could rounding turn the order of the two?"""
    apart = one.low[which] > other.high[which] or other.low[which] > one.high[which]
    return one.same[which] != other.same[which] and not apart
