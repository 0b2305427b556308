"""What a comparison of two traces found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..assignment.grid import Address
from .consequences import Consequences
from .elements import ElementDiff
from .rules import Tolerances

SAME, DIFFERENT, ONLY_A, ONLY_B = "same", "different", "only in A", "only in B"
TIES = "ties"

FIRST, INHERITED, INDEPENDENT, BY_TIES = "first", "inherited", "independent", "ties"
INTRODUCED, NOT_REPRODUCED, NOT_RERUN = "introduced", "not reproduced", "not rerun"


@dataclass(frozen=True)
class Place:
    """One element of an output: its index along the output's axes, and the anchor that it belongs to, if one.

    For tensors over pairs the index begins with image, gt and anchor.
    """

    index: tuple[int, ...]
    image: int | None
    address: Address | None

    def __str__(self) -> str:
        text = "[" + ",".join(map(str, self.index)) + "]"
        return f"{text} {self.address}" if self.address is not None else text


@dataclass(frozen=True)
class OutputDiff:
    """One output of the two traces.

    Attributes:
        stage: that it belongs to; that of A, if both have it.
        name: of the output.
        unit: of its numbers.
        verdict: :data:`SAME`, :data:`DIFFERENT`, :data:`ONLY_A` or :data:`ONLY_B`.
        reasons: of the difference: ``values``, ``shape``, ``dtype``, ``axes``, ``pairs``.
        what_a: dtype and shape on side A, as ``float32 [image 4, anchor 84]``; empty if it has none.
        what_b: the same for side B.
        elements: how the values differ; None if they could not be held against each other.
        place: of the worst element, or of the first pair that only one side has.
        pairs_only_a: how many pairs only A has, for the output ``pairs``.
        pairs_only_b: how many pairs only B has.
        other_stage: the stage that it has in B, if that is another one.
        mark: :data:`FIRST` for the stage of the first divergence, :data:`INHERITED` if the stage takes something that
            differs, :data:`INDEPENDENT` if not, :data:`BY_TIES` if only the order of equal values differs.
        isolated: after ``isolate``: :data:`INTRODUCED`, :data:`INHERITED`, :data:`NOT_REPRODUCED` or
            :data:`NOT_RERUN`; else empty.
        why: in words, for the last two of them.
    """

    stage: str
    name: str
    unit: str
    verdict: str
    reasons: tuple[str, ...] = ()
    what_a: str = ""
    what_b: str = ""
    elements: ElementDiff | None = None
    place: Place | None = None
    pairs_only_a: int = 0
    pairs_only_b: int = 0
    other_stage: str = ""
    mark: str = ""
    isolated: str = ""
    why: str = ""

    @property
    def key(self) -> str:
        return f"{self.stage}.{self.name}"

    @property
    def differs(self) -> bool:
        return self.verdict == DIFFERENT

    @property
    def unequal(self) -> bool:
        """Is there any difference, be it within tolerance?"""
        return self.verdict != SAME or (self.elements is not None and self.elements.within > 0)


@dataclass(frozen=True)
class TraceDiff:
    """Two traces, held against each other.

    Attributes:
        outputs: in order of execution.
        header: lines of the header that differ, by name, as (A, B): context, not a difference.
        tolerances: that floats were given.
        consequences: who owns which anchor; None if one side does not tell.
    """

    outputs: tuple[OutputDiff, ...]
    header: Mapping[str, tuple[str, str]]
    tolerances: Tolerances
    consequences: Consequences | None

    @property
    def differing(self) -> tuple[OutputDiff, ...]:
        return tuple(output for output in self.outputs if output.differs)

    @property
    def first(self) -> OutputDiff | None:
        """The first output, in order of execution, that differs."""
        return next(iter(self.differing), None)

    @property
    def common(self) -> int:
        """How many outputs both have."""
        return sum(output.verdict in (SAME, DIFFERENT) for output in self.outputs)

    def only(self, verdict: str) -> tuple[OutputDiff, ...]:
        """The outputs that only one side has."""
        return tuple(output for output in self.outputs if output.verdict == verdict)

    @property
    def verdict(self) -> str:
        """:data:`SAME`, :data:`DIFFERENT`, or :data:`TIES` if nothing but the order of equal values differs."""
        differing = self.differing
        if not differing:
            return SAME
        return TIES if all(output.mark == BY_TIES for output in differing) else DIFFERENT

    @property
    def worst_anchor(self) -> tuple[int, int] | None:
        """(image, anchor) to look at first: one that changed its owner, else one of the first divergence."""
        if self.consequences is not None and self.consequences.changes:
            change = self.consequences.changes[0]
            return change.image, change.address.anchor
        for output in self.differing:
            if output.place is not None and output.place.address is not None:
                return output.place.image or 0, output.place.address.anchor
        return None
