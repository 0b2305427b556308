"""What a trace was made with, as far as it says so: parameters, generation, swapped stages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..assignment.assigner import OVERLAP_NAMES
from ..assignment.generations import find_assigner
from ..basics.errors import InputError
from ..formats.number_text import LOSSLESS
from ..traces.stored import StoredTrace

_PARAMETERS = re.compile(
    r"topk (?P<topk>\d+)(?:, topk2 (?P<topk2>\d+))?, alpha (?P<alpha>[^,]+), beta (?P<beta>[^,]+), (?P<overlap>\w+),"
)
_SWAPPED = re.compile(r"; SWAPPED (.*)")
_FUNCTIONS = {"screen": None, "screen_enlarged": 0, "screen_floored": 1}


@dataclass(frozen=True)
class Settings:
    """Parameters of a trace; None where the trace does not say.

    Attributes:
        topk: candidates that a box selects.
        topk2: positives that it keeps after conflicts; None also where the assigner has no such step.
        alpha: exponent of the class score.
        beta: exponent of the overlap.
        overlap: name of the overlap, as written: ``CIoU``.
        reg_max: bins per side.
        swapped: names of the stages that a user replaced.
        screening: does the trace tell how boxes are screened?
        enlarged_below: index of the stride below which screening enlarges a side, None if it does not.
        digits: significant digits that were printed, None if the numbers are exact.
    """

    topk: int | None
    topk2: int | None
    alpha: float | None
    beta: float | None
    overlap: str | None
    reg_max: int | None
    swapped: frozenset[str]
    screening: bool
    enlarged_below: int | None
    digits: int | None


def settings_of(trace: StoredTrace) -> Settings:
    """The settings stored with ``trace``; those that are not stored are taken from its header and its tensors."""
    header = trace.header.get("assigner", "")
    written = _PARAMETERS.search(header)
    found = written.groupdict() if written else {}
    stored = trace.settings
    topk, topk2, alpha, beta = (stored.get(name, found.get(name)) for name in ("topk", "topk2", "alpha", "beta"))
    overlap = OVERLAP_NAMES.get(stored.get("overlap", ""), found.get("overlap"))
    swaps = _SWAPPED.search(header)
    swapped = frozenset(part.partition("=")[0].strip() for part in swaps[1].split(",")) if swaps else frozenset()
    screening, below = _screening(header, trace, swapped)
    return Settings(
        topk=None if topk is None else int(topk),
        topk2=None if topk2 is None else int(topk2),
        alpha=None if alpha is None else float(alpha),
        beta=None if beta is None else float(beta),
        overlap=overlap,
        reg_max=_reg_max(trace),
        swapped=swapped,
        screening=screening,
        enlarged_below=below,
        digits=_digits(trace),
    )


def _reg_max(trace: StoredTrace) -> int | None:
    if "reg_max" in trace.settings:
        return int(trace.settings["reg_max"])
    channels = [o.array.shape[-1] for o in trace.outputs.values() if o.output.axes[-1] == "channel"]
    return channels[0] // 4 if channels else None


def _screening(header: str, trace: StoredTrace, swapped: frozenset[str]) -> tuple[bool, int | None]:
    """How sides are enlarged for screening is a matter of the generation, which the header names."""
    if "screen" in swapped:
        return False, None
    if not any(stored.output.name == "screen_bboxes" for stored in trace.outputs.values()):
        return True, None
    name = re.split(r"[ :]", header, maxsplit=1)[0]
    try:
        function = find_assigner(name).stage("screen").function
    except InputError:
        return False, None
    return function in _FUNCTIONS, _FUNCTIONS.get(function)


def _digits(trace: StoredTrace) -> int | None:
    """Printed digits if they are fewer than the numbers have."""
    if trace.digits is None:
        return None
    dtypes = {stored.array.dtype for stored in trace.outputs.values() if stored.array.dtype in LOSSLESS}
    lossless = max((LOSSLESS[dtype] for dtype in dtypes), default=0)
    return None if trace.digits >= lossless else trace.digits
