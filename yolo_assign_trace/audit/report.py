"""A finished audit: the question, the counts, and what can be said from them."""

from __future__ import annotations

from dataclasses import dataclass

from ..inputs.datasets.entries import Dataset
from .question import Combination, Question
from .tally import Counted, Ladder, Tally

SHARES = (90, 99, 100)
"""Percent of the boxes that are asked to have a candidate, or k."""


@dataclass(frozen=True)
class Report:
    """An audit of a dataset.

    Attributes:
        dataset: what was read.
        question: what was asked.
        tally: what was counted.
        remarks: what a user should know about how.
    """

    dataset: Dataset
    question: Question
    tally: Tally
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> list[tuple[Combination, Counted]]:
        """Every combination with its counts."""
        return list(zip(self.question.combinations, self.tally.counted, strict=True))

    @property
    def smallest(self) -> list[Smallest]:
        """For levels and release: the smallest inputs that do."""
        ladders = zip(self.question.ladders(), self.tally.ladders, strict=True)
        return [Smallest.of(sizes, ladder) for sizes, ladder in ladders]

    def class_name(self, label: int) -> str:
        """The name of a class, its number without one."""
        names = self.dataset.class_names
        return names[label] if label < len(names) else str(label)


@dataclass(frozen=True)
class Smallest:
    """The smallest inputs, of those tried, at which enough boxes have a candidate, and k; None where no input does.

    Attributes:
        one: levels and release, at the first input tried.
        last: the largest input tried.
        candidate: by share in percent.
        enough: likewise for k candidates.
        tried: how many inputs.
    """

    one: Combination
    last: Combination
    candidate: dict[int, str | None]
    enough: dict[int, str | None]
    tried: int

    @classmethod
    def of(cls, sizes: list[Combination], ladder: Ladder) -> Smallest:
        def first(column: int) -> dict[int, str | None]:
            found: dict[int, str | None] = {}
            for share in SHARES:
                fits = ladder.lacking[:, column] * 100 <= (100 - share) * ladder.boxes
                found[share] = sizes[int(fits.argmax())].size_text if fits.any() else None
            return found

        return cls(sizes[0], sizes[-1], first(0), first(1), len(sizes))
