"""Passes on where nan or infinity first appears, for runs that nobody watches."""

from __future__ import annotations

from collections.abc import Callable

from ..run.record import Fact, StageStart, Tracer


class NonFiniteWarning(Tracer):
    """Tells ``warn`` in one sentence."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.warn = warn

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            if fact.id == "non-finite":
                self.warn(f"stage {stage.name}: {fact.text}")
