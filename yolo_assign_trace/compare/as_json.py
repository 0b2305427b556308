"""A comparison as one document for scripts: complete, with stable ids, without nan, which JSON does not have."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from .consequences import BoxChange, Consequences
from .results import OutputDiff, Place, TraceDiff


def as_json(diff: TraceDiff) -> dict[str, Any]:
    """All that was found. Numbers that are not finite stand as ``"nan"``, ``"inf"`` and ``"-inf"``."""
    return {
        "verdict": diff.verdict,
        "compared": diff.common,
        "differing": len(diff.differing),
        "first": diff.first.key if diff.first is not None else None,
        "tolerances": asdict(diff.tolerances),
        "header": {line: {"a": a, "b": b} for line, (a, b) in diff.header.items()},
        "outputs": [_output(output) for output in diff.outputs],
        "consequences": _consequences(diff.consequences),
    }


def _output(output: OutputDiff) -> dict[str, Any]:
    elements = output.elements
    return {
        "key": output.key,
        "stage": output.stage,
        "other_stage": output.other_stage or None,
        "name": output.name,
        "unit": output.unit,
        "verdict": output.verdict,
        "reasons": output.reasons,
        "mark": output.mark or None,
        "isolated": output.isolated or None,
        "why": output.why or None,
        "a": output.what_a or None,
        "b": output.what_b or None,
        "size": elements.size if elements is not None else None,
        "differ": elements.differing if elements is not None else None,
        "differ_on_positives": elements.matter if elements is not None and elements.on_positives else None,
        "within_tolerance": elements.within if elements is not None else None,
        "smallest_tolerance": elements.passing if elements is not None else None,
        "pairs_only_a": output.pairs_only_a,
        "pairs_only_b": output.pairs_only_b,
        "worst": _place(output.place, output) if output.place is not None else None,
    }


def _place(place: Place, output: OutputDiff) -> dict[str, Any]:
    address = place.address
    elements = output.elements
    return {
        "index": place.index,
        "image": place.image,
        "anchor": address.anchor if address is not None else None,
        "address": str(address) if address is not None else None,
        "a": _number(elements.a) if elements is not None else None,
        "b": _number(elements.b) if elements is not None else None,
    }


def _consequences(consequences: Consequences | None) -> dict[str, Any] | None:
    if consequences is None:
        return None
    changes = [
        {
            "image": change.image,
            "anchor": change.address.anchor,
            "address": str(change.address),
            "a": change.before,
            "b": change.after,
        }
        for change in consequences.changes
    ]
    return {
        "positives": {"a": consequences.positives[0], "b": consequences.positives[1]},
        "owner_changes": changes,
        "boxes": [_box(box) for box in consequences.boxes],
    }


def _box(box: BoxChange) -> dict[str, Any]:
    return asdict(box) | {"lost_all": box.lost_all, "found_first": box.found_first}


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
