"""One candidate pair, in the numbers that tables of boxes and of anchors both show."""

from __future__ import annotations

from dataclasses import dataclass

from ..traces.view import OUTCOMES, TraceView


@dataclass(frozen=True)
class Candidate:
    """One candidate pair. ``rank`` is None if the trace has none; ``outcome`` is a key of ``traces.view.OUTCOMES``."""

    rank: int | None
    score: float
    overlap: float
    metric: float
    selected: bool
    outcome: str


def candidate_at(view: TraceView, index: int) -> Candidate:
    """The pair number ``index`` of the trace."""
    ranks = view.optional("rank")
    return Candidate(
        rank=None if ranks is None else int(ranks[index]),
        score=float(view.class_scores[index]),
        overlap=float(view.overlaps[index]),
        metric=float(view.metric[index]),
        selected=bool(view.selected[index]),
        outcome=tuple(OUTCOMES)[view.outcome[index]],
    )
