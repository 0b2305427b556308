"""What a difference did: which anchors changed their owner, and what every box gained or lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..assignment.grid import Address, Grid
from ..basics.arrays import Array

BACKGROUND = -1


@dataclass(frozen=True)
class OwnerChange:
    """An anchor whose owner differs; the owners are gts of its image, None for background."""

    image: int
    address: Address
    before: int | None
    after: int | None

    def __str__(self) -> str:
        before, after = ("background" if gt is None else f"gt {gt}" for gt in (self.before, self.after))
        return f"image {self.image} {self.address}: {before} -> {after}"


@dataclass(frozen=True)
class BoxChange:
    """A box whose positives differ.

    ``gained`` were background in A, ``lost`` are background in B; ``won`` belonged to another box in A and
    ``moved`` belong to another in B.
    """

    image: int
    gt: int
    before: int
    after: int
    gained: int
    lost: int
    won: int
    moved: int

    @property
    def lost_all(self) -> bool:
        return self.before > 0 and self.after == 0

    @property
    def found_first(self) -> bool:
        return self.before == 0 and self.after > 0


@dataclass(frozen=True)
class Consequences:
    """Owners of anchors in A and B. ``changes`` by image and anchor, ``boxes`` by image and gt.

    ``positives`` are those of A and of B.
    """

    changes: tuple[OwnerChange, ...]
    boxes: tuple[BoxChange, ...]
    positives: tuple[int, int]

    @property
    def lost_all(self) -> tuple[BoxChange, ...]:
        """Boxes that have positives in A and none in B."""
        return tuple(box for box in self.boxes if box.lost_all)

    @property
    def found_first(self) -> tuple[BoxChange, ...]:
        """Boxes that have positives in B and none in A."""
        return tuple(box for box in self.boxes if box.found_first)


def owners(fg_mask: Array, target_gt_idx: Array) -> Array:
    """(image, anchor) the gt that owns every anchor, BACKGROUND without one."""
    owner: Array = np.where(fg_mask, target_gt_idx, BACKGROUND)
    return owner


def find_consequences(before: Array, after: Array, grid: Grid) -> Consequences:
    """Compare the owners (image, anchor) of A and of B."""
    at = np.argwhere(before != after)
    old, new = before[tuple(at.T)], after[tuple(at.T)]
    changes = tuple(
        OwnerChange(image, grid.address(anchor), _gt(x), _gt(y))
        for (image, anchor), x, y in zip(at.tolist(), old.tolist(), new.tolist(), strict=True)
    )
    boxes = sorted({(image, gt) for image, gt in _boxes(at, old)} | {(image, gt) for image, gt in _boxes(at, new)})
    changed_boxes = []
    for image, gt in boxes:
        here = at[:, 0] == image
        left, came = here & (old == gt), here & (new == gt)
        lost, gained = int((left & (new == BACKGROUND)).sum()), int((came & (old == BACKGROUND)).sum())
        total = int((before[image] == gt).sum())
        changed_boxes.append(
            BoxChange(
                image,
                gt,
                total,
                total - int(left.sum()) + int(came.sum()),
                gained,
                lost,
                won=int(came.sum()) - gained,
                moved=int(left.sum()) - lost,
            )
        )
    positives = int((before != BACKGROUND).sum()), int((after != BACKGROUND).sum())
    return Consequences(changes, tuple(changed_boxes), positives)


def _boxes(at: Array, owner: Array) -> list[tuple[int, int]]:
    rows = np.stack([at[:, 0], owner], axis=1)[owner != BACKGROUND]
    return [(image, gt) for image, gt in np.unique(rows, axis=0).tolist()]


def _gt(owner: int) -> int | None:
    return None if owner == BACKGROUND else owner
