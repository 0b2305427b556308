"""The tables behind every answer: one trace, looked at by pair, by box and by anchor.

Axes and their sizes are those of :data:`yolo_assign_trace.assignment.outputs.AXES`. Every table is made when it is
first asked for, for all boxes together; of the tensors that have a value for every class only rows are ever read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter
from ..run.boxes_summary import summarize
from ..run.record import BoxLine
from ..run.screening import is_enlarged
from .pair_index import PairIndex
from .stored import StoredOutput, StoredTrace

OUTCOMES: Mapping[str, str] = {
    "positive": "selected, and positive",
    "won": "not selected, but won from boxes that had selected it",
    "lost": "selected, but lost to another box",
    "dropped": "left over after conflicts, but not kept by topk2",
    "not-selected": "a candidate that was not selected",
}
"""What can become of a candidate pair; ids are stable."""

_CODES = {outcome: code for code, outcome in enumerate(OUTCOMES)}


_NEEDED = (
    *("gt_labels", "gt_bboxes", "mask_gt", "anc_points"),
    *("pairs", "overlaps", "align_metric", "mask_topk", "fg_mask", "target_gt_idx"),
)
"""Outputs without which nothing can be told."""


class TraceView:
    """A trace with what every answer needs at hand.

    Args:
        trace: a finished trace that has at least the outputs from screen to resolve.
        needs: what else it must have.

    Raises:
        InputError: an output that no answer can do without is missing.
    """

    def __init__(self, trace: StoredTrace, needs: Sequence[str] = ()) -> None:
        self.trace = trace
        self.names: Mapping[int, str] = trace.class_names
        self.settings = trace.settings
        self.grid = trace.grid
        for name in (*_NEEDED, *needs):
            self._stored(name)
        self.b, self.m = trace.by_name["mask_gt"].shape[:2]
        self.a, self.levels = self.grid.anchors, len(self.grid.levels)

    def _stored(self, name: str) -> StoredOutput:
        if name not in self.trace.by_name:
            message = f"the trace has no output {name!r}, which is needed here"
            raise InputError("incomplete-trace", message, hint="trace again without swapped stages that leave it out")
        return self.trace.by_name[name]

    def array(self, name: str) -> Array:
        """All values of an output that must be there."""
        return self._stored(name).array

    def optional(self, name: str) -> Array | None:
        """All values of an output, None if the trace does not have it."""
        return self.trace.by_name[name].array if name in self.trace.by_name else None

    def at_anchors(self, name: str, image: Array | int, anchor: Array | int) -> Array:
        """(n, last) rows of an output (image, anchor, last) at n places, without reading the others."""
        return self._stored(name).rows(np.atleast_1d(np.asarray(image) * self.a + anchor))

    def class_name(self, label: int) -> str:
        """Name of a class, empty if not known."""
        return self.names.get(label, "")

    @cached_property
    def mask_gt(self) -> Array:
        """(image, gt) is the box a real one?"""
        return self.array("mask_gt")[..., 0].astype(bool)

    @cached_property
    def labels(self) -> Array:
        """(image, gt) class of every box."""
        return self.array("gt_labels")[..., 0]

    @property
    def corners(self) -> Array:
        """(image, gt, xyxy) px."""
        return self.array("gt_bboxes")

    @property
    def pairs(self) -> Array:
        """(pair, 3) image, gt and anchor."""
        return self.array("pairs")

    @property
    def selected(self) -> Array:
        """(pair,) did the box select the anchor?"""
        return self.array("mask_topk")

    @property
    def overlaps(self) -> Array:
        """(pair,) overlap of the box and the anchor's prediction."""
        return self.array("overlaps")

    @property
    def metric(self) -> Array:
        """(pair,) alignment of score and overlap."""
        return self.array("align_metric")

    @property
    def positive(self) -> Array:
        """(image, anchor) does any box own the anchor?"""
        return self.array("fg_mask")

    @cached_property
    def screened(self) -> Array:
        """(image, gt, xyxy) px, the boxes as screening saw them."""
        screened = self.optional("screen_bboxes")
        return self.corners if screened is None else screened

    @cached_property
    def enlarged(self) -> Array:
        """(image, gt) did screening see the box larger than it is?"""
        return is_enlarged(self.corners, self.screened)

    @cached_property
    def boxes(self) -> Array:
        """(image,) number of boxes before padding."""
        return np.array(self.trace.box_counts, dtype=np.int64)

    @cached_property
    def lines(self) -> tuple[BoxLine, ...]:
        """The closing line of every box, with its cause if it has one."""
        names = ["gt_labels", "gt_bboxes", "mask_gt", "pairs", "overlaps", "align_metric", "mask_topk"]
        names += ["fg_mask", "target_gt_idx", "mask_resolved"]
        kept = {name: array for name in names if (array := self.optional(name)) is not None}
        return summarize(self.grid, self.boxes.tolist(), kept)

    def lines_of(self, image: int) -> tuple[BoxLine, ...]:
        """The closing lines of the boxes of one image."""
        first = int(self.boxes[:image].sum())
        return self.lines[first : first + int(self.boxes[image])]

    # --- pairs -------------------------------------------------------------------------------------------------------

    @cached_property
    def index(self) -> PairIndex:
        """Where to find the pairs of a box or an anchor."""
        return PairIndex(self.pairs, self.b, self.m, self.a)

    @cached_property
    def class_scores(self) -> Array:
        """(pair,) predicted score of the gt's class."""
        stored = self.optional("class_scores")
        if stored is not None:
            return stored
        image, gt, anchor = self.pairs.T
        scores: Array = self.at_anchors("pd_scores", image, anchor)[np.arange(len(gt)), self.labels[image, gt]]
        return scores

    @cached_property
    def level(self) -> Array:
        """(anchor,) index of the level of every anchor."""
        return np.repeat(np.arange(self.levels), [level.anchors for level in self.grid.levels])

    # --- who owns what -----------------------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> Array:
        """(image, anchor) how many boxes selected the anchor."""
        counts = np.bincount(self.index.cell[self.selected], minlength=self.b * self.a)
        return counts.reshape(self.b, self.a)

    @cached_property
    def owner(self) -> Array:
        """(image, anchor) gt that owns the anchor in the end, -1 for background."""
        return np.where(self.positive, self.array("target_gt_idx"), -1)

    @cached_property
    def resolved_owner(self) -> Array:
        """(image, anchor) gt that owned the anchor after conflicts, before topk2; -1 for nobody."""
        resolved = self.optional("mask_resolved")
        if resolved is None or "resolve" in self.settings.swapped:
            return self.owner
        # a claimed anchor that none of its own boxes has went to gt 0: every overlap was 0
        flat = np.where(self.claims > 0, 0, -1).reshape(-1)
        flat[self.index.cell[resolved]] = self.pairs[resolved, 1]
        return flat.reshape(self.b, self.a)

    @cached_property
    def has_topk2(self) -> bool:
        """Could topk2 drop positives in this trace?"""
        topk2 = self.settings.topk2
        return self.optional("mask_resolved") is not None and topk2 not in (None, self.settings.topk)

    @cached_property
    def pair_owner(self) -> Array:
        """(pair,) gt that owned the pair's anchor after conflicts, -1 for nobody."""
        owners: Array = self.resolved_owner.reshape(-1)[self.index.cell]
        return owners

    @cached_property
    def owner_overlap(self) -> Array:
        """(pair,) overlap of that owner and the anchor's prediction, 0 where the trace holds none."""
        beside = self.optional("target_overlaps")
        other = np.zeros(len(self.pairs)) if beside is None else beside.reshape(-1)[self.index.cell]
        if not len(self.pairs):
            return other
        pair = self.index.at(self.pairs[:, 0] * self.m + self.pair_owner, self.pairs[:, 2])
        return np.where((self.pair_owner >= 0) & (pair >= 0), self.overlaps[pair], other)

    @cached_property
    def outcome(self) -> Array:
        """(pair,) code of the outcome, an index into the keys of :data:`OUTCOMES`."""
        gt = self.pairs[:, 1]
        mine_then, mine = self.pair_owner == gt, self.owner.reshape(-1)[self.index.cell] == gt
        codes = np.full(len(gt), _CODES["not-selected"])
        codes[self.selected & ~mine_then] = _CODES["lost"]
        codes[mine_then & ~mine] = _CODES["dropped"]
        codes[mine & self.selected] = _CODES["positive"]
        codes[mine & ~self.selected] = _CODES["won"]
        return codes

    # --- positives ---------------------------------------------------------------------------------------------------

    @cached_property
    def positives(self) -> tuple[Array, Array, Array]:
        """(positive,) image, owner and anchor of every positive anchor."""
        image, anchor = np.nonzero(self.positive)
        return image, self.owner[image, anchor], anchor

    @cached_property
    def positive_scores(self) -> Array:
        """(positive,) target score of every positive anchor, float64."""
        image, _, anchor = self.positives
        scores: Array = self.at_anchors("target_scores", image, anchor).sum(axis=-1, dtype=np.float64)
        return scores

    def target(self, image: int, anchor: int) -> float:
        """Target score of one anchor."""
        return float(self.at_anchors("target_scores", image, anchor).sum(dtype=np.float64))

    def require_box(self, image: int, gt: int) -> BoxLine:
        """The line of one box.

        Raises:
            InputError: there is no such image or box.
        """
        self.require_image(image)
        boxes = int(self.boxes[image])
        if not 0 <= gt < boxes:
            there = f"its boxes are gt 0..{boxes - 1}" if boxes else "it has no box"
            raise InputError("no-such-box", f"image {image} has no gt {gt}: {there}", where=Parameter("gt"))
        return self.lines_of(image)[gt]

    def require_image(self, image: int) -> None:
        """Raises InputError if there is no such image."""
        if not 0 <= image < self.b:
            message = f"the trace has no image {image}: its images are 0..{self.b - 1}"
            raise InputError("no-such-image", message, where=Parameter("image"))
