"""Everything that is counted of a chunk of boxes for one combination, and along a ladder of inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..basics.arrays import Array
from ..basics.box_sizes import SIZES, size_classes
from .geometry.candidates import Screened, expressible, screen
from .geometry.crowds import without_own
from .geometry.placed import Chunk, picture_classes
from .question import Combination, Question
from .tally import PICTURES, Counted, Ladder, Place, grouped


def count_chunk(
    chunk: Chunk, one: Combination, question: Question, named: Counted | None = None
) -> tuple[Counted, Array]:
    """The counts of a chunk, and (level, box) candidates of every box; -1 for those that training drops.

    Args:
        chunk: boxes.
        one: input size, levels and release.
        question: what else is asked.
        named: what was counted before; boxes that it has no room to name are not named.
    """
    fractions, kept = chunk.fractions(one.imgsz)
    boxes, picture, size_of = chunk.boxes, chunk.picture, chunk.size_of
    if kept is not None:
        fractions = fractions[:, kept]
        boxes, picture, size_of = boxes.only(kept), picture[kept], size_of[kept]
    seen = screen(fractions, one.grid, one.enlarged_below)
    sides = seen.corners[2:] - seen.corners[:2]  # (wh, box)
    total, k = seen.total, one.k
    few = (total > 0) & (total < k)
    reach = [(question.reg_max - 1) * stride for stride in one.grid.strides]
    longest = sides.max(axis=0)
    doubtful = np.flatnonzero((longest > reach[0]) & ((longest > reach[-1]) | (seen.levels[-1] == 0)))
    unlike = doubtful[~expressible(_part(seen, doubtful), one.grid, question.reg_max)]
    shared, twin = without_own(seen, picture, one.grid)
    twins = np.flatnonzero(twin >= 0)

    def places(of: Array, before: Sequence[Place]) -> list[Place]:
        return [
            Place(
                chunk.entries[int(boxes.entry[i])].label,
                int(boxes.line[i]),
                int(boxes.label[i]),
                round(float(sides[0, i]), 2),
                round(float(sides[1, i]), 2),
                int(total[i]),
            )
            for i in of[: question.keep - len(before)].tolist()
        ]

    never = np.flatnonzero(total == 0)
    counted = Counted(
        boxes=len(total),
        padding=int((~seen.valid).sum()),
        histogram=np.bincount(np.minimum(total, k), minlength=k + 1),
        levels=seen.levels.sum(axis=1, dtype=np.int64),
        by_class=grouped(boxes.label, 0, total, k),
        by_size=grouped(size_classes(sides.T), len(SIZES), total, k),
        by_picture=grouped(picture_classes(chunk.sizes)[size_of], len(PICTURES), total, k),
        beyond=len(unlike),
        shared=int(shared.sum()),
        twins=len(twins),
        twins_of_classes=int((boxes.label[twins] != boxes.label[twin[twins]]).sum()),
        helped=_helped(chunk, kept, total, one, question),
        never=places(never, named.never if named else ()),
        few=places(np.flatnonzero(few), named.few if named else ()),
        unlike=places(unlike, named.unlike if named else ()),
    )
    if kept is None:
        return counted, seen.levels
    levels = np.full((len(one.grid.levels), len(chunk)), -1, dtype=np.int32)
    levels[:, kept] = seen.levels
    return counted, levels


def _part(seen: Screened, of: Array) -> Screened:
    return Screened(
        seen.corners[:, of],
        seen.valid[of],
        seen.screened[:, of],
        seen.ranges[:, :, of],
        seen.levels[:, of],
        seen.total[of],
    )


def _helped(chunk: Chunk, kept: Array | None, total: Array, one: Combination, question: Question) -> dict[str, Array]:
    """By what would help: how many boxes without a candidate get one, how many with fewer than k get k."""
    options = {f"imgsz {larger.size_text}": larger for larger in question.larger(one)}
    if finer := one.with_finer_level():
        options[f"a level {finer.grid.levels[0].name} of stride {finer.grid.strides[0]}"] = finer
    lacking = np.flatnonzero(total < one.k)
    places = np.arange(len(chunk)) if kept is None else np.flatnonzero(kept)
    helped = {}
    for name, option in options.items():
        fractions, kept_there = _some(chunk, places[lacking], option.imgsz)
        there = screen(fractions, option.grid, option.enlarged_below).total
        there = there if kept_there is None else there * kept_there
        never = total[lacking] == 0
        helped[name] = np.array([(there[never] > 0).sum(), (there >= one.k).sum()], dtype=np.int64)
    return helped


def _some(chunk: Chunk, of: Array, imgsz: tuple[int, int]) -> tuple[Array, Array | None]:
    """As :meth:`Chunk.fractions` of some of the boxes."""
    if chunk.settings.placing.training:  # placed file by file
        fractions, kept = chunk.fractions(imgsz)
        return fractions[:, of], None if kept is None else kept[of]
    return chunk.only(of).fractions(imgsz)


def climb(chunk: Chunk, ladder: Sequence[Combination]) -> Ladder:
    """Boxes without a candidate and with fewer than k, input by input.

    A box whose sides are so long that k centres must lie in it at this input has k at every larger one: whether it has
    is asked of the others only.
    """
    lacking = np.zeros((len(ladder), 2), dtype=np.int64)
    open_boxes, boxes = np.arange(len(chunk)), 0
    for rung, one in enumerate(ladder):
        fractions, kept = _some(chunk, open_boxes, one.imgsz)
        seen = screen(fractions, one.grid, one.enlarged_below)
        arrived = np.ones(len(open_boxes), dtype=bool) if kept is None else kept
        lacking[rung] = (arrived & (seen.total == 0)).sum(), (arrived & (seen.total < one.k)).sum()
        if chunk.settings.placing.training:  # boxes that are dropped at one input arrive at another
            boxes = max(boxes, int(arrived.sum()))
            continue
        open_boxes = open_boxes[_surely_inside(seen, one) < one.k]
    return Ladder(boxes if chunk.settings.placing.training else len(chunk), lacking)


def _surely_inside(seen: Screened, one: Combination) -> Array:
    """(box,) as many centres lie in a box wherever it is, also at all larger inputs.

    Of a screening that enlarges only what is shorter than a lower limit, a growing box can become shorter, so the box
    itself counts.
    """
    grows = one.enlarged_below != 0
    corners = seen.screened if grows else seen.corners
    size = np.array([[one.grid.width], [one.grid.height]], dtype=np.float32)
    sides = corners[2:].clip(0, size) - corners[:2].clip(0, size) - np.float32(1e-2)
    sure = np.zeros(corners.shape[1], dtype=np.int64)
    for level in one.grid.levels:
        sure += np.maximum(np.ceil(sides / level.stride) - 1, 0).prod(axis=0).astype(np.int64)
    return np.where(seen.valid, sure, 0)
