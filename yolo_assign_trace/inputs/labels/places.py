"""Where the boxes of an image stand in its label file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .findings import LINE, Finding, finding_at


@dataclass(frozen=True)
class Places:
    """The label file of an image, and where in it every box stands.

    Attributes:
        path: how findings call the file.
        lines: (gt,) line from 1, or annotation from 0.
        unit: what ``lines`` counts.
    """

    path: str
    lines: Sequence[int]
    unit: str = LINE

    def of(self, gt: int) -> Finding:
        """The place of a box, as a finding about its row has it."""
        return finding_at("not-a-number", "", self.path, self.lines[gt], self.unit)
