"""What a generation would answer if equal values had stood in another order: the candidate's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import RESULTS
from ..basics.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor

BACKGROUND = -1
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
    import torch

    from ..run.runner import run_stages

    if not {"fg_mask", "target_gt_idx"} <= answer.keys():
        return None
    fg_mask, owner = answer["fg_mask"].astype(bool), answer["target_gt_idx"]
    if fg_mask.shape != (state["batch"], state["grid"].anchors) or owner.shape != fg_mask.shape:
        return None
    made = run_stages(assigner, dict(state), [*_NEEDED, *_later_inputs(assigner)], first="screen", last="topk")
    parameters = assigner.parameters
    drops = parameters.topk2 is not None and parameters.topk2 != parameters.topk
    every = state | made | {"mask_topk": torch.ones_like(made["mask_topk"]), "topk2": None}
    winners = run_stages(assigner, every, ["target_gt_idx"], first="resolve", last="resolve")["target_gt_idx"].numpy()
    picks = _Picks(made, np.where(fg_mask, owner, BACKGROUND), winners, parameters.topk, hides=drops)
    mask_topk = picks.find()
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


class _Picks:
    """Which of the candidates at the cut a box must have picked, for the owners to be the candidate's.

    An answer shows who owns an anchor, not who picked it. An anchor that several boxes picked goes to its winner,
    whoever these were; so a pick can hide behind the winner, and the winner need not have picked.

    Args:
        made: outputs of screen to topk.
        owner: (image, anchor) the candidate's owners, BACKGROUND without one.
        winners: (image, anchor) who wins the anchor if several boxes pick it.
        topk: how many each box picks.
        hides: can an anchor be background although it was picked (topk2)?
    """

    def __init__(self, made: Mapping[str, Tensor], owner: Array, winners: Array, topk: int, *, hides: bool) -> None:
        self.pairs = made["pairs"].numpy()
        metric, image, gt = made["align_metric"].numpy(), self.pairs[:, 0], self.pairs[:, 1]
        cutoff = made["cutoff"].numpy()[image, gt]
        is_open = made["tie_order"].numpy()[image, gt] & (metric == cutoff)
        self.mask_topk = made["mask_topk"].numpy() & ~is_open
        self.open = np.flatnonzero(is_open).tolist()
        self.owner, self.winners, self.hides = owner, winners, hides
        self.claims: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.room: dict[tuple[int, int], int] = defaultdict(lambda: topk)
        for i, j, a in self.pairs[self.mask_topk].tolist():
            self.claims[i, a].add(j)
            self.room[i, j] -= 1
        self.bound = {(i, j) for i, j in self.pairs[is_open & (cutoff > 0)][:, :2].tolist()}

    def find(self) -> Array | None:
        """mask_topk with such picks; None if a box would need more than it has left, or has some left over."""
        for p in self.open:  # what shows
            i, j, a = self.pairs[p].tolist()
            if self.owner[i, a] == j:
                self._pick(p)
        for p in self.open:  # the winner of a contest need not have picked: take back what is too much
            i, j, a = self.pairs[p].tolist()
            if self.mask_topk[p] and self.room[i, j] < 0 and self.winners[i, a] == j:
                self._pick(p, back=True)
        for p in self.open:  # a contest needs two
            i, j, a = self.pairs[p].tolist()
            if self._may_hide(p) and self._is_short(i, a) and self.room[i, j] > 0:
                self._pick(p)
        for p in self.open:  # above zero, a box takes all it can
            i, j, _ = self.pairs[p].tolist()
            if (i, j) in self.bound and self._may_hide(p) and self.room[i, j] > 0:
                self._pick(p)
        too_many = any(room < 0 for room in self.room.values())
        too_few = any(self.room[row] > 0 for row in self.bound)
        return None if too_many or too_few else self.mask_topk

    def _pick(self, p: int, *, back: bool = False) -> None:
        i, j, a = self.pairs[p].tolist()
        self.mask_topk[p] = not back
        self.room[i, j] += 1 if back else -1
        (self.claims[i, a].discard if back else self.claims[i, a].add)(j)

    def _may_hide(self, p: int) -> bool:
        """Could this be a pick that the answer does not show?"""
        i, _, a = self.pairs[p].tolist()
        if self.mask_topk[p]:
            return False
        owner = self.owner[i, a]
        return self.hides if owner == BACKGROUND else bool(owner == self.winners[i, a])

    def _is_short(self, i: int, a: int) -> bool:
        """Has the anchor an owner that its picks do not explain yet?"""
        claims = self.claims[i, a]
        return self.owner[i, a] != BACKGROUND and len(claims) < 2 and self.owner[i, a] not in claims


def _their_keeping(
    later: Mapping[str, Any], made: Mapping[str, Tensor], fg_mask: Array, owner: Array, topk2: int
) -> dict[str, Tensor] | None:
    """The outputs of resolve if topk2 keeps what the candidate kept among equal metrics."""
    import torch

    from ..assignment.stages import resolve
    from ..assignment.variants import keep_only

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


def _complete(picks: Array, hidden: Array, size: int, *, exactly: bool) -> Sequence[int] | None:
    """The picks, with hidden ones if there must be exactly ``size``; None if there cannot be."""
    missing = size - len(picks)
    if missing < 0 or (exactly and missing > len(hidden)):
        return None
    return [*picks.tolist(), *(hidden[:missing].tolist() if exactly else [])]


def _as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
