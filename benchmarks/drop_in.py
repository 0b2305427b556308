"""The drop-in beside the assigner of release 8.4.190 and beside the floor, in one process. Needs ``make test-live``.

The floor is what nobody can do without: five results of their sizes, allocated and filled with zeros.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from .live import is_there, run
from .measure import Line, faster, growth_of_peak, less_memory, slower

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = 5
ENOUGH, MOST_CALLS = 0.3, 8
"""Seconds and calls, one of which every side gets in a round."""

CASES: dict[str, tuple[tuple[int, int, int, float, float, int], float, float | None]] = {
    # what: images, boxes, px, sides from .. to of the input, classes; goals against original and floor
    "1 image, 5 boxes, 640 px, 80 classes": ((1, 5, 640, 0.05, 0.4, 80), 1.3, None),
    "16 images × 20 boxes of 5-40 %, 640 px, 80 classes": ((16, 20, 640, 0.05, 0.4, 80), 4.5, 1.5),
    "64 images × 10 boxes of 5-40 %, 640 px, 1 class": ((64, 10, 640, 0.05, 0.4, 1), 6, 3),
    "4 × 500 boxes of 2-8 %, 1280 px": ((4, 500, 1280, 0.02, 0.08, 80), 80, 2),
    "4 × 500 boxes of 1-3 %, 1280 px": ((4, 500, 1280, 0.01, 0.03, 80), 100, 1.6),
}
CROWD = (4, 500, 1280, 0.02, 0.08, 80)
LARGE = (128, 600, 640, 0.02, 0.2, 60)
LARGE_AT_MOST = 2 << 30


def lines() -> list[Line]:
    if not is_there():
        return []
    found = []
    for threads in (1, 2):
        for what, (case, at_least, at_most) in CASES.items():
            original, ours, floor = _child("times", *case, threads)
            named = f"{what}, {threads} thread{'s' * (threads > 1)}"
            found.append(faster(f"{named}: drop-in : original", ours, original, at_least=at_least))
            if at_most and threads == 1:
                found.append(slower(f"{named}: drop-in : floor", ours, floor, at_most=at_most))
    sizes = {form: [_child("peak", form, *CROWD) for _ in range(3)] for form in ("ours", "original")}
    what = "4 × 500 boxes of 2-8 %, 1280 px, extra memory beyond the results: drop-in : original"
    large = [_child("peak", "ours", *LARGE, False) for _ in range(3)]
    return [
        *found,
        less_memory(what, sizes["ours"], sizes["original"], at_most=0.05),
        less_memory(
            "128 images × 600 boxes, 640 px, 60 classes, memory with results: 2 GiB",
            large,
            [LARGE_AT_MOST] * 3,
            at_most=1,
        ),
    ]


def _child(function: str, *arguments: Any) -> Any:
    """What a function of this module returns in a process that has the release."""
    program = "import json, sys; from benchmarks import drop_in as d; print(json.dumps(d.{}(*json.loads(sys.argv[1]))))"
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(run(Path(folder), program.format(function), *arguments)[-1])


# --- in the child ----------------------------------------------------------------------------------------------------


def times(images: int, boxes: int, px: int, low: float, high: float, classes: int, threads: int) -> list[list[float]]:
    """Seconds of the original, ours and the floor in every round.

    Every side begins a round with a call that is not counted, so that none pays for memory that another has just given
    back; what a call returned is held until the next has ended, as a training step holds it.
    """
    import torch

    torch.set_num_threads(threads)
    six = make_inputs(images, boxes, px, low, high, classes)
    original, ours = _sides(classes)
    for a, b in zip(original(*six), ours(*six), strict=True):
        assert torch.equal(a, b), "they do not answer the same"
        assert a.dtype == b.dtype

    def floor(scores: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        shape = scores.shape[:2]
        numbers = [torch.zeros(shape, dtype=dtype) for dtype in (torch.long, torch.long, torch.bool)]
        return (*numbers, torch.zeros(*shape, 4), torch.zeros_like(scores))

    sides: list[Callable[..., object]] = [original, ours, floor]
    found: list[list[float]] = [[], [], []]
    for number in range(ROUNDS + 1):
        gc.collect()
        for i in ((number + n) % 3 for n in range(3)):  # each is first in turn
            held, taken = sides[i](*six), list[float]()
            while not taken or (sum(taken) < ENOUGH and len(taken) < MOST_CALLS):
                start = time.perf_counter()
                held = sides[i](*six)
                taken.append(time.perf_counter() - start)
            del held
            if number:
                found[i].append(median(taken))
    return found


def peak(
    form: str, images: int, boxes: int, px: int, low: float, high: float, classes: int, less_results: bool = True
) -> int:
    """Bytes by which memory grows during a call, over what its results take."""
    import torch

    torch.set_num_threads(1)
    original, ours = _sides(classes)
    side = ours if form == "ours" else original
    side(*make_inputs(1, 3, 64, 0.1, 0.4, classes))  # what torch loads on first use
    six = make_inputs(images, boxes, px, low, high, classes)
    kept: list[tuple[Tensor, ...]] = []
    grown = growth_of_peak(lambda: kept.append(side(*six)))
    return grown - less_results * sum(result.nbytes for result in kept[0])


def _sides(classes: int) -> list[Any]:
    from ultralytics.utils.tal import TaskAlignedAssigner as Original

    from yolo_assign_trace.training import TaskAlignedAssigner

    settings = {"topk": 10, "num_classes": classes, "alpha": 0.5, "beta": 6.0}
    return [Original(**settings), TaskAlignedAssigner(**settings)]


def make_inputs(images: int, boxes: int, px: int, low: float, high: float, classes: int) -> tuple[Tensor, ...]:
    """Boxes whose sides are ``low`` to ``high`` of the input; predictions that reach up to 8 cells to every side."""
    import torch

    random = torch.Generator().manual_seed(0)
    points, strides = [], []
    for stride in (8, 16, 32):
        centres = (torch.arange(px // stride) + 0.5) * stride
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        points.append(torch.stack([x, y], -1).view(-1, 2))
        strides.append(torch.full((len(points[-1]), 1), float(stride)))
    anc_points = torch.cat(points)
    reach = torch.rand(images, len(anc_points), 4, generator=random) * 8 * torch.cat(strides)
    pd_bboxes = torch.cat([anc_points - reach[..., :2], anc_points + reach[..., 2:]], -1)
    pd_scores = torch.rand(images, len(anc_points), classes, generator=random) ** 4
    size = (low + (high - low) * torch.rand(images, boxes, 2, generator=random)) * px
    centre = torch.rand(images, boxes, 2, generator=random) * px
    gt_bboxes = torch.cat([centre - size / 2, centre + size / 2], -1).clamp(0, px)
    gt_labels = torch.randint(classes, (images, boxes, 1), generator=random).float()
    return pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, gt_bboxes.sum(2, keepdim=True).gt_(0)
