"""How large a log would become, from shapes alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..outputs import STAGE_RESULTS, StageResult

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
