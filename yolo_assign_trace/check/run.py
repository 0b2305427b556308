"""Runs a candidate over the cases and holds every answer against every generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..assignment.assigner import Assigner
from ..assignment.generations import GENERATIONS
from ..basics.arrays import Array
from ..basics.errors import InputError
from .cases import CASE_NAMES, Case, build_case
from .compare import FAILED, Tolerance, Verdict, judge


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        wanted: the assigner that the candidate should be equal to.
        verdicts: one per case, against ``wanted``.
        agrees: by case, the generations that the answer agrees with at the same parameters.
    """

    wanted: Assigner
    verdicts: tuple[Verdict, ...]
    agrees: dict[str, tuple[str, ...]]

    @property
    def good(self) -> bool:
        return all(verdict.good for verdict in self.verdicts)

    @property
    def agrees_everywhere(self) -> tuple[str, ...]:
        """The generations that it agrees with in every case."""
        return tuple(name for name in GENERATIONS if all(name in found for found in self.agrees.values()))


def run_check(
    answer: Callable[[Case], dict[str, Array]],
    wanted: Assigner,
    *,
    cases: Sequence[str] = CASE_NAMES,
    tolerance: Tolerance | None = None,
) -> Report:
    """Ask the candidate for its answer to every case and compare.

    Args:
        answer: the candidate, such as :meth:`.adapter.ForeignAssigner.answer`.
        wanted: what it should be equal to.
        cases: names of the bundled cases to run.
        tolerance: of floats.

    Raises:
        InputError: a case has fewer anchors than ``wanted`` selects. A candidate that fails is a verdict.
    """
    tolerance = tolerance or Tolerance()
    rivals = {name: at_parameters_of(wanted, generation) for name, generation in GENERATIONS.items()}
    verdicts: list[Verdict] = []
    agrees: dict[str, tuple[str, ...]] = {}
    for name in cases:
        case = build_case(name)
        case.grid.require_anchors(wanted.parameters.topk, f"case {name}")
        try:
            found = answer(case)
        except InputError as error:
            if error.id != "candidate-failed":
                raise
            verdicts.append(Verdict(name, FAILED, failure=error.message))
            agrees[name] = ()
            continue
        verdicts.append(judge(case, found, wanted, tolerance))
        agrees[name] = tuple(g for g, rival in rivals.items() if judge(case, found, rival, tolerance).good)
    return Report(wanted, tuple(verdicts), agrees)


def at_parameters_of(wanted: Assigner, generation: Assigner) -> Assigner:
    """A generation with the parameters of ``wanted`` that it has."""
    settings = wanted.settings
    if not generation.has_topk2:
        settings.pop("topk2")
    return generation.with_parameters(**settings)
