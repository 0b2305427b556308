"""A whole recording, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..basics.errors import InputError
from ..basics.plural import count
from ..formats.recording import runs
from .boxes import Boxes, Churn, read_boxes
from .recorded import Recorded, read_recorded
from .tally import HEADS, PARTS, Tally, read_tallies

Group = tuple[str, str]
"""Part of the training and head: what has a table, and curves, of its own."""


@dataclass(frozen=True)
class Epoch:
    """What a head's assigner did in one epoch of a part.

    Attributes:
        tally: of its calls, empty if none was counted.
        churn: of its boxes since the recorded validation before; None in training and in the first.
    """

    number: int
    tally: Tally
    churn: Churn | None = None


@dataclass(frozen=True)
class History:
    """A recording, read.

    Attributes:
        recorded: what it says about its run.
        groups: epochs in order, by part and head.
        boxes: those of its validations.
        notes: what a reader of its numbers should know.
    """

    recorded: Recorded
    groups: Mapping[Group, Sequence[Epoch]]
    boxes: Boxes
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.recorded.folder)

    @property
    def levels(self) -> list[str]:
        """Names of all levels, fine first."""
        names = {level for epochs in self.groups.values() for epoch in epochs for level in epoch.tally.positives}
        return sorted(names, key=lambda name: (len(name), name))

    @property
    def heads(self) -> list[str]:
        known = {head for _, head in self.groups} | {box.head for box in self.boxes.boxes.values()}
        return [head for head in HEADS if head in known]


def read_history(folder: Path) -> History:
    """Read a recording; one that was cut off as far as it goes.

    Raises:
        InputError: there is none, one of another format, one without any call, or a line that is not of the format.
    """
    recorded = read_recorded(folder)
    tallies, boxes = read_tallies(recorded), read_boxes(recorded)
    if not tallies and not boxes.boxes:
        raise InputError("nothing-recorded", "no call of an assigner is recorded", where=str(folder))
    groups: dict[Group, list[Epoch]] = {(part, head): [] for part in PARTS for head in HEADS}
    for part, head, number in sorted({*tallies, *(("val", *key) for key in boxes.churn)}):
        churn = boxes.churn.get((head, number)) if part == "val" else None
        groups[part, head].append(Epoch(number, tallies.get((part, head, number), Tally()), churn))
    kept = {group: epochs for group, epochs in groups.items() if epochs}
    return History(recorded, kept, boxes, (*recorded.notes, *_notes(folder, boxes)))


def _notes(folder: Path, boxes: Boxes) -> Iterator[str]:
    if boxes.nameless:
        lines = count(boxes.nameless, "line")
        yield f"{lines} of boxes without a picture: their churn, and whether they starve, cannot be told"
    others = [str(path) for path in runs(folder) if path != folder]
    if others:
        yield f"the folder holds more trainings, each with a history of its own: {', '.join(others)}"
