"""What is counted of a run: boxes, positives, causes, conflicts, target scores, sizes; and the runs themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import FIRST
from ..basics.box_sizes import SIZES, size_classes
from ..run.boxes_summary import decide_causes
from ..run.given import Call, Inputs
from ..run.record import BoxLine, Record, Tracer


class Tally(Tracer):
    """Counts over all runs that it watches.

    Attributes:
        boxes: ground-truth boxes.
        candidates: candidate pairs.
        positives: positive anchors.
        contested: anchors that several boxes selected.
        target_sum: sum of the target scores of all positives.
        causes: boxes without positives by cause.
        sizes: boxes, positives and boxes without positives by class of size.
    """

    def __init__(self) -> None:
        self.boxes = self.candidates = self.positives = self.contested = 0
        self.target_sum = 0.0
        self.causes: Counter[str] = Counter()
        self.sizes = np.zeros((len(SIZES), 3), dtype=np.int64)

    def output(self, record: Record) -> None:
        if record.name == "pairs":
            self.candidates += len(record.array)
        elif record.name == "fg_mask":
            self.positives += int(record.array.sum())
        elif record.name == "claims":
            self.contested += int((record.array > 1).sum())
        elif record.name == "norm_align_metric":
            self.target_sum += float(np.nansum(record.array, dtype=np.float64))

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self.boxes += len(boxes)
        self.causes.update(box.cause for box in boxes if not box.positives)
        group = size_classes([(box.width, box.height) for box in boxes])
        for column, weights in enumerate(
            ([1] * len(boxes), [box.positives for box in boxes], [not box.positives for box in boxes])
        ):
            counted = np.bincount(group, weights=np.array(weights, dtype=np.float64), minlength=len(SIZES))
            self.sizes[:, column] += counted.astype(np.int64)

    @property
    def without(self) -> int:
        """Boxes without positives."""
        return self.causes.total()

    @property
    def mean_target(self) -> float | None:
        """Mean target score of the positives, None without any."""
        return self.target_sum / self.positives if self.positives else None


def tally_all(
    inputs: Inputs | Call, assigners: Sequence[Assigner], tallies: Sequence[Tally], progress: Callable[[int], None]
) -> None:
    """Run every assigner on ``inputs`` and add its counts to its tally; ``inputs.maps`` are used up.

    What does not depend on the assigner is computed once for all of them. ``progress`` is told after each that one
    more is done.
    """
    import torch

    from ..run.runner import run_to_call, trace

    call = run_to_call(inputs)
    with torch.inference_mode():
        for assigner, tally in zip(assigners, tallies, strict=True):
            trace(call, assigner, [tally])
            progress(1)


def tally_geometry(
    inputs: Inputs | Call, assigners: Sequence[Assigner], tallies: Sequence[Tally], progress: Callable[[int], None]
) -> None:
    """Likewise as far as boxes and anchors decide it: boxes, candidates, and the causes that are geometry.

    Needs no maps, which take far longer to make than all the rest.
    """
    gt_bboxes, mask_gt, anc_points = inputs.screen_inputs()
    kept = {"gt_bboxes": gt_bboxes.numpy(), "mask_gt": mask_gt.numpy()}
    for assigner, tally in zip(assigners, tallies, strict=True):
        screened: Any = assigner.stage(FIRST).call(gt_bboxes, mask_gt, anc_points, inputs.grid)
        causes = decide_causes(inputs.boxes, kept | {"pairs": screened.pairs.numpy()})
        tally.boxes += sum(inputs.boxes)
        tally.candidates += len(screened.pairs)
        tally.causes.update(causes[causes != ""].tolist())
        progress(1)
