"""Who owns a contested anchor, and which positives a box keeps."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..cells import Inside
from ..ranking import topk_of_rows


class Positives(NamedTuple):
    """Entries and what they became; several may stand for one cell and then say the same."""

    cell: Tensor  # (entry,) b·a, one more than there are, for an entry that stands for none
    owner: Tensor  # (entry,) slot
    metric: Tensor  # (entry,) with the owner
    overlap: Tensor  # (entry,) likewise
    numbers: Tensor  # (b·a + 1,) int64, zeros: fresh memory costs more than what was used and is cleared
    flags: Tensor  # (b·a + 1,) bool, likewise


def listed(flags: Tensor) -> Tensor:
    """Numbers of the flags that are set. On a GPU all numbers, because it would have to be waited for."""
    return flags.nonzero().squeeze(-1) if flags.is_cpu else torch.arange(len(flags), device=flags.device)


def resolved(
    pair: Tensor, overlaps: Tensor, align_metric: Tensor, slot: Tensor, inside: Inside, b: int, a: int, m: int
) -> Positives:
    """What becomes of the selected pairs (entry,), -1 for none: who owns their cells.

    As argmax does: nan counts as largest, the first of equals wins, and gt 0 wins where every overlap is 0.
    """
    none, nobody = b * a, len(overlaps)
    selected = pair >= 0
    pair = pair.clamp(min=0)
    cell = inside.cell.index_select(0, pair).where(selected, none)
    winner = torch.zeros(none + 1, dtype=torch.long, device=pair.device).scatter_(0, cell, pair)  # any that claims it
    beaten = cell.where(winner.index_select(0, cell) != pair, none)
    contested = torch.zeros(none + 1, dtype=torch.bool, device=pair.device).index_fill_(0, beaten, True)

    rival = listed(contested.index_select(0, inside.cell))  # all pairs of these cells compete
    if len(rival):
        where = inside.cell.index_select(0, rival)
        if not where.is_cpu:
            where = where.where(contested.index_select(0, where), none)
        strength = overlaps.index_select(0, rival).nan_to_num_(nan=math.inf)
        strongest = strength.new_zeros(none + 1).scatter_reduce_(0, where, strength, "amax").index_select(0, where)
        of_gt_0 = slot.index_select(0, inside.box.index_select(0, rival)) % m == 0
        leads = (strength == strongest) & ((strength > 0) | of_gt_0)
        winner.index_fill_(0, beaten, nobody).scatter_reduce_(0, where, rival.where(leads, nobody), "amin")

    pair = winner.index_select(0, cell)
    has_pair = selected & (pair < nobody)
    pair = pair.clamp_(max=nobody - 1)
    owner = slot.index_select(0, inside.box.index_select(0, pair))
    return Positives(
        cell=cell,
        owner=owner.where(has_pair, (cell // a * m).clamp_(max=b * m - 1)),
        metric=align_metric.index_select(0, pair).where(has_pair, 0),
        overlap=overlaps.index_select(0, pair).where(has_pair, 0),
        numbers=winner.index_fill_(0, cell, 0),
        flags=contested.index_fill_(0, cell, False),
    )


def kept_of(positives: Positives, topk2: int, b: int, a: int, m: int) -> Positives:
    """What is left when every box keeps its ``topk2`` best positives."""
    none, slots = b * a, b * m
    owner = positives.owner.where(positives.cell < none, slots)
    place, order = (owner * a + positives.cell % a).sort()
    new = torch.ones_like(place, dtype=torch.bool)  # the first of all that stand for one cell
    new[1:] = place[1:] != place[:-1]
    distinct = listed(new & (place < slots * a))
    place, order = place.index_select(0, distinct), order.index_select(0, distinct)
    if not len(place):
        return positives
    row = place // a
    count = torch.zeros(slots + 1, dtype=torch.long, device=row.device).scatter_add_(0, row, torch.ones_like(row))
    metric, origin = positives.metric.index_select(0, order), torch.zeros_like(count)
    best = topk_of_rows(metric, place % a, row, count, origin, columns=a, topk=topk2).view(-1)
    cell = positives.cell.index_select(0, order)
    best_cell = cell.index_select(0, best.clamp(min=0)).where(best >= 0, none)
    positives.flags.index_fill_(0, best_cell, True)
    kept = positives.flags.index_select(0, positives.cell) & (positives.cell < none)
    positives.flags.index_fill_(0, best_cell, False)
    return positives._replace(
        cell=positives.cell.where(kept, none),
        metric=positives.metric.where(kept, 0),
        overlap=positives.overlap.where(kept, 0),
    )
