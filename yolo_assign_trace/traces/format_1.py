"""The settings of a trace of format 1, in which they stood in the sentences of the header."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..assignment.assigner import OVERLAP_NAMES
from ..assignment.generations import find_assigner
from ..basics.errors import InputError
from ..run.trace_settings import TraceSettings
from .stored import StoredTrace

_ASSIGNER = re.compile(
    r"(?P<assigner>.+?)(?: \(generation [^)]*\))?: topk (?P<topk>\d+)(?:, topk2 (?P<topk2>\d+))?, "
    r"alpha (?P<alpha>[^,]+), beta (?P<beta>[^,]+), (?P<overlap>\w+), (?P<dtype>\w+)(?: on (?P<device>\w+))?"
    r"(?:; SWAPPED (?P<swapped>.*))?"
)
_IMAGE = re.compile(
    r"(?P<name>.+), (?P<width>\d+)x(?P<height>\d+) px, scale (?P<scale>[0-9.e+-]+), "
    r"left (?P<left>\d+), top (?P<top>\d+)"
)


def settings_of_format_1(trace: StoredTrace, stored: Mapping[str, Any] | None = None) -> TraceSettings:
    """What ``trace`` was made with, as far as it says so.

    Args:
        trace: its header, grid and outputs.
        stored: what a saved file has beside the header: parameters, reg_max, nc, batch and boxes by name.

    Raises:
        ValueError: something that no run wrote.
    """
    written = _ASSIGNER.fullmatch(trace.header.get("assigner", ""))
    told: dict[str, Any] = written.groupdict() | {"device": written["device"] or "cpu"} if written else {}
    for name, number in {"topk": int, "topk2": int, "alpha": float, "beta": float}.items():
        with contextlib.suppress(ValueError):  # what is no number is told with the others
            told |= {name: number(told[name])} if told.get(name) else {}
    told["overlap"] = next((key for key, name in OVERLAP_NAMES.items() if name == told.get("overlap")), None)
    told["swapped"] = dict(part.split("=", 1) for part in (told.get("swapped") or "").split(", ") if "=" in part)
    channels = [out.shape[-1] for out in trace.outputs.values() if out.output.axes[-1] == "channel"]
    told["reg_max"] = channels[0] // 4 if channels else None
    told |= {name: value for name, value in (stored or {}).items() if value is not None}
    lines = [text for key, text in trace.header.items() if key.startswith("image[")]
    told["images"] = [_image(line, trace) for line in lines]
    told["synthetic"] = trace.header.get("heads", "").startswith("synthetic, seed ")
    settings = TraceSettings.from_data(told)
    try:
        assigner = find_assigner(settings.assigner)
    except InputError:
        return settings
    return replace(settings, generation=assigner.generation, enlarged_below=assigner.enlarged_below)


def _image(line: str, trace: StoredTrace) -> dict[str, Any]:
    """``000000000009.jpg, 640x480 px, scale 1, left 0, top 80`` as data; only the name where no more can be read."""
    match = _IMAGE.fullmatch(line)
    try:
        scale = float(match["scale"]) if match else 0.0
    except ValueError:
        scale = 0.0  # a number such as 1.2.3
    if match is None or not 0 < scale < math.inf:
        return {"name": line.partition(", ")[0], "letterbox": None}
    width, height, left, top = (int(match[part]) for part in ("width", "height", "left", "top"))
    letterbox = {"width": width, "height": height, "left": left, "top": top}
    letterbox |= {"input_width": trace.grid.width, "input_height": trace.grid.height}
    letterbox |= {"scaled_width": max(1, round(width * scale)), "scaled_height": max(1, round(height * scale))}
    return {"name": match["name"], "letterbox": letterbox}
