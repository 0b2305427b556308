"""What one anchor pays: the numbers of its formula, in sentences."""

from __future__ import annotations

from typing import Any

from ...assignment.loss.outputs import MARGIN, Loss
from ...basics.errors import InputError
from ...traces.view import TraceView
from ..sentences import SIDES, Sentence, sentence

TERMS = ("box", "cls", "dfl")
_NEEDED = tuple(output.name for output in Loss.outputs())


def has_loss(view: TraceView) -> bool:
    """Did the stage ``loss`` run, and put out all that it declares?"""
    return view.settings.gains is not None and all(name in view.trace.by_name for name in _NEEDED)


def require_loss(view: TraceView) -> None:
    """Raises InputError if the trace has no loss."""
    if view.settings.gains is not None and not has_loss(view):
        message = "the function in place of the stage loss left out what explaining needs"
        raise InputError("incomplete-trace", message, hint="trace again without it")
    if not has_loss(view):
        hint = "trace again with `stage=loss`; a captured call holds no logits, so it has none"
        raise InputError("no-loss", "the trace has no loss: the stage did not run", hint=hint)


def paid(view: TraceView, image: int, anchor: int) -> tuple[Sentence, ...]:
    """Term by term what an anchor pays, and which targets are clamped; nothing without a loss or if it was swapped."""
    gains = view.settings.gains
    if gains is None or not has_loss(view) or Loss.stage in view.settings.swapped:
        return ()
    at = image, anchor
    (classes,) = view.at_anchors("class_loss", *at)
    (costs,) = view.at_anchors("anchor_loss", *at)
    cost: dict[str, float] = dict(zip(TERMS, costs.tolist(), strict=True))
    divisor = float(view.array("divisor")[0])
    of_class: dict[str, Any] = {
        "class_loss": float(classes.sum(dtype=float)),
        "classes": len(classes),
        "gain": gains.cls,
        "divisor": divisor,
        "cost": cost["cls"],
    }
    owner = int(view.owner[at])
    if owner < 0:
        return (sentence("loss.background", **of_class),)
    label = int(view.labels[image, owner])
    loss, distance = (float(view.array(name)[at]) for name in ("box_loss", "distance_loss"))
    weighed = {"weight": float(view.array("loss_weight")[at]), "divisor": divisor}
    return (
        sentence("loss.box", ciou=1 - loss, loss=loss, gain=gains.box, cost=cost["box"], **weighed),
        sentence("loss.class", **of_class, label=label, own=float(classes[label])),
        sentence("loss.distance", loss=distance, gain=gains.dfl, cost=cost["dfl"], **weighed),
        *clamped(view, image, anchor),
    )


def clamped(view: TraceView, image: int, anchor: int) -> tuple[Sentence, ...]:
    """A sentence for every side of a positive's target that lies beyond the bins."""
    reg_max = view.settings.reg_max or 1
    if reg_max == 1:
        return ()
    told = []
    (distances,) = view.at_anchors("target_distances", image, anchor)
    reach = reg_max - 1 - MARGIN
    for side, cells in zip(SIDES, distances.tolist(), strict=True):
        if cells > reg_max - 1:
            told.append(sentence(f"loss.beyond-{side}", cells=cells, limit=reg_max - 1, reach=reach, by=cells - reach))
        elif cells < 0:
            told.append(sentence(f"loss.below-{side}", by=-cells))
    return tuple(told)
