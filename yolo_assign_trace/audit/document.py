"""An audit as JSON and as CSV."""

from __future__ import annotations

from typing import Any

from ..assignment.releases import dotted
from ..basics.box_sizes import SIZES
from ..inputs.datasets.survey import STATES
from .report import Report, Smallest
from .tally import PICTURES, Counted, Place

CANNOT_SAY = (
    "geometry only: a candidate is no positive yet; scores and overlaps of a model decide that",
    "augmentation is not simulated: mosaic, scaling and flips change sizes and places in training",
)
"""What an audit does not know."""


def document(report: Report) -> dict[str, Any]:
    """Everything, for scripts."""
    dataset, question = report.dataset, report.question
    return {
        "source": dataset.name,
        "kind": dataset.kind,
        "remarks": [*dataset.remarks, *report.remarks],
        "cannot_say": CANNOT_SAY,
        "class_names": dataset.class_names,
        "reg_max": question.reg_max,
        "batch": question.batch,
        "combinations": [_combination(report, i) for i in range(len(question.combinations))],
        "smallest_inputs": [_smallest(one) for one in report.smallest],
        "labels": [_read(report, number) for number in range(len(question.readings))],
    }


def flat(report: Report) -> list[dict[str, Any]]:
    """A row for every combination."""
    rows = []
    for one, counted in report.rows:
        height, width = one.imgsz
        names = {"release": one.release, "shapes": one.shapes.name, "height": height, "width": width, "k": one.k}
        rows.append(names | _numbers(counted) | _shares(counted))
    return rows


def _numbers(counted: Counted) -> dict[str, Any]:
    return {
        "boxes": counted.boxes,
        "never": counted.without,
        "fewer_than_k": counted.fewer,
        "candidates": counted.candidates,
        "as_padding": counted.padding,
        "beyond_reg_max": counted.beyond,
        "without_own": counted.shared,
        "twins": counted.twins,
        "twins_of_other_class": counted.twins_of_classes,
    }


def _shares(counted: Counted) -> dict[str, Any]:
    boxes = counted.boxes or 1
    return {
        "never_percent": round(100 * counted.without / boxes, 4),
        "candidates_per_box": round(counted.candidates / boxes, 4),
    }


def _combination(report: Report, i: int) -> dict[str, Any]:
    one, counted = report.rows[i]
    height, width = one.imgsz
    levels = [
        {"name": level.name, "stride": level.stride, "candidates": number}
        for level, number in zip(one.grid.levels, counted.levels.tolist() or [0] * len(one.grid.levels), strict=True)
    ]
    longest = max((picture.boxes for picture in report.tally.read[one.reading].worst), default=0)
    return {
        "release": one.release,
        "shapes": one.shapes.name,
        "imgsz": [height, width],
        "k": one.k,
        "anchors": one.grid.anchors,
        "levels": levels,
        **_numbers(counted),
        **_shares(counted),
        "boxes_by_candidates": counted.histogram.tolist(),
        "by_class": _groups(counted.by_class, [report.class_name(i) for i in range(len(counted.by_class))]),
        "by_size": _groups(counted.by_size, [f"{size} px" for size in SIZES]),
        "by_picture": _groups(counted.by_picture, [f"{name} px" for name in PICTURES]),
        "helps": [
            {"what": what, "of_never": never, "of_fewer_than_k_or_never": enough}
            for what, (never, enough) in counted.helped.items()
        ],
        "dense_float32_bytes_of_the_largest_picture": 4 * longest * one.grid.anchors,
        "never_first": [_place(place) for place in counted.never],
        "fewer_than_k_first": [_place(place) for place in counted.few],
        "beyond_reg_max_first": [_place(place) for place in counted.unlike],
    }


def _groups(table: Any, names: list[str]) -> list[dict[str, Any]]:
    return [
        {"group": name, "boxes": boxes, "never": never, "fewer_than_k": few, "candidates": candidates}
        for name, (boxes, never, few, candidates) in zip(names, table.tolist(), strict=True)
        if boxes
    ]


def _place(place: Place) -> dict[str, Any]:
    return place._asdict()


def _smallest(one: Smallest) -> dict[str, Any]:
    return {
        "release": one.one.release,
        "shapes": one.one.shapes.name,
        "tried": [one.one.size_text, one.last.size_text],
        "inputs_tried": one.tried,
        "a_candidate": {str(share): size for share, size in one.candidate.items()},
        "k_candidates": {str(share): size for share, size in one.enough.items()},
    }


def _read(report: Report, number: int) -> dict[str, Any]:
    settings, read = report.question.readings[number], report.tally.read[number]
    survey = read.survey
    own = [one.name for one in report.question.combinations if one.reading == number]
    return {
        "read_as": settings.rules.name,
        "placed_as": dotted(settings.placing.release),
        "mode": settings.placing.mode,
        "images": survey.images,
        "labels": {state: survey.states[state] for state in STATES},
        "dropped_images": survey.dropped,
        "boxes": survey.boxes,
        "boxes_of_images_of_unknown_size": read.unplaced,
        "nested": read.nested,
        "boxes_by_class": {str(label): number for label, number in sorted(survey.classes.items())},
        "pictures_by_size": dict(zip(PICTURES, read.pictures.tolist(), strict=True)),
        "centres": read.heat.tolist(),
        "rows_in_batches": {"real": read.real, "padded": read.padded},
        "pictures_with_most_boxes": [
            picture._asdict() | {"pairs": dict(zip(own, picture.pairs, strict=True))} for picture in read.worst
        ],
        "findings": survey.document(),
    }
