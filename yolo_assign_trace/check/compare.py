"""Holds the answer to a case against that of a generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import RESULTS, state_of_call
from ..basics.arrays import Array
from ..compare.comparer import OF_THE_OWNER
from ..compare.elements import InMemory, compare_elements
from ..compare.results import Place
from ..compare.rules import Rule
from .cases import Case
from .ties import with_their_ties

ORDER = ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes", "target_scores")
"""Outputs in the order in which the algorithm decides them: an earlier difference explains a later one."""

EQUAL, TIES, DIFFERENT, FAILED = "equal", "equal but for ties", "different", "failed"


@dataclass(frozen=True)
class Tolerance:
    """Floats may differ by ``atol + rtol`` times the larger of the two; everything else must be equal."""

    rtol: float = 1e-4
    atol: float = 1e-6


@dataclass(frozen=True)
class Difference:
    """One element of an output that differs: of floats the one furthest off, of all else the first; on a positive
    anchor if there is one.

    ``place`` is the element with its anchor's address; ``background`` tells that training never reads any of them.
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
    from ..run.runner import run_stages

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


def _in_shape(answer: Array, expected: Array) -> Array:
    """Without axes of length 1 that others keep, such as (b, a, 1) for (b, a)."""
    if answer.shape != expected.shape and answer.ndim > expected.ndim and answer.size == expected.size:
        return answer.reshape(expected.shape)
    return answer


def first_difference(
    case: Case, answer: Mapping[str, Array], expected: Mapping[str, Array], tolerance: Tolerance
) -> Difference | None:
    """The worst element of the first output that differs, None if none does."""
    compared = (_compare(case, name, answer[name], expected, tolerance) for name in ORDER if name in answer)
    return next(filter(None, compared), None)


def _compare(
    case: Case, name: str, answer: Array, answers: Mapping[str, Array], tolerance: Tolerance
) -> Difference | None:
    expected, positive = answers[name], answers["fg_mask"].reshape(-1)
    if answer.shape != expected.shape:
        return Difference(name, f"the shape of {name}", str(list(answer.shape)), str(list(expected.shape)), 0, 0)
    if answer.dtype.kind not in "biuf":
        return Difference(name, f"the dtype of {name}", str(answer.dtype), str(expected.dtype), 0, 0)
    is_float = expected.dtype.kind == "f"
    elements = compare_elements(
        InMemory(expected),
        InMemory(answer),
        Rule(tolerance.rtol, tolerance.atol) if is_float else Rule(),
        by_size=is_float,
        matters=lambda flat: positive[flat * positive.size // expected.size],
    )
    if elements.worst is None:
        return None
    index = tuple(map(int, np.unravel_index(elements.worst, expected.shape)))
    place = Place(index, index[0], case.grid.address(index[1]))
    unread = name in OF_THE_OWNER and not elements.matter
    counts = elements.differing, elements.size
    return Difference(name, f"{name}{place}", _text(elements.b), _text(elements.a), *counts, unread)


def call_state(case: Case, assigner: Assigner) -> dict[str, Any]:
    """The case as the stages take it."""
    import torch

    tensors = {name: torch.from_numpy(array) for name, array in case.inputs().items()}
    return assigner.settings | state_of_call(tensors, case.grid)


def _text(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value).lower()
