"""The loss on the page: what every anchor costs, and the numbers of the stage. Only of traces that have it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..explain.loss.paid import TERMS
from ..explain.sentences import number
from ..traces.view import TraceView
from .columns import number_column
from .story import shown_by_name


def losses(view: TraceView, image: int) -> dict[str, Any]:
    """Columns over the anchors of an image: what each costs, all terms together, and its cross-entropy over classes."""
    return {
        "cost": number_column(view.array("anchor_loss")[image].sum(-1)),
        "class_loss": number_column(view.at_anchors("class_loss", image, np.arange(view.a)).sum(-1, dtype=np.float64)),
    }


def of_background(view: TraceView) -> dict[str, Any]:
    """What the sentence about background names beside the anchor's own numbers."""
    gains = view.settings.gains
    assert gains is not None
    classes = view.trace.by_name["class_loss"].shape[-1]
    return shown_by_name({"gain": gains.cls, "divisor": float(view.array("divisor")[0]), "classes": classes})


def of_loss(view: TraceView) -> dict[str, dict[str, Any]]:
    """The loss items, each image's part of them, and what its background has of cls."""
    items, parts = view.array("loss_items"), view.array("image_loss")
    columns = {f"loss-{term}": (float(items[n]), parts[:, n]) for n, term in enumerate(TERMS)}
    background = (view.array("anchor_loss")[..., 1] * ~view.positive).sum(1, dtype=np.float64)
    columns["loss-background"] = float(background.sum()), background
    told = {
        name: {"total": number(total), "images": list(map(number, each.tolist()))}
        for name, (total, each) in columns.items()
    }
    divisor = number(float(view.array("divisor")[0]))
    return told | {"divisor": {"total": divisor, "images": [divisor] * view.b}}
