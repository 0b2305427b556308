"""An answer as one document for scripts: the header, the boxes, and the box, anchors, pairs or summary asked for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..run.record import BoxLine
from .anchor import Claim
from .answer import Answer
from .box import BoxStory, Contender
from .loss.found import BoxCost, PositiveCost
from .loss.paid import TERMS
from .summary import Problem


def as_json(answer: Answer) -> dict[str, Any]:
    """Records as dictionaries; what is said of a box or of a pair stands among what else is said of it."""
    document: dict[str, Any] = {"header": dict(answer.header), "levels": answer.levels, "digits": answer.digits}
    document["boxes"] = [asdict(box) | _place(answer, box) for box in answer.asked]
    if answer.box is not None:
        document["box"] = _box(answer.box) | _place(answer, answer.box.line)
    if answer.box_loss is not None:
        document["box_loss"] = _cost(answer.box_loss.cost) | {
            "positives": [_flat(positive, "terms") for positive in answer.box_loss.positives],
            "sentences": [asdict(sentence) for sentence in answer.box_loss.sentences],
        }
    if answer.loss is not None:
        boxes = [_cost(box) | _place(answer, box.line) for box in answer.loss.boxes]
        document["loss"] = asdict(answer.loss) | {"boxes": boxes, "synthetic": answer.synthetic}
    if answer.anchors:
        document["anchors"] = [asdict(a) | {"claims": [_flat(c, "pair") for c in a.claims]} for a in answer.anchors]
    if answer.pairs:
        document["pairs"] = [asdict(pair) for pair in answer.pairs]
    if answer.summary is not None:
        problems = [_problem(problem) | _place(answer, problem.line) for problem in answer.summary.problems]
        document["summary"] = asdict(answer.summary) | {"problems": problems}
    return document


def _box(box: BoxStory) -> dict[str, Any]:
    size = {"box": box.box, "width": box.line.width, "height": box.line.height}
    story = asdict(box) | {"candidates": [_flat(contender, "pair") for contender in box.candidates]}
    del story["line"]
    return _named(box.line, box.label_name) | size | story


def _problem(problem: Problem) -> dict[str, Any]:
    named = _named(problem.line, problem.label_name)
    return named | asdict(problem.line) | {"cause": asdict(problem.cause)}


def _place(answer: Answer, box: BoxLine) -> dict[str, Any]:
    place = answer.place(box)
    return {"file": place.path if place else None, "line": place.line or None if place else None}


def _named(line: BoxLine, label_name: str) -> dict[str, Any]:
    return {"image": line.image, "gt": line.gt, "label": line.label, "label_name": label_name}


def _cost(cost: BoxCost) -> dict[str, Any]:
    terms = {name: getattr(cost.terms, name) for name in (*TERMS, "total")}
    found = {"positives": cost.line.positives, "share": cost.share, "why": asdict(cost.why)}
    return _named(cost.line, cost.label_name) | terms | found


def _flat(record: Contender | Claim | PositiveCost, inner: str) -> dict[str, Any]:
    """A record with the fields of one of its parts in the place of that part."""
    flat: dict[str, Any] = {}
    for name, value in asdict(record).items():
        flat |= value if name == inner else {name: value}
    return flat
