"""What a trace costs before it runs: pairs, seconds, and bytes of memory, of the log and of the saved file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..assignment.assigner import Assigner
from ..assignment.call import FIRST, RESULTS
from ..assignment.outputs import STAGE_RESULTS, Output, StageResult
from ..formats.tensor_file import ROOM_FOR_DECLARATIONS
from .given import Call, Inputs

_WHOLE = frozenset({"index", "count"})
_ONE_BYTE = "mask"


def output_bytes(output: Output, sizes: Mapping[str, int], float_bytes: int = 4) -> int:
    """Bytes of one output; ``sizes`` holds the length of every axis, ``pair`` too."""
    each = 1 if output.unit == _ONE_BYTE else 8 if output.unit in _WHOLE else float_bytes
    return each * math.prod(sizes[axis] for axis in output.axes)


def saved_bytes(assigner: Assigner, sizes: Mapping[str, int], float_bytes: int = 4) -> int:
    """Bytes of the saved file: all outputs and the declarations; a few kB of names are not counted."""
    outputs = [output for stage in assigner.stages for output in stage.outputs]
    return ROOM_FOR_DECLARATIONS + sum(output_bytes(output, sizes, float_bytes) for output in outputs)


def peak_bytes(assigner: Assigner, sizes: Mapping[str, int], results: Sequence[str], float_bytes: int = 4) -> int:
    """Bytes of tensors that are alive together at the fullest moment, as the runner frees them.

    What a stage needs for itself while it computes is not in it; docs/labels.md says what was measured.

    Args:
        assigner: the stages, whose inputs and outputs decide what lives how long.
        sizes: length of every axis.
        results: names that live to the end.
        float_bytes: of one number.
    """
    alive = {"maps": float_bytes * sizes["image"] * sizes["anchor"] * (sizes["channel"] + sizes["class"])}
    most = 0
    for number, stage in enumerate(assigner.stages, 1):
        alive |= {output.name: output_bytes(output, sizes, float_bytes) for output in stage.outputs}
        most = max(most, sum(alive.values()))
        needed = {name for later in assigner.stages[number:] for name in later.inputs}.union(results)
        alive = {name: size for name, size in alive.items() if name in needed}
    return most


_PREFIX = 28
"""Bytes that a line begins with: name, index and address, on average."""


def estimate_log_bytes(
    sizes: Mapping[str, int], digits: int, stages: Iterable[type[StageResult]] = STAGE_RESULTS
) -> int:
    """Bytes of the dense tensors in the log; within a factor of two on real traces.

    Tensors over pairs are left out: how many pairs there are is not known before screening.
    """
    total = 0.0
    for stage in stages:
        for output in stage.outputs():
            if output.on_pairs:
                continue
            count = math.prod(sizes[axis] for axis in output.axes)
            lines = count // max(1, sizes[output.axes[-1]])
            if output.name in ("one_hot", "target_scores"):
                total += lines * (_PREFIX + 8)  # nearly all rows are background and written as 0*n
            elif output.unit in ("mask", "index", "count"):
                total += lines * _PREFIX + count * 2
            else:
                total += lines * _PREFIX + count * (digits + 3.5)
    return int(total)


def estimate_pair_bytes(pairs: int, digits: int) -> int:
    """Bytes of everything over ``pairs`` candidate pairs in the log, likewise."""
    return int(pairs * (4 * _PREFIX + 50 + 8 * (digits + 3.5)))


SECONDS_TO_START = 1.5
"""Of the command, until torch is there."""
_SECONDS_A_BATCH, _SECONDS_A_NUMBER, _SECONDS_A_PAIR = 0.02, 2e-7, 1.5e-5
"""With the log, which is most of it; measured on two cores, docs/labels.md has how far off they were."""


def estimate_seconds(sizes: Mapping[str, int]) -> float:
    """Seconds of tracing one batch with a log at a console that is quiet: rough, within a factor of three.

    ``sizes`` holds the length of every axis, ``pair`` too.
    """
    numbers = sizes["image"] * sizes["anchor"] * (sizes["channel"] + sizes["class"])
    return _SECONDS_A_BATCH + numbers * _SECONDS_A_NUMBER + sizes["pair"] * _SECONDS_A_PAIR


@dataclass(frozen=True)
class Cost:
    """What tracing one batch would take; ``peak``, ``saved`` and ``log`` are bytes."""

    images: int
    anchors: int
    boxes: int
    pairs: int
    seconds: float
    peak: int
    saved: int
    log: int


def cost_of(assigner: Assigner, inputs: Inputs | Call, *, digits: int = 5, float_bytes: int = 4) -> Cost:
    """The cost of a batch: the stages up to screen, which need no head output, and arithmetic for the rest.

    Args:
        assigner: the stages.
        inputs: the batch; its head outputs are not looked at and may be left out.
        digits: significant digits in the log.
        float_bytes: of one number.
    """
    assigner = inputs.begin(assigner)
    screened: Any = assigner.stage(FIRST).call(*inputs.screen_inputs(), inputs.grid)
    pairs = len(screened.pairs)
    sizes = {"channel": 0} | inputs.sizes | {"pair": pairs}
    log = estimate_log_bytes(sizes, digits, [stage.result for stage in assigner.stages])
    return Cost(
        images=sizes["image"],
        anchors=inputs.grid.anchors,
        boxes=sum(inputs.boxes),
        pairs=pairs,
        seconds=estimate_seconds(sizes),
        peak=peak_bytes(assigner, sizes, RESULTS, float_bytes),
        saved=saved_bytes(assigner, sizes, float_bytes),
        log=log + estimate_pair_bytes(pairs, digits),
    )
