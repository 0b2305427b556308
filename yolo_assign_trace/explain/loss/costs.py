"""The loss of a trace by box, with the reason of each, by level, by class and by image."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...basics.arrays import Array
from ...run.loss_facts import about_two_heads, beyond_reach, prints_items
from ...run.record import BoxLine
from ...traces.view import TraceView
from ..sentences import SIDES, Sentence, sentence
from .found import BoxCost, BoxLoss, Clamped, LossSummary, PositiveCost, Terms
from .paid import TERMS, clamped, paid, require_loss


def loss_summary(view: TraceView, image: int | None = None) -> LossSummary:
    """What all boxes cost, or those of one image.

    Raises:
        InputError: the trace has no loss, or no such image.
    """
    require_loss(view)
    if image is not None:
        view.require_image(image)
    head, since = view.settings.head, view.settings.loss_since
    costs = _Costs(view)
    images = range(view.b) if image is None else [image]
    lines = view.lines if image is None else view.lines_of(image)
    of_anchor = costs.of_anchor[images]  # (image, anchor, term)
    classes = np.stack([costs.of_class(i) for i in images]).sum(0)
    here = np.isin(costs.image, images)
    labels, names = view.labels[costs.image, costs.owner][here], _class_names(view, len(classes))
    of_label = np.zeros((len(classes), 3))
    np.add.at(of_label, labels, costs.of_positive[here])
    of_label[:, 1] = classes
    boxes = [costs.of_box(line) for line in lines]
    asked = np.array([f.total for f in (box.terms for box in boxes)])
    order = np.argsort(np.where(np.isnan(asked), -np.inf, -asked), kind="stable").tolist()
    level = np.zeros((view.levels, 3))
    np.add.at(level, view.level, of_anchor.sum(0))
    background = of_anchor[view.owner[images] < 0].sum(0)
    return LossSummary(
        items=Terms.of("", of_anchor.sum((0, 1))),
        divisor=costs.divisor,
        background=Terms.of("background", background),
        boxes=tuple(boxes[n] for n in order),
        levels=tuple(Terms.of(one.name, level[n]) for n, one in enumerate(view.grid.levels)),
        classes=tuple(Terms.of(names[n], of_label[n]) for n in range(len(classes))),
        images=tuple(Terms.of(str(i), of_anchor[n].sum(0)) for n, i in enumerate(images)),
        clamped=costs.clamped(here),
        of_image=image,
        about=about_two_heads(head, since) if head else "",
        printed=prints_items(head, since),
    )


def box_loss(view: TraceView, image: int, gt: int) -> BoxLoss:
    """What one box costs, positive by positive.

    Raises:
        InputError: the trace has no loss, or no such box.
    """
    require_loss(view)
    line = view.require_box(image, gt)
    costs = _Costs(view)
    cost = costs.of_box(line)
    mine = np.flatnonzero((costs.image == image) & (costs.owner == gt))
    order = np.argsort(-costs.of_positive[mine].sum(-1), kind="stable")
    positives = tuple(costs.one_positive(int(n)) for n in mine[order])
    told = [sentence("cost.sum", **_values(cost.terms), all=float(costs.of_anchor.sum())), cost.why]
    for one in positives[:1]:
        told += [sentence("cost.dearest", anchor=one.address), *paid(view, image, one.anchor)]
    for one in positives[1:]:
        if beyond := clamped(view, image, one.anchor):
            told += [sentence("cost.at", anchor=one.address), *beyond]
    return BoxLoss(cost, positives, tuple(told))


class _Costs:
    """The loss of a trace by positive anchor: (n,) in the order of ``view.positives``."""

    def __init__(self, view: TraceView) -> None:
        self.view = view
        self.image, self.owner, self.anchor = view.positives
        self.divisor = float(view.array("divisor")[0])
        self.of_anchor: Array = view.array("anchor_loss").astype(np.float64)  # (image, anchor, term)
        self.of_positive: Array = self.of_anchor[self.image, self.anchor]  # (n, term)
        self.all = float(self.of_anchor.sum())

    def _at_positives(self, name: str) -> Array:
        values: Array = self.view.array(name)[self.image, self.anchor]
        return values.astype(np.float64)

    @cached_property
    def ciou(self) -> Array:
        return 1 - self._at_positives("box_loss")

    @cached_property
    def weight(self) -> Array:
        return self._at_positives("loss_weight")

    @cached_property
    def distance(self) -> Array:
        return self._at_positives("distance_loss")

    @cached_property
    def classes(self) -> Array:
        """(n, class) cross-entropy."""
        return self.view.at_anchors("class_loss", self.image, self.anchor).astype(np.float64)

    @cached_property
    def scores(self) -> Array:
        """(n, class) predicted."""
        return self.view.at_anchors("pd_scores", self.image, self.anchor)

    @cached_property
    def beyond(self) -> Array:
        """(n, side) does the target lie beyond the bins?"""
        distances, reg_max = self._at_positives("target_distances"), self.view.settings.reg_max or 1
        beyond: Array = ((distances > reg_max - 1) | (distances < 0)) & (reg_max > 1)
        return beyond

    def clamped(self, of: Array) -> tuple[Clamped, ...]:
        """Those sides of the positives in the mask ``of`` (n,)."""
        distances, reg_max = self._at_positives("target_distances"), self.view.settings.reg_max or 1
        by = beyond_reach(distances, reg_max)
        found = []
        for n, side in np.argwhere(self.beyond & of[:, None]).tolist():
            place = int(self.image[n]), int(self.owner[n]), str(self.view.grid.address(int(self.anchor[n])))
            found.append(Clamped(*place, SIDES[side], float(distances[n, side]), float(by[n, side])))
        return tuple(found)

    def of_class(self, image: int) -> Array:
        """(class,) what the score of each class costs in an image."""
        gains = self.view.settings.gains
        assert gains is not None
        rows = self.view.at_anchors("class_loss", image, np.arange(self.view.a))
        with np.errstate(divide="ignore", invalid="ignore"):  # up to 8.0.10 the divisor may be 0
            costs: Array = gains.cls * rows.sum(0, dtype=np.float64) / self.divisor
        return costs

    def of_box(self, line: BoxLine) -> BoxCost:
        mine = np.flatnonzero((self.image == line.image) & (self.owner == line.gt))
        terms = Terms.of(line.name, self.of_positive[mine].sum(0))
        share = terms.total / self.all if self.all and np.isfinite(self.all) else None
        return BoxCost(line, self.view.class_name(line.label), terms, share, self._why(line, mine, terms))

    def one_positive(self, n: int) -> PositiveCost:
        anchor = int(self.anchor[n])
        address = str(self.view.grid.address(anchor))
        return PositiveCost(
            anchor=anchor,
            address=address,
            weight=float(self.weight[n]),
            ciou=float(self.ciou[n]),
            distance_loss=float(self.distance[n]),
            class_loss=float(self.classes[n].sum()),
            terms=Terms.of(address, self.of_positive[n]),
        )

    def _why(self, line: BoxLine, mine: Array, terms: Terms) -> Sentence:
        """The reason that the largest term gives."""
        if not len(mine):
            return sentence("cost.no-positives")
        if not np.isfinite(terms.total):
            return sentence("cost.non-finite")
        weight = self.weight[mine]
        weights = weight if weight.sum() > 0 else np.ones(len(mine))
        ciou, distance = (float(np.average(each[mine], weights=weights)) for each in (self.ciou, self.distance))
        dearest = max(TERMS, key=lambda name: getattr(terms, name))
        if dearest == "box":
            return sentence("cost.far", ciou=ciou)
        if dearest == "dfl":
            sides = int(self.beyond[mine].sum())
            return sentence("cost.beyond", sides=sides) if sides else sentence("cost.unsure", loss=distance)
        own = self.classes[mine, line.label].sum()
        score, target = float(self.scores[mine, line.label].mean()), float(weight.mean())
        if own >= self.classes[mine].sum() - own:
            what = "cost.low-scores" if score < target else "cost.high-scores"
            return sentence(what, score=score, label=line.label, target=target)
        of_others = self.classes[mine].sum(0)
        of_others[line.label] = -np.inf
        other = int(of_others.argmax())
        return sentence("cost.other-classes", label=other, score=float(self.scores[mine, other].mean()))


def _values(terms: Terms) -> dict[str, float]:
    return {name: getattr(terms, name) for name in (*TERMS, "total")}


def _class_names(view: TraceView, classes: int) -> list[str]:
    return [f"{label} {view.class_name(label)}".strip() for label in range(classes)]
