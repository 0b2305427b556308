"""Holds the answer to a case against that of a generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..assignment.assigner import Assigner
from ..assignment.call import RESULTS, state_of_call
from ..basics.arrays import Array
from ..run.runner import run_stages
from .cases import Case
from .ties import with_their_ties

ORDER = ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes", "target_scores")
"""Outputs in the order in which the algorithm decides them: an earlier difference explains a later one."""

EQUAL, TIES, DIFFERENT, FAILED = "equal", "equal but for ties", "different", "failed"


@dataclass(frozen=True)
class Tolerance:
    """Floats may differ by ``atol + rtol · |expected|``; everything else must be equal."""

    rtol: float = 1e-4
    atol: float = 1e-6


@dataclass(frozen=True)
class Difference:
    """The worst element of one output.

    ``place`` is the element with its anchor's address; ``background`` tells that training never reads it.
    """

    output: str
    place: str
    found: str
    expected: str
    count: int
    size: int
    background: bool = False

    def __str__(self) -> str:
        note = "; on background, which training does not read" if self.background else ""
        many = f" ({self.count} of {self.size} elements differ{note})" if self.size else ""
        return f"{self.place} is {self.found}, expected {self.expected}{many}"


@dataclass(frozen=True)
class Verdict:
    """The outcome for one case.

    ``verdict`` is :data:`EQUAL`, :data:`TIES`, :data:`DIFFERENT`, then with the first difference, or
    :data:`FAILED`, then with what went wrong.
    """

    case: str
    verdict: str
    first: Difference | None = None
    failure: str = ""

    @property
    def good(self) -> bool:
        return self.verdict in (EQUAL, TIES)


def expected_state(case: Case, assigner: Assigner, keep: Sequence[str] = RESULTS) -> dict[str, Array]:
    """What ``assigner`` makes of ``case``: the outputs in ``keep`` by name."""
    return {
        name: value.numpy()
        for name, value in run_stages(assigner, call_state(case, assigner), keep, first="screen").items()
    }


def judge(case: Case, answer: Mapping[str, Array], assigner: Assigner, tolerance: Tolerance) -> Verdict:
    """Compare an answer with that of ``assigner``; where order among equals decided, any order will do."""
    expected = expected_state(case, assigner)
    answer = {name: _in_shape(array, expected[name]) for name, array in answer.items() if name in expected}
    first = first_difference(case, answer, expected, tolerance)
    if first is None:
        return Verdict(case.name, EQUAL)
    other = with_their_ties(call_state(case, assigner), answer, assigner)
    if other is not None and first_difference(case, answer, other, tolerance) is None:
        return Verdict(case.name, TIES)
    return Verdict(case.name, DIFFERENT, first)


def _in_shape(found: Array, expected: Array) -> Array:
    """Without axes of length 1 that others keep, such as (b, a, 1) for (b, a)."""
    if found.shape != expected.shape and found.ndim > expected.ndim and found.size == expected.size:
        return found.reshape(expected.shape)
    return found


def first_difference(
    case: Case, answer: Mapping[str, Array], expected: Mapping[str, Array], tolerance: Tolerance
) -> Difference | None:
    """The worst element of the first output that differs, None if none does."""
    for name in ORDER:
        if name in answer:
            found = _compare(case, name, answer[name], expected[name], expected["fg_mask"], tolerance)
            if found is not None:
                return found
    return None


def _compare(
    case: Case, name: str, found: Array, expected: Array, fg_mask: Array, tolerance: Tolerance
) -> Difference | None:
    if found.shape != expected.shape:
        return Difference(name, f"the shape of {name}", str(list(found.shape)), str(list(expected.shape)), 0, 0)
    if found.dtype.kind not in "biuf":
        return Difference(name, f"the dtype of {name}", str(found.dtype), str(expected.dtype), 0, 0)
    theirs, ours = found.astype(np.float64), expected.astype(np.float64)
    allowed = tolerance.atol + tolerance.rtol * np.abs(ours) if name in ("target_bboxes", "target_scores") else 0.0
    error = np.where(np.isnan(theirs) & np.isnan(ours), 0.0, np.abs(theirs - ours))
    bad = ~(error <= allowed)  # nan is never within tolerance
    if not bad.any():
        return None
    on_background = not bad[fg_mask].any()
    excess = np.where(bad, np.nan_to_num(error, nan=np.inf, posinf=np.inf), -1.0)
    if not on_background:
        excess[~fg_mask] = -1.0  # show one that matters
    worst = np.unravel_index(int(excess.argmax()), ours.shape)
    index = ",".join(str(int(i)) for i in worst)
    address = case.grid.address(int(worst[1]))
    return Difference(
        name,
        f"{name}[{index}] {address}",
        _number(found[worst]),
        _number(expected[worst]),
        int(bad.sum()),
        int(bad.size),
        on_background and name != "fg_mask",
    )


def call_state(case: Case, assigner: Assigner) -> dict[str, Any]:
    """The case as the stages take it."""
    tensors = {name: torch.from_numpy(array) for name, array in case.inputs().items()}
    return assigner.settings | state_of_call(tensors, case.grid)


def _number(value: np.generic) -> str:
    if value.dtype.kind == "f":
        return f"{float(value):.7g}"
    return str(bool(value)).lower() if value.dtype.kind == "b" else str(int(value))
