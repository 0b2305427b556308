"""The stages of a trace as the page shows them: title, explanation, formula with the run's numbers, outputs, counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..assignment.assigner import Stage
from ..assignment.call import CAPTURE
from ..assignment.generations import YOLOV8, find_assigner
from ..assignment.outputs import PARTS
from ..basics.arrays import Array
from ..basics.errors import InputError
from ..explain.view import OUTCOMES, TraceView
from ..run.statistics import Statistics, as_json
from .story import enlarged


def stages_of(view: TraceView) -> list[dict[str, Any]]:
    """The stages of the trace in order.

    ``title`` and ``says`` are ids of texts; ``values`` are numbers in them.
    """
    declared = {stage.name: stage for stage in (*YOLOV8.stages, CAPTURE, *_assigner_stages(view))}
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
            "statistics": _plain(as_json(Statistics.of(stored.array, dense))),
        }
        outputs.setdefault(stored.stage, []).append(about)
    swapped = view.settings.swapped
    return [_stage(view, declared.get(name), name, name in swapped, found) for name, found in outputs.items()]


def _stage(
    view: TraceView, stage: Stage | None, name: str, swapped: bool, outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    formula: tuple[str, ...] = ()
    if swapped:
        formula = (f"SWAPPED: {_swap_of(view, name)}",)
    elif stage is not None:
        formula = tuple(line.format(**_settings(view)) for line in stage.result.formula)
    return {
        "name": name,
        "declaration": "" if stage is None else stage.result.__name__,
        "formula": formula,
        "outputs": outputs,
        "numbers": NUMBERS.get(name, ()),
    }


def _swap_of(view: TraceView, name: str) -> str:
    found = re.search(rf"\b{name}=([\w.:]+)", view.trace.header.get("assigner", "").partition("SWAPPED")[2])
    return found[1] if found else name


def _assigner_stages(view: TraceView) -> tuple[Stage, ...]:
    """The stages of the assigner that the header names; those of the default if it names none that is known."""
    name = re.split(r"[ :]", view.trace.header.get("assigner", ""), maxsplit=1)[0]
    try:
        return find_assigner(name).stages
    except InputError:
        return ()


class _Unknown(str):
    """A setting that the trace does not tell: its name stands for its value, whatever the format."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self)


def _settings(view: TraceView) -> Mapping[str, Any]:
    s = view.settings
    values = {"topk": s.topk, "alpha": s.alpha, "beta": s.beta, "overlap_name": s.overlap, "reg_max": s.reg_max}
    symbols = {"topk": "k", "overlap_name": "overlap", "reg_max": "R"}
    known = {name: _Unknown(symbols.get(name, name)) if value is None else value for name, value in values.items()}
    return {**known, "topk2": s.topk2}


def title_values(view: TraceView) -> dict[str, str]:
    """Numbers that titles name."""
    return {"topk": f"{_settings(view)['topk']}"}


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
}
"""Which of the numbers of :func:`numbers` a stage shows."""


def numbers(view: TraceView) -> dict[str, dict[str, Any]]:
    """Numbers by id: ``total`` for the whole trace and ``images``, one each. None where there is nothing to count."""
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
        "candidate-anchors": np.unique(view.cell) // view.a,
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
        counted["enlarged"] = row_image[(enlarged(view) & view.mask_gt).reshape(-1)]
    if ties is not None:
        counted["tie-order"] = row_image[ties.reshape(-1).astype(bool)]
    if view.has_topk2:
        counted["dropped"] = outcomes["dropped"]
    found = {name: _counts(images, view.b) for name, images in counted.items()}
    found["best-overlap"] = _best(view.overlaps, image, view.b)
    found["best-metric"] = _best(view.metric, image, view.b)
    found["best-target"] = _best(view.positive_scores, view.positives[0], view.b)
    sums = np.bincount(view.positives[0], weights=view.positive_scores, minlength=view.b)
    found["target-sum"] = {"total": float(view.positive_scores.sum()), "images": sums.tolist()}
    return found


def _counts(images: Array, b: int) -> dict[str, Any]:
    return {"total": len(images), "images": np.bincount(images.astype(np.int64), minlength=b).tolist()}


def _best(values: Array, images: Array, b: int) -> dict[str, Any]:
    """Largest finite value of the trace and of every image."""
    finite = np.isfinite(values)
    best = np.full(b, -np.inf)
    np.maximum.at(best, images[finite], values[finite].astype(np.float64))
    each = [None if np.isinf(value) else value for value in best.tolist()]
    return {"total": max((value for value in each if value is not None), default=None), "images": each}


def _plain(statistics: dict[str, Any]) -> dict[str, Any]:
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in statistics.items()}
