"""The tables behind every answer: one trace, looked at by pair, by box and by anchor.

Axes and their sizes are those of :data:`yolo_assign_trace.assignment.outputs.AXES`. A row is one box,
row = image · m + gt; a cell is one anchor of one image, cell = image · a + anchor. Everything is computed once, for
all boxes together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter
from ..run.boxes_summary import summarize
from ..run.record import BoxLine
from ..traces.stored import StoredTrace
from .settings import Settings, settings_of

OUTCOMES: Mapping[str, str] = {
    "positive": "selected, and positive",
    "won": "not selected, but won from boxes that had selected it",
    "lost": "selected, but lost to another box",
    "dropped": "left over after conflicts, but not kept by topk2",
    "not-selected": "a candidate that was not selected",
}
"""What can become of a candidate pair; ids are stable."""

_CODES = {outcome: code for code, outcome in enumerate(OUTCOMES)}


class TraceView:
    """A trace with what every answer needs at hand.

    Args:
        trace: a finished trace that has at least the outputs from screen to resolve.
        names: names of classes by number, as far as known.

    Raises:
        InputError: an output that answers cannot do without is missing.
    """

    def __init__(self, trace: StoredTrace, names: Mapping[int, str] | None = None) -> None:
        self.trace = trace
        self.names = trace.class_names if names is None else names
        self.grid = trace.grid
        self.settings: Settings = settings_of(trace)
        self._by_name = {stored.output.name: stored.array for stored in trace.outputs.values()}
        self.mask_gt = self.array("mask_gt")[..., 0].astype(bool)  # (b, m)
        self.b, self.m = self.mask_gt.shape
        self.a, self.levels = self.grid.anchors, len(self.grid.levels)
        self.labels = self.array("gt_labels")[..., 0]  # (b, m)
        self.corners = self.array("gt_bboxes")  # (b, m, 4) px
        self.pairs = self.array("pairs").reshape(-1, 3)
        self.selected = self.array("mask_topk")  # (p,)
        self.overlaps, self.metric = self.array("overlaps"), self.array("align_metric")  # (p,)
        self.positive = self.array("fg_mask")  # (b, a)

    def array(self, name: str) -> Array:
        """The values of an output that must be there."""
        found = self.optional(name)
        if found is None:
            message = f"the trace has no output {name!r}, which explaining needs"
            raise InputError("incomplete-trace", message, hint="trace again without swapped stages that leave it out")
        return found

    def optional(self, name: str) -> Array | None:
        """The values of an output, None if the trace does not have it."""
        return self._by_name.get(name)

    def class_name(self, label: int) -> str:
        """Name of a class, empty if not known."""
        return self.names.get(label, "")

    @cached_property
    def boxes(self) -> Array:
        """(image,) number of boxes before padding."""
        return np.array(self.trace.box_counts, dtype=np.int64)

    @cached_property
    def lines(self) -> tuple[BoxLine, ...]:
        """The closing line of every box, with its cause if it has one."""
        names = ["gt_labels", "gt_bboxes", "mask_gt", "pairs", "overlaps", "align_metric", "mask_topk"]
        names += ["fg_mask", "target_gt_idx", "mask_resolved"]
        kept = {name: self._by_name[name] for name in names if name in self._by_name}
        return summarize(self.grid, self.boxes.tolist(), kept)

    @cached_property
    def line_of(self) -> dict[tuple[int, int], BoxLine]:
        return {(line.image, line.gt): line for line in self.lines}

    # --- pairs: by box and by anchor ---------------------------------------------------------------------------------

    @cached_property
    def row(self) -> Array:
        """(pair,) row of every pair, ascending."""
        rows: Array = self.pairs[:, 0] * self.m + self.pairs[:, 1]
        return rows

    @cached_property
    def cell(self) -> Array:
        """(pair,) cell of every pair."""
        cells: Array = self.pairs[:, 0] * self.a + self.pairs[:, 2]
        return cells

    @cached_property
    def _row_starts(self) -> Array:
        return np.searchsorted(self.row, np.arange(self.b * self.m + 1))

    @cached_property
    def _cell_order(self) -> tuple[Array, Array]:
        order = np.argsort(self.cell, kind="stable")
        return order, self.cell[order]

    @cached_property
    def _pair_keys(self) -> Array:
        keys: Array = self.row * self.a + self.pairs[:, 2]
        return keys

    def pairs_of_box(self, image: int, gt: int) -> slice:
        """Where the pairs of one box stand."""
        row = image * self.m + gt
        return slice(int(self._row_starts[row]), int(self._row_starts[row + 1]))

    def pairs_of_anchor(self, image: int, anchor: int) -> Array:
        """Indices of the pairs of one anchor, gts ascending."""
        order, cells = self._cell_order
        cell = image * self.a + anchor
        found: Array = order[np.searchsorted(cells, cell) : np.searchsorted(cells, cell, side="right")]
        return found

    def pair_at(self, row: Array, anchor: Array) -> Array:
        """Index of the pair of every (row, anchor), -1 where the anchor is no candidate of that box."""
        wanted = row * self.a + anchor
        at = np.searchsorted(self._pair_keys, wanted)
        inside = at < len(self.pairs)
        inside[inside] = self._pair_keys[at[inside]] == wanted[inside]
        return np.where(inside, at, -1)

    @cached_property
    def class_scores(self) -> Array:
        """(pair,) predicted score of the gt's class."""
        stored = self.optional("class_scores")
        if stored is not None:
            return stored
        image, gt, anchor = self.pairs.T
        scores: Array = self.array("pd_scores")[image, anchor, self.labels[image, gt]]
        return scores

    @cached_property
    def level(self) -> Array:
        """(anchor,) index of the level of every anchor."""
        return np.repeat(np.arange(self.levels), [level.anchors for level in self.grid.levels])

    # --- who owns what -----------------------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> Array:
        """(image, anchor) how many boxes selected the anchor."""
        counts = np.bincount(self.cell[self.selected], minlength=self.b * self.a)
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
        flat[self.cell[resolved]] = self.pairs[resolved, 1]
        return flat.reshape(self.b, self.a)

    @cached_property
    def has_topk2(self) -> bool:
        """Could topk2 drop positives in this trace?"""
        topk2 = self.settings.topk2
        return self.optional("mask_resolved") is not None and topk2 not in (None, self.settings.topk)

    @cached_property
    def pair_owner(self) -> Array:
        """(pair,) gt that owned the pair's anchor after conflicts, -1 for nobody."""
        owners: Array = self.resolved_owner.reshape(-1)[self.cell]
        return owners

    @cached_property
    def owner_pair(self) -> Array:
        """(pair,) index of the pair of that owner and the same anchor, -1 if the anchor lies outside the owner."""
        owner = self.pair_owner
        rows = self.pairs[:, 0] * self.m + owner
        return np.where(owner < 0, -1, self.pair_at(rows, self.pairs[:, 2]))

    @cached_property
    def owner_overlap(self) -> Array:
        """(pair,) overlap of that owner and the anchor's prediction, 0 where the trace holds none."""
        beside = self.optional("target_overlaps")
        other = np.zeros(len(self.pairs)) if beside is None else beside.reshape(-1)[self.cell]
        if not len(self.pairs):
            return other
        return np.where(self.owner_pair >= 0, self.overlaps[self.owner_pair], other)

    @cached_property
    def outcome(self) -> Array:
        """(pair,) code of the outcome, an index into the keys of :data:`OUTCOMES`."""
        gt = self.pairs[:, 1]
        mine_then, mine = self.pair_owner == gt, self.owner.reshape(-1)[self.cell] == gt
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
    def positive_rows(self) -> Array:
        """(positive,) row of the owner of every positive anchor."""
        image, gt, _ = self.positives
        rows: Array = image * self.m + gt
        return rows

    @cached_property
    def positive_scores(self) -> Array:
        """(positive,) target score of every positive anchor, float64."""
        image, _, anchor = self.positives
        scores: Array = self.array("target_scores")[image, anchor].sum(axis=-1, dtype=np.float64)
        return scores

    @cached_property
    def outside(self) -> Array:
        """(n, 3) image, gt, anchor of positives whose centre lies outside their box."""
        image, gt, anchor = self.positives
        found = self.pair_at(self.positive_rows, anchor) < 0
        return np.stack([image[found], gt[found], anchor[found]], axis=-1)

    def best_classes(self, image: int, anchor: int, most: int = 3) -> tuple[tuple[int, float], ...]:
        """Classes with the largest predicted scores of one anchor, and these scores."""
        scores = self.array("pd_scores")[image, anchor]
        best = np.argsort(-scores, kind="stable")[:most].tolist()
        return tuple((label, float(scores[label])) for label in best)

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
        return self.line_of[image, gt]

    def require_image(self, image: int) -> None:
        """Raises InputError if there is no such image."""
        if not 0 <= image < self.b:
            message = f"the trace has no image {image}: its images are 0..{self.b - 1}"
            raise InputError("no-such-image", message, where=Parameter("image"))
