"""One line per image, for traces of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from rich.cells import cell_len, set_cell_size

from ..basics.plural import count
from ..run.record import BoxLine, Run, Tracer

_OF_ALL = ("heads", "release", "assigner", "versions")
"""Lines of the header that are the same for every batch."""


class Digest(Tracer):
    """Says for every image how many boxes and positives it has, and why boxes got none.

    Args:
        say: takes a line.
        positions: of the images in their dataset.
        first: is it the first batch? Then what holds for all of them is said before.
    """

    def __init__(self, say: Callable[[str], None], positions: Sequence[int], *, first: bool) -> None:
        self.say = say
        self.positions = positions
        self.first = first
        self.run: Run

    def run_start(self, run: Run) -> None:
        self.run = run
        header = run.header()
        for key in _OF_ALL if self.first else ():
            if key in header:
                self.say(f"{key:<10}{header[key]}")

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        names = [image.name for image in self.run.images]
        gutter = max(map(cell_len, names), default=0)
        for image in range(self.run.sizes["image"]):
            mine = [box for box in boxes if box.image == image]
            name = set_cell_size(names[image], gutter) if names else ""
            positives = sum(box.positives for box in mine)
            causes = Counter(box.cause for box in mine if not box.positives)
            without = ", ".join(f"{number} {cause}" for cause, number in causes.items())
            line = f"image {self.positions[image]}  {name}  {count(len(mine), 'box')}  {count(positives, 'positive')}"
            self.say(f"{line}  without positives: {without}" if without else line)
