"""What a generation would answer if equal values had stood in another order: the candidate's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array
from ..assigner import Assigner
from ..runner import RESULTS, run_stages
from ..stages import resolve
from ..variants import keep_only

_NEEDED = ("pairs", "overlaps", "align_metric", "mask_topk", "tie_order", "cutoff")


def with_their_ties(state: dict[str, Any], answer: Mapping[str, Array], assigner: Assigner) -> dict[str, Array] | None:
    """The answer of ``assigner`` if, among equal values, it takes what the candidate took.

    Args:
        state: inputs and parameters, as the stages take them.
        answer: what the candidate answered; needs fg_mask and target_gt_idx.
        assigner: the generation.

    Returns:
        The five results, or None if no order of equal values can lead to the candidate's picks: too many of them,
        or too few where as many are bound to be taken.
    """
    if not {"fg_mask", "target_gt_idx"} <= answer.keys():
        return None
    fg_mask, owner = answer["fg_mask"].astype(bool), answer["target_gt_idx"]
    if fg_mask.shape != (state["batch"], state["grid"].anchors) or owner.shape != fg_mask.shape:
        return None
    made = run_stages(assigner, dict(state), [*_NEEDED, *_later_inputs(assigner)], first="screen", last="topk")
    parameters = assigner.parameters
    drops = parameters.topk2 is not None and parameters.topk2 != parameters.topk
    mask_topk = _their_selection(made, fg_mask, owner, parameters.topk, drops=drops)
    if mask_topk is None:
        return None
    made["mask_topk"] = torch.from_numpy(mask_topk)
    later = state | made
    if not drops:
        return _as_arrays(run_stages(assigner, later, RESULTS, first="resolve"))
    kept = _their_keeping(later, made, fg_mask, owner, int(parameters.topk2 or 0))
    if kept is None:
        return None
    return _as_arrays(run_stages(assigner, later | kept, RESULTS, first="targets"))


def _later_inputs(assigner: Assigner) -> list[str]:
    """Outputs of screen to topk that the stages after them take."""
    names = [stage.name for stage in assigner.stages]
    early = assigner.stages[names.index("screen") : names.index("topk") + 1]
    made = {output.name for stage in early for output in stage.outputs}
    later = {name for stage in assigner.stages[names.index("topk") + 1 :] for name in stage.inputs}
    return sorted((made & later) - set(_NEEDED))


def _their_selection(
    made: Mapping[str, Tensor], fg_mask: Array, owner: Array, topk: int, *, drops: bool
) -> Array | None:
    """mask_topk with the candidate's picks in the rows that tie order decided.

    A pick whose anchor went to another box, or that topk2 dropped, does not show in the answer; where as many
    picks are bound to have been made, such ones are added.
    """
    pairs, metric = made["pairs"].numpy(), made["align_metric"].numpy()
    mask_topk = made["mask_topk"].numpy().copy()
    image, gt, anchor = pairs.T
    theirs = fg_mask[image, anchor] & (owner[image, anchor] == gt)
    hidden = fg_mask[image, anchor] & (owner[image, anchor] != gt) | (drops & ~fg_mask[image, anchor])
    for i, j in np.argwhere(made["tie_order"].numpy()).tolist():
        row = np.flatnonzero((image == i) & (gt == j))
        cutoff = float(made["cutoff"][i, j])
        at_cut = row[metric[row] == cutoff]
        wanted = topk - int((metric[row] > cutoff).sum())
        picks = _complete(at_cut[theirs[at_cut]], at_cut[hidden[at_cut]], wanted, exactly=cutoff > 0)
        if picks is None:
            return None
        mask_topk[at_cut] = False
        mask_topk[picks] = True
    return mask_topk


def _their_keeping(
    later: Mapping[str, Any], made: Mapping[str, Tensor], fg_mask: Array, owner: Array, topk2: int
) -> dict[str, Tensor] | None:
    """The outputs of resolve if topk2 keeps what the candidate kept among equal metrics."""
    batch, grid = later["batch"], later["grid"]
    resolved = resolve(made["pairs"], made["overlaps"], made["align_metric"], made["mask_topk"], batch, grid)
    ours = resolved.fg_mask.numpy()
    idx, metric = resolved.target_gt_idx.numpy(), resolved.target_metric.numpy()
    kept = np.zeros_like(ours)
    for i, j in sorted({(int(i), int(idx[i, a])) for i, a in np.argwhere(ours)}):
        row = np.flatnonzero(ours[i] & (idx[i] == j))
        values = np.sort(metric[i, row])[::-1]
        cutoff = float(values[topk2 - 1]) if len(row) >= topk2 else 0.0
        above, at_cut = row[metric[i, row] > cutoff], row[metric[i, row] == cutoff]
        chosen = at_cut[fg_mask[i, at_cut] & (owner[i, at_cut] == j)]
        picks = _complete(chosen, chosen[:0], topk2 - len(above), exactly=cutoff > 0)
        if picks is None:
            return None
        kept[i, above] = kept[i, picks] = True
    no_ties = torch.zeros(later["mask_gt"].shape[:2], dtype=torch.bool)
    done = keep_only(resolved, made["pairs"], torch.from_numpy(kept), no_ties)
    return {name: getattr(done, name) for name in ("fg_mask", "target_gt_idx", "target_overlaps", "target_metric")}


def _complete(picks: Array, hidden: Array, wanted: int, *, exactly: bool) -> Sequence[int] | None:
    """The picks, with hidden ones if there must be exactly ``wanted``; None if there cannot be."""
    missing = wanted - len(picks)
    if missing < 0 or (exactly and missing > len(hidden)):
        return None
    return [*picks.tolist(), *(hidden[:missing].tolist() if exactly else [])]


def _as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
