"""The stages of a trace as the page shows them: title, explanation, formula with the run's numbers, outputs, counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..assignment.assigner import Stage
from ..assignment.call import CAPTURE
from ..assignment.generations import YOLOV8
from ..assignment.outputs import PARTS
from ..basics.arrays import Array
from ..explain.loss.paid import has_loss
from ..explain.sentences import number
from ..run.statistics import Statistics, as_json
from ..traces.rebuild import rebuild_assigner
from ..traces.view import OUTCOMES, TraceView
from .losses import of_loss


def stages_of(view: TraceView) -> list[dict[str, Any]]:
    """The stages of the trace in order.

    ``title`` and ``says`` are ids of texts; ``values`` are numbers in them.
    """
    assigner = rebuild_assigner(view.trace).assigner
    declared = {stage.name: stage for stage in (*(assigner or YOLOV8).stages, CAPTURE)}
    settings = None if assigner is None else assigner.settings | {"reg_max": view.settings.reg_max}
    outputs: dict[str, list[dict[str, Any]]] = {}
    for stored in view.trace.outputs.values():
        dense = view.b * view.m * view.a if stored.output.on_pairs else None
        about = {
            "name": stored.name,
            "axes": [
                f"{axis} {size}" if axis not in PARTS else " ".join(PARTS[axis])
                for axis, size in zip(stored.output.axes, stored.shape, strict=True)
            ],
            "unit": stored.output.unit,
            "meaning": stored.output.meaning,
            "dtype": str(stored.dtype),
            "statistics": _texts(Statistics.of(stored.read(0, math.prod(stored.shape)), dense)),
        }
        outputs.setdefault(stored.stage, []).append(about)
    swapped = view.settings.swapped
    return [
        _stage(declared.get(name), name, swapped.get(name), settings, of_stage) for name, of_stage in outputs.items()
    ]


def _stage(
    stage: Stage | None,
    name: str,
    swapped: str | None,
    settings: Mapping[str, Any] | None,
    outputs: list[dict[str, Any]],
) -> dict[str, Any]:
    formula: tuple[str, ...] = ()
    if swapped:
        formula = (f"SWAPPED: {swapped}",)
    elif stage is not None and settings is not None:
        formula = stage.formula(settings)
    return {
        "name": name,
        "declaration": "" if stage is None else stage.result.__name__,
        "formula": formula,
        "outputs": outputs,
        "numbers": NUMBERS.get(name, ()),
    }


def title_values(view: TraceView) -> dict[str, str]:
    """Numbers that titles name; a letter where the trace does not tell."""
    return {"topk": str(view.settings.topk or "k")}


NUMBERS: Mapping[str, tuple[str, ...]] = {
    "capture": ("anchors", "boxes", "ignored"),
    "flatten": ("anchors",),
    "anchors": ("anchors",),
    "ground_truth": ("boxes", "ignored"),
    "screen": ("pairs", "candidate-anchors", "enlarged", "nothing-inside"),
    "align": ("pairs", "metric-zero", "best-overlap", "best-metric"),
    "topk": ("pairs", "selected", "tie-order"),
    "resolve": ("claimed", "contested", "lost", "won", "dropped", "positives"),
    "targets": ("positives", "background"),
    "normalize": ("positives", "score-zero", "target-sum", "best-target"),
    "loss": ("loss-box", "loss-cls", "loss-dfl", "loss-background", "divisor"),
}
"""Which of the numbers of :func:`numbers` a stage shows."""


def numbers(view: TraceView) -> dict[str, dict[str, Any]]:
    """Numbers by id, as texts: ``total`` for the whole trace and ``images``, one each."""
    image = view.pairs[:, 0]
    gt_images = np.repeat(np.arange(view.b), view.boxes)
    lines = view.lines
    row_image = np.repeat(np.arange(view.b), view.m)
    ties = view.optional("tie_order")
    outcomes = {name: image[view.outcome == code] for code, name in enumerate(OUTCOMES)}
    anchor_image = np.repeat(np.arange(view.b), view.a)
    positive = view.positive.reshape(-1)
    claims = view.claims.reshape(-1)
    counted: dict[str, Array] = {
        "anchors": anchor_image,
        "boxes": gt_images,
        "ignored": np.array([line.image for line in lines if line.cause in ("ignored-as-padding", "masked-out")]),
        "nothing-inside": np.array([line.image for line in lines if line.cause == "no-anchor-inside"]),
        "pairs": image,
        "candidate-anchors": np.unique(view.index.cell) // view.a,
        "metric-zero": image[view.metric == 0],
        "selected": image[view.selected],
        "claimed": anchor_image[claims > 0],
        "contested": anchor_image[claims > 1],
        "lost": outcomes["lost"],
        "won": outcomes["won"],
        "positives": anchor_image[positive],
        "background": anchor_image[~positive],
        "score-zero": view.positives[0][view.positive_scores == 0],
    }
    if view.optional("screen_bboxes") is not None:
        counted["enlarged"] = row_image[(view.enlarged & view.mask_gt).reshape(-1)]
    if ties is not None:
        counted["tie-order"] = row_image[ties.reshape(-1).astype(bool)]
    if view.has_topk2:
        counted["dropped"] = outcomes["dropped"]
    numbers = {name: _counts(images, view.b) for name, images in counted.items()}
    numbers["best-overlap"] = _best(view.overlaps, image, view.b)
    numbers["best-metric"] = _best(view.metric, image, view.b)
    numbers["best-target"] = _best(view.positive_scores, view.positives[0], view.b)
    sums = np.bincount(view.positives[0], weights=view.positive_scores, minlength=view.b)
    numbers["target-sum"] = {"total": number(float(view.positive_scores.sum())), "images": list(map(number, sums))}
    return numbers | (of_loss(view) if has_loss(view) else {})


def text_or_dash(value: float | None) -> str:
    """A number as a text, a dash where there is none."""
    return "–" if value is None else number(value)


def _counts(images: Array, b: int) -> dict[str, Any]:
    counts = np.bincount(images.astype(np.int64), minlength=b).tolist()
    return {"total": str(len(images)), "images": list(map(str, counts))}


def _best(values: Array, images: Array, b: int) -> dict[str, Any]:
    """Largest finite value of the trace and of every image."""
    finite = np.isfinite(values)
    best = np.full(b, -np.inf)
    np.maximum.at(best, images[finite], values[finite].astype(np.float64))
    each = [None if np.isinf(value) else value for value in best.tolist()]
    most = max((value for value in each if value is not None), default=None)
    return {"total": text_or_dash(most), "images": list(map(text_or_dash, each))}


def _texts(statistics: Statistics) -> dict[str, Any]:
    """Counts as they are; min, mean and max as texts."""
    told = as_json(statistics)
    write = text_or_dash if statistics.kind == "float" else lambda value: "–" if value is None else str(value)
    return told | {name: write(told[name]) for name in ("min", "mean", "max") if name in told}
