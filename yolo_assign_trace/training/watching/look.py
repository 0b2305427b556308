"""What a call did, in small arrays: counted on candidate pairs, where the call's tensors are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...assignment.grid import Grid
from ...basics.arrays import Array
from ...run.boxes_summary import summarize
from ...run.record import BoxLine
from .call import Call

FIRST, LAST = "screen", "resolve"
"""The stages that tell what the outputs do not: candidates, who selected what, what was contested."""


@dataclass(frozen=True)
class Replayed:
    """What only our own run of a call's stages tells.

    Attributes:
        contested: anchors that several boxes selected.
        beyond: (image·gt,) the box has candidates, and from each of them a side is farther than reg_max - 1 cells;
            None without a distribution of distances.
        kept: what the closing lines of boxes are made from, by name; empty unless asked for.
    """

    contested: int
    beyond: Array | None
    kept: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """A call in numbers, on the CPU.

    Attributes:
        grid: levels and anchors.
        labels: (image, gt) classes.
        boxes: (image, gt, xyxy) px; rotated ones (image, gt, xywh and angle).
        valid: (image, gt) mask_gt.
        positives: (positive, 3) image, gt and anchor, ascending by image and anchor: the call's own outputs.
        scores: (positive,) target score.
        replayed: None for an assigner that this project has no equal of.
    """

    grid: Grid
    labels: Array
    boxes: Array
    valid: Array
    positives: Array
    scores: Array
    replayed: Replayed | None

    @property
    def rotated(self) -> bool:
        return bool(self.boxes.shape[-1] > 4)

    @property
    def sizes(self) -> Array:
        """(image, gt, 2) width and height in px."""
        found: Array = self.boxes[..., 2:4] - (0 if self.rotated else self.boxes[..., :2])
        return found

    @property
    def level(self) -> Array:
        """(positive,) index of the level."""
        return self.level_of(self.positives[:, 2])

    def level_of(self, anchors: Array) -> Array:
        found: Array = np.searchsorted([level.first for level in self.grid.levels], anchors, side="right") - 1
        return found

    @property
    def rows(self) -> tuple[int, ...]:
        """Rows of every image up to the last that is not padding."""
        filled = self.valid | self.boxes.any(axis=-1)
        ends = np.where(filled, np.arange(1, filled.shape[1] + 1), 0).max(axis=1, initial=0)
        return tuple(ends.tolist())

    def box_lines(self, boxes: Sequence[int]) -> tuple[BoxLine, ...]:
        """The closing line of every box; ``boxes`` is how many rows of every image are boxes."""
        assert self.replayed is not None
        return summarize(self.grid, boxes, self.replayed.kept)


def look_at(call: Call, grid: Grid, reg_max: int | None, *, whole: bool) -> Look:
    """Count a call.

    Args:
        call: inputs and outputs; not changed, and nothing of them is kept.
        grid: of its anchor points.
        reg_max: bins per side of the head, None if unknown.
        whole: keep what :meth:`Look.box_lines` needs.
    """
    with _undisturbed(call.six[0].device):
        gt_labels, gt_bboxes, mask_gt = (tensor.detach() for tensor in call.six[3:])
        image, anchor = call.outputs["fg_mask"].bool().nonzero(as_tuple=True)
        owner = call.outputs["target_gt_idx"][image, anchor].long()
        scores = call.outputs["target_scores"][image, anchor].amax(-1).float()  # one class of a positive is not zero
        own = call.who.stand_in()
        return Look(
            grid,
            labels=_numpy(gt_labels)[..., 0].astype(np.int64),
            boxes=_numpy(gt_bboxes),
            valid=_numpy(mask_gt)[..., 0].astype(bool),
            positives=_numpy(torch.stack([image, owner, anchor], dim=-1)),
            scores=_numpy(scores),
            replayed=None if own is None else _replay(call, own, grid, reg_max, whole=whole),
        )


def _replay(call: Call, own: Any, grid: Grid, reg_max: int | None, *, whole: bool) -> Replayed:
    # the stages take float64 where it matters, which only these two have everywhere
    device = call.six[0].device if call.six[0].device.type in ("cpu", "cuda") else torch.device("cpu")
    six = [tensor.detach().to(device) for tensor in call.six]
    floats = [tensor.float() if tensor.is_floating_point() else tensor for tensor in six]
    scores, boxes, points, gt_labels, gt_bboxes, mask_gt = floats
    b, m = gt_bboxes.shape[:2]
    state: dict[str, Any] = {
        **own.settings,
        "pd_scores": scores,
        "pd_bboxes": boxes,
        "anc_points": points,
        "gt_labels": gt_labels.long(),
        "gt_bboxes": gt_bboxes,
        "mask_gt": mask_gt.bool(),
        "grid": grid,
        "batch": b,
        "nc": scores.shape[-1],
    }
    names = [stage.name for stage in own.stages]
    for stage in own.stages[names.index(FIRST) : names.index(LAST) + 1]:
        result = stage.call(**{name: state[name] for name in stage.inputs})
        state.update({output.name: getattr(result, output.name) for output in stage.outputs})
    beyond = None
    if reg_max is not None and reg_max > 1:
        image, gt, anchor = state["pairs"].T.contiguous()
        row = image * m + gt
        firsts = torch.tensor([level.first for level in grid.levels], device=row.device)
        strides = torch.tensor(grid.strides, device=row.device)
        limit = (reg_max - 1) * strides[torch.searchsorted(firsts, anchor, right=True) - 1]
        within = row[state["bbox_deltas"].amax(-1) <= limit].bincount(minlength=b * m)
        beyond = _numpy((row.bincount(minlength=b * m) > 0) & (within == 0))
    kept = {}
    if whole:
        outputs = {"fg_mask": call.outputs["fg_mask"].bool(), "target_gt_idx": call.outputs["target_gt_idx"].long()}
        inputs = ("gt_labels", "gt_bboxes", "mask_gt")
        made = ("pairs", "overlaps", "align_metric", "mask_topk", "mask_resolved")
        kept = {name: _numpy(state[name]) for name in (*inputs, *made) if name in state}
        kept |= {name: _numpy(tensor) for name, tensor in outputs.items()}  # what the call itself answered
    contested = int((state["claims"] > 1).sum())
    return Replayed(contested, beyond, kept)


@contextlib.contextmanager
def _undisturbed(device: torch.device) -> Iterator[None]:
    """No graph, no autocast, and none of the warnings that asking for determinism causes; all as it was afterwards."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        if torch.is_autocast_enabled(device.type):
            stack.enter_context(torch.autocast(device.type, enabled=False))
        if device.type == "cuda" and torch.are_deterministic_algorithms_enabled():
            warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
            torch.use_deterministic_algorithms(False)
            stack.callback(torch.use_deterministic_algorithms, True, warn_only=warn_only)
        yield


def _numpy(tensor: Tensor) -> Array:
    tensor = tensor.detach().cpu()
    array: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array
