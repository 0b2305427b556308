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
        reference: the assigner that the candidate should be equal to.
        verdicts: one per case, against ``reference``.
        agrees: by case, the generations that the answer agrees with at the same parameters.
    """

    reference: Assigner
    verdicts: tuple[Verdict, ...]
    agrees: dict[str, tuple[str, ...]]

    @property
    def good(self) -> bool:
        return all(verdict.good for verdict in self.verdicts)

    @property
    def agrees_everywhere(self) -> tuple[str, ...]:
        """The generations that it agrees with in every case."""
        return tuple(name for name in GENERATIONS if all(name in agreed for agreed in self.agrees.values()))


def run_check(
    answer: Callable[[Case], dict[str, Array]],
    reference: Assigner,
    *,
    cases: Sequence[str] = CASE_NAMES,
    tolerance: Tolerance | None = None,
) -> Report:
    """Ask the candidate for its answer to every case and compare.

    Args:
        answer: the candidate, such as :meth:`.adapter.ForeignAssigner.answer`.
        reference: what it should be equal to.
        cases: names of the bundled cases to run.
        tolerance: of floats.

    Raises:
        InputError: a case has fewer anchors than ``reference`` selects. A candidate that fails is a verdict.
    """
    tolerance = tolerance or Tolerance()
    rivals = {name: at_parameters_of(reference, generation) for name, generation in GENERATIONS.items()}
    # what runs as the reference does answers as it does
    twins = {g for g, r in rivals.items() if (r.stages, r.parameters) == (reference.stages, reference.parameters)}
    verdicts: list[Verdict] = []
    agrees: dict[str, tuple[str, ...]] = {}
    for name in cases:
        case = build_case(name)
        case.grid.require_anchors(reference.parameters.topk, f"case {name}")
        try:
            outputs = answer(case)
        except InputError as error:
            if error.id != "candidate-failed":
                raise
            verdicts.append(Verdict(name, FAILED, failure=error.message))
            agrees[name] = ()
            continue
        verdict = judge(case, outputs, reference, tolerance)
        verdicts.append(verdict)
        agrees[name] = tuple(
            g for g, rival in rivals.items() if (verdict if g in twins else judge(case, outputs, rival, tolerance)).good
        )
    return Report(reference, tuple(verdicts), agrees)


def at_parameters_of(reference: Assigner, generation: Assigner) -> Assigner:
    """A generation with the parameters of ``reference`` that it has."""
    settings = reference.settings
    if not generation.has_topk2:
        settings.pop("topk2")
    return generation.with_parameters(**settings)
