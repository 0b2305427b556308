"""Ranks and top-k within the rows of a table that is stored as a flat list of its entries."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

ROWS_AT_ONCE = 1 << 22
"""How many dense elements topk_of_rows may lay out at a time: 16 MiB of float32."""


class Ranking(NamedTuple):
    """Places of entries in their row, and what is open about each row's selection."""

    place: Tensor  # (entry,) 0 for the best of its row; the first of equals stands before the others
    rank: Tensor  # (entry,) 1 + number of entries of the row that are strictly better
    cutoff: Tensor  # (row,) the k-th largest value of the row, 0 if it has fewer entries
    undecided: Tensor  # (row,) bool: equal values stand at the cut, so only torch.topk can tell


def rank_within_rows(values: Tensor, row: Tensor, *, rows: int, columns: int, topk: int) -> Ranking:
    """Rank the entries (entry,) of each row by value, largest first; nan counts as largest, as in torch.

    Values are float32 or float64 and not negative; ``row`` is ascending. Every row is meant to hold zeros
    wherever it has no entry among its ``columns``.
    """
    n = values.numel()
    here = torch.arange(n, device=values.device)
    # Not negative, so their bits order as the numbers do, nan last; integers sort ten times faster than floats here.
    bits = values.abs().view(torch.int32 if values.dtype == torch.float32 else torch.int64)
    by_value = (-bits).argsort(stable=True)
    order = by_value[row[by_value].argsort(stable=True)]  # by row, then value, then entry
    count = row.bincount(minlength=rows)
    start = count.cumsum(0) - count
    place_sorted = here - start[row]  # row is ascending, so it is its own sorted form
    place = torch.empty_like(order).scatter(0, order, place_sorted)

    sorted_bits = bits[order]  # as bits, nan equals nan
    new_value = torch.ones(n, dtype=torch.bool, device=values.device)
    new_value[1:] = (sorted_bits[1:] != sorted_bits[:-1]) | (row[1:] != row[:-1])
    run_start = here.where(new_value, 0).cummax(0).values if n else here
    rank = torch.empty_like(order).scatter(0, order, run_start - start[row] + 1)

    # bits at place k-1 and place k of every row; where there is no entry, a zero stands
    padded = torch.cat([sorted_bits, bits.new_zeros(1)])
    last_in = padded[(start + topk - 1).where(count >= topk, n)]
    first_out = padded[(start + topk).where(count > topk, n)]
    # With fewer than k positive values zeros are taken from anywhere in the row. That is open only if some
    # entry is 0 itself: entries of other rows' columns are not candidates.
    zeros = row[values == 0].bincount(minlength=rows)
    tied_at_cut = (count > topk) & (last_in == first_out)
    filled_with_zeros = (zeros > 0) & (count - zeros < topk) & (topk < columns)
    return Ranking(place, rank, last_in.view(values.dtype), tied_at_cut | filled_with_zeros)


def select(ranking: Ranking, values: Tensor, row: Tensor, column: Tensor, *, columns: int, topk: int) -> Tensor:
    """The entries with the ``topk`` largest values of every row, (entry,) bool; torch.topk decides among equals."""
    selected = ranking.place < topk
    asked = ranking.undecided[row]
    selected[asked] = topk_of_rows(values[asked], row[asked], column[asked], columns=columns, topk=topk)
    return selected


def topk_of_rows(values: Tensor, row: Tensor, column: Tensor, *, columns: int, topk: int) -> Tensor:
    """Which entries torch.topk selects from the dense rows; (entry,) bool.

    The rows are laid out with zeros where there is no entry, because the order in which torch.topk returns
    equal values depends on where they stand among all columns. ``row`` must be ascending.
    """
    if values.device.type == "cpu" and columns >= 64 * topk:
        column, columns = _fewer_columns(row, column, columns, topk)
    selected = torch.zeros_like(values, dtype=torch.bool)
    _, dense_row, count = torch.unique_consecutive(row, return_inverse=True, return_counts=True)
    ends = count.cumsum(0).tolist()
    step = max(1, ROWS_AT_ONCE // columns)
    for top in range(0, len(ends), step):
        bottom = min(top + step, len(ends))
        part = slice(ends[top - 1] if top else 0, ends[bottom - 1])
        here = dense_row[part] - top
        dense = values.new_zeros(bottom - top, columns)
        dense[here, column[part]] = values[part]
        picked = torch.zeros_like(dense, dtype=torch.bool).scatter_(1, dense.topk(topk, dim=-1).indices, True)
        selected[part] = picked[here, column[part]]
    return selected


def _fewer_columns(row: Tensor, column: Tensor, columns: int, topk: int) -> tuple[Tensor, int]:
    """Move the entries of every row together without changing what torch.topk selects on a CPU.

    From 64·k columns on, torch.topk keeps a heap that starts as columns 0..k-1 and takes a later value only if
    it is strictly larger than the heap's smallest. A later zero is never taken, so the zeros between later
    entries can go, as long as 64·k columns remain. (30 times fewer columns in the benchmark; a test compares.)
    """
    later = column >= topk
    number = later.cumsum(0)
    first_of_row = torch.ones_like(later)
    first_of_row[1:] = row[1:] != row[:-1]
    before = (number - later.long()).where(first_of_row, 0).cummax(0).values  # later entries in the rows above
    moved = column.where(~later, topk + number - before - 1)
    width = max(64 * topk, int(moved.max()) + 1) if len(moved) else 64 * topk
    return moved, min(width, columns)
