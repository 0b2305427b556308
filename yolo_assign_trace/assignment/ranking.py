"""Ranks and top-k within the rows of a table that is stored as a flat list of its entries."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

LAID_OUT_AT_ONCE = 1 << 19
"""How many dense elements topk_of_rows lays out at a time on a CPU: 2 MiB of float32 stay in its cache."""


class Ranking(NamedTuple):
    """Places of entries in their row, and what is open about each row's selection."""

    rank: Tensor  # (entry,) 1 + number of entries of the row that are strictly better
    cutoff: Tensor  # (row,) the k-th largest value of the row, 0 if it has fewer entries
    undecided: Tensor  # (row,) bool: equal values stand at the cut, so only torch.topk can tell


def rank_within_rows(values: Tensor, row: Tensor, *, rows: int, columns: int, topk: int) -> Ranking:
    """Rank the entries (entry,) of each row by value, largest first; nan counts as largest, as in torch.

    Values are floats and not negative; ``row`` is ascending. Every row is meant to hold zeros
    wherever it has no entry among its ``columns``.
    """
    n = values.numel()
    here = torch.arange(n, device=values.device)
    # Not negative, so their bits order as the numbers do, nan last; integers sort ten times faster than floats here.
    bits = values.abs().view({2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()])
    by_value = (-bits).argsort(stable=True)
    order = by_value[row[by_value].argsort(stable=True)]  # by row, then value, then entry
    count = row.bincount(minlength=rows)
    start = count.cumsum(0) - count

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
    return Ranking(rank, last_in.view(values.dtype), tied_at_cut | filled_with_zeros)


def topk_of_entries(values: Tensor, column: Tensor, row: Tensor, *, rows: int, columns: int, topk: int) -> Tensor:
    """Is the entry one of those that torch.topk selects? (entry,) bool; arguments as for :func:`topk_of_rows`."""
    count = row.bincount(minlength=rows)
    chosen = topk_of_rows(values, column, row, count, torch.zeros_like(count), columns=columns, topk=topk)
    return torch.zeros_like(values, dtype=torch.bool).index_fill_(0, chosen[chosen >= 0], True)


def topk_of_rows(
    values: Tensor, column: Tensor, row: Tensor, count: Tensor, origin: Tensor, *, columns: int, topk: int
) -> Tensor:
    """The entries that torch.topk selects from the dense rows: (row, k) their numbers, -1 for what is no entry.

    Rows hold zeros where there is no entry, and in which order torch.topk returns equal values depends on where they
    stand among all columns, so it is asked about rows that are laid out.

    Args:
        values: (entry,) not negative; sorted by row, then column.
        column: (entry,) place in its row, counted from the row's origin.
        row: (entry,) its row.
        count: (row,) entries of every row.
        origin: (row,) what the row's first column counts as.
        columns: length of the dense rows.
        topk: how many to select.
    """
    if not len(values):
        return torch.full((len(count), topk), -1, device=values.device)
    on_cpu = values.device.type == "cpu"
    shortened = on_cpu and columns >= 64 * topk
    width = max(64 * topk, topk + max(count.tolist())) if shortened else columns
    step = max(1, LAID_OUT_AT_ONCE // width) if on_cpu else len(count)
    if len(count) <= step:
        return (_shortened if shortened else _whole)(values, column, row, count, origin, width, topk)
    ends = [*(count.cumsum(0) - count)[::step].tolist(), len(values)]
    chosen = []
    for top, start, end in zip(range(0, len(count), step), ends[:-1], ends[1:], strict=True):
        here, rows = slice(start, end), slice(top, top + step)
        part = topk_of_rows(
            values[here], column[here], row[here] - top, count[rows], origin[rows], columns=columns, topk=topk
        )
        chosen.append(part.where(part < 0, part + start))
    return torch.cat(chosen)


def _whole(values: Tensor, column: Tensor, row: Tensor, count: Tensor, origin: Tensor, width: int, topk: int) -> Tensor:
    start = torch.arange(len(count), device=row.device) * width  # (row,)
    place = column + (start - origin).index_select(0, row)  # ascending
    dense = values.new_zeros(len(count) * width).scatter_(0, place, values).view(-1, width)
    asked = dense.topk(topk, dim=-1).indices + start.unsqueeze(-1)
    entry = torch.searchsorted(place, asked).clamp_(max=len(place) - 1)
    return entry.where(place[entry] == asked, -1)


def _shortened(
    values: Tensor, column: Tensor, row: Tensor, count: Tensor, origin: Tensor, width: int, topk: int
) -> Tensor:
    """The same from rows without most of their zeros.

    From 64·k columns on, torch.topk on a CPU keeps a heap that starts as columns 0..k-1 and takes a later value only
    if it is strictly larger than the heap's smallest. A later zero is never taken, so the zeros between later
    entries can go, as long as 64·k columns remain. (50 times fewer columns in the benchmark; a test compares.)
    """
    first = count.cumsum(0) - count  # (row,)
    # places count up along a row and jump to the next, so they are the running sum of their steps
    jump = (torch.arange(topk, len(count) * width + topk, width) - first).diff(prepend=torch.ones(1, dtype=torch.long))
    place = torch.ones(len(row) + 1, dtype=torch.long).scatter_add_(0, first, jump).cumsum_(0)[:-1]
    dense = values.new_zeros(len(count) * width).scatter_(0, place, values).view(-1, width)
    # entries of columns 0..k-1 come first in their row; few rows have any
    early = ((column[first.clamp(max=len(column) - 1)] - origin < topk) & (count > 0)).nonzero().squeeze(-1)
    at_start = _to_start(dense, column, first[early], count[early], origin[early], early, topk) if len(early) else None

    asked = dense.topk(topk, dim=-1).indices
    chosen = (first.unsqueeze(-1) + asked - topk).masked_fill_(asked < topk, -1)
    if at_start is not None:
        place = asked[early]
        chosen[early] = torch.where(place < topk, at_start.gather(1, place.clamp(max=topk)), chosen[early])
    return chosen


def _to_start(
    dense: Tensor, column: Tensor, first: Tensor, count: Tensor, origin: Tensor, rows: Tensor, topk: int
) -> Tensor:
    """Move entries that belong into columns 0..k-1 of some ``rows`` there; (row, k + 1) their numbers, -1 for none."""
    here = torch.arange(topk)
    entry = first.unsqueeze(-1) + here  # (row, k), as all below
    place = column[entry.clamp(max=len(column) - 1)] - origin.unsqueeze(-1)
    belongs = (place < topk) & (here < count.unsqueeze(-1))
    found = dense[rows, topk : 2 * topk]
    dense[rows, :topk] = torch.zeros_like(found).scatter_add_(1, place.clamp(0, topk - 1), found.where(belongs, 0))
    dense[rows, topk : 2 * topk] = found.masked_fill(belongs, 0)
    return torch.full((len(rows), topk + 1), -1).scatter_(1, place.where(belongs, topk), entry.where(belongs, -1))
