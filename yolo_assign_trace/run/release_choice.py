"""The one release that reads labels, places boxes and assigns, and what was chosen beside it."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass

from ..assignment.assigner import Assigner
from ..assignment.generations import YOLOV8, find_assigner
from ..assignment.releases import NEWEST_MEASURED, Release, dotted
from .letterbox import VAL, Placing

OLDEST_PLACED: Release = (8, 2, 0)
"""The oldest release whose label reading and letterbox were run."""

_LETTERBOX_CHANGES: tuple[Release, ...] = ((8, 3, 37),)
"""Releases with which boxes of a validation came to lie elsewhere."""

_TRAINING_CHANGES: tuple[Release, ...] = (
    *((8, 3, 37), (8, 3, 39), (8, 3, 44), (8, 3, 52)),
    *((8, 4, 14), (8, 4, 52), (8, 4, 60), (8, 4, 85), (8, 4, 92)),
)
"""The same of a training: shifts, rectangular shapes, boxes of polygons."""


@dataclass(frozen=True)
class ReleaseChoice:
    """A release of the ultralytics package, and why it is this one.

    Attributes:
        release: reads labels, places boxes and assigns.
        reason: where it is from, in a few words.
        labels_as: the release that reads labels, if it is another one.
        mode: boxes are placed as in validation (``val``) or as in training (``train``); empty if a call had its boxes.
    """

    release: Release = NEWEST_MEASURED
    reason: str = "the newest measured"
    labels_as: Release | None = None
    mode: str = VAL

    @property
    def name(self) -> str:
        return dotted(self.release)

    @property
    def placing(self) -> Placing:
        return Placing(self.release, self.mode)

    @property
    def assigner(self) -> Assigner:
        """The one that the release assigns with."""
        found = find_assigner(self.name)
        return YOLOV8 if found.generation == YOLOV8.generation else found

    def differs_in(self, other: Release) -> tuple[str, ...]:
        """What ``other`` places or assigns otherwise."""
        changes = _LETTERBOX_CHANGES if self.mode == VAL else _TRAINING_CHANGES
        told = {
            "places boxes": self.mode != "" and bisect(changes, self.release) != bisect(changes, other),
            "assigns": self.assigner.generation != find_assigner(dotted(other)).generation,
        }
        return tuple(what for what, differs in told.items() if differs)

    def line(self, assigner: Assigner | None = None) -> str:
        """What headers say; what does not go with the release is named, such as the ``assigner`` that ran."""
        parts = [f"{self.name}, {self.reason}"]
        if self.mode:
            parts.append(f"boxes placed as in {'validation' if self.mode == VAL else 'training'}")
        if self.mode and self.release < OLDEST_PLACED:
            parts.append(f"labels and places before {dotted(OLDEST_PLACED)} were not measured, taken to be as there")
        if self.release > NEWEST_MEASURED:
            parts.append(f"newer than what was measured, taken to be as {dotted(NEWEST_MEASURED)}")
        if self.labels_as is not None and self.labels_as != self.release:
            parts.append(f"but labels read as {dotted(self.labels_as)}")
        if assigner is not None and assigner.generation != self.assigner.generation:
            parts.append(f"but assigned as {assigner.releases}")
        return "; ".join(parts)
