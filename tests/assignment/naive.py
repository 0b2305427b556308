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

What generations do otherwise is said by :class:`Rules`. That they add up CIoU's weight in two orders does not appear
here: on paper it is one sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
class Rules:
    """What sets a generation apart.

    ``unmasked``: also boxes that do not contain a contested anchor compete for it, padding not excepted.
    ``short``: sides of valid boxes below it are ``enlarged_to`` for the inside test, px. None: boxes stay as they are.
    ``rounded`` is the number type of the boxes: enlarging computes in it, and its rounding moves edges.
    ``topk2``: positives that a box keeps after conflicts, None for all.
    """

    unmasked: bool = False
    short: float | None = None
    enlarged_to: float = 0.0
    rounded: Callable[[float], float] = float
    topk2: int | None = None

    def screened(self, box: list[float]) -> list[float]:
        """The box that anchor centres are held against: over centre and size, and back."""
        if self.short is None:
            return box
        n = self.rounded
        corners = [n(c) for c in box]
        low, high = [], []
        for start, end in (corners[0::2], corners[1::2]):
            middle, side = (start + end) / n(2), end - start
            half = n(self.enlarged_to if side < self.short else side) / n(2)
            low.append(float(middle - half))
            high.append(float(middle + half))
        return [*low, *high]


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
class Conflicts:
    """Who has which anchor once every anchor belongs to one box."""

    claims: list[int]
    owner: list[int]  # 0 for background
    own: list[Candidate]  # the anchor and its owner

    def of(self, gt: int) -> set[int]:
        return {anchor for anchor, count in enumerate(self.claims) if count and self.owner[anchor] == gt}


@dataclass(frozen=True)
class Outcome:
    """What became of one image: by anchor, and by gt."""

    owner: list[int]  # 0 for background
    positive: list[bool]
    target_score: list[float]  # 0 for background
    best_metric: list[float]
    best_overlap: list[float]


DEFAULT = Rules()


class Judge:
    """Judges one image.

    Args:
        scores: [anchor][class] 0..1.
        boxes: [anchor] predicted boxes.
        points: [anchor] centres.
        labels: [gt] class indices.
        gts: [gt] boxes, padding included.
        topk, alpha, beta: parameters.
        rules: those of a generation.
        rounding: how far an overlap may be off where the judged numbers are rounded more than the judge's.

    Attributes:
        table: [gt][anchor] candidates, None where the gt does not contain the anchor or is padding.
        unsure: decisions that rounding could turn, in words; of each step only after the step.
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
        rules: Rules = DEFAULT,
    ) -> None:
        self.topk, self.alpha, self.beta, self.rounding, self.rules = topk, alpha, beta, rounding, rules
        self.scores, self.boxes, self.labels, self.gts = scores, boxes, labels, gts
        self.anchors = len(points)
        self.unsure: list[str] = []
        self.table: list[list[Candidate | None]] = []
        for gt, box in enumerate(gts):
            seen = rules.screened(box)
            self.table.append(
                [
                    self._candidate(gt, anchor) if valid(box) and inside(point, seen) else None
                    for anchor, point in enumerate(points)
                ]
            )

    def _candidate(self, of: int, anchor: int) -> Candidate:
        score, gt, predicted = self.scores[anchor][self.labels[of]], self.gts[of], self.boxes[anchor]
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
        contained = {anchor: candidate for anchor, candidate in enumerate(self.table[gt]) if candidate}
        return self._choose(f"gt {gt}", contained, self.topk)

    def _choose(self, who: str, offered: dict[int, Candidate], k: int) -> Choice:
        """The k largest metrics of a row that is 0 wherever nothing is offered."""
        row = [offered.get(anchor, ZERO) for anchor in range(self.anchors)]
        by_metric = sorted(range(len(row)), key=lambda anchor: -row[anchor].metric)
        last = row[by_metric[k - 1]]
        for anchor, other in enumerate(row):
            if _near(other, last, METRIC):
                self.unsure.append(f"{who} anchor {anchor}: metric {other.metric} beside {last.metric} at the cut")
        above = {anchor for anchor in offered if row[anchor].metric > last.metric}
        equal = {anchor for anchor in range(len(row)) if row[anchor].metric == last.metric}
        room = k - len(above)
        may = equal & offered.keys()
        least, most = max(0, room - len(equal - offered.keys())), min(room, len(may))
        return Choice(above, may, least, most, cutoff=last.metric)

    def conflicts(self, selected: list[set[int]]) -> Conflicts:
        """Every anchor goes to one box, after every gt has selected its anchors."""
        anchors = range(self.anchors)
        claims = [sum(anchor in chosen for chosen in selected) for anchor in anchors]
        owner, own = [0] * self.anchors, [ZERO] * self.anchors
        for anchor in anchors:
            if claims[anchor] == 1:
                owner[anchor] = next(gt for gt in range(len(selected)) if anchor in selected[gt])
                own[anchor] = self.table[owner[anchor]][anchor] or ZERO
            elif claims[anchor] > 1:
                owner[anchor], own[anchor] = self._winner(anchor)
        return Conflicts(claims, owner, own)

    def _winner(self, anchor: int) -> tuple[int, Candidate]:
        if self.rules.unmasked:
            column = [self._candidate(gt, anchor) for gt in range(len(self.gts))]
        else:
            column = [row[anchor] or ZERO for row in self.table]
        winner = max(range(len(column)), key=lambda gt: column[gt].overlap)  # max returns the first of equals
        for gt, other in enumerate(column):
            if _near(other, column[winner], OVERLAP):
                self.unsure.append(f"anchor {anchor}: overlaps of gt {gt} and gt {winner} are nearly equal")
        return winner, column[winner]

    def keeps(self, conflicts: Conflicts, gt: int) -> Choice:
        """What ``gt`` may keep of the anchors that it owns."""
        owned = {anchor: conflicts.own[anchor] for anchor in conflicts.of(gt)}
        if self.rules.topk2 in (None, self.topk):
            return Choice(set(owned), set(), 0, 0, cutoff=0.0)
        return self._choose(f"gt {gt} keeps:", owned, self.rules.topk2)

    def outcome(self, conflicts: Conflicts, kept: list[set[int]]) -> Outcome:
        """Normalisation, after every gt has chosen what to keep."""
        owner, positive, target = [0] * self.anchors, [False] * self.anchors, [0.0] * self.anchors
        best_metric, best_overlap = [0.0] * len(kept), [0.0] * len(kept)
        for gt, anchors in enumerate(kept):
            best_metric[gt] = max((conflicts.own[anchor].metric for anchor in anchors), default=0.0)
            best_overlap[gt] = max((conflicts.own[anchor].overlap for anchor in anchors), default=0.0)
            for anchor in anchors:
                owner[anchor], positive[anchor] = gt, True
                target[anchor] = conflicts.own[anchor].metric * best_overlap[gt] / (best_metric[gt] + 1e-9)
        return Outcome(owner, positive, target, best_metric, best_overlap)


def _near(one: Candidate, other: Candidate, which: int) -> bool:
    """Could rounding turn the order of the two?"""
    apart = one.low[which] > other.high[which] or other.low[which] > one.high[which]
    return one.same[which] != other.same[which] and not apart
