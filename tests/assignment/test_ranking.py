"""Selections on flat lists are those of torch.topk on dense rows, to the last tie, and so is the shortened form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.strategies import examples
from yolo_assign_trace.assignment import ranking
from yolo_assign_trace.assignment.ranking import rank_within_rows, topk_of_entries

DTYPES = [torch.float32, torch.float64]
FEW = [0.0, 0.0, 0.0, 0.25, 0.25, 0.5, 1.0, 1e-40]  # many ties; the last is subnormal in float32
ODD = [float("nan"), float("inf")]


@dataclass(frozen=True, repr=False)
class Rows:
    """Dense rows, and the same as a flat list of entries; elsewhere the rows are zero."""

    topk: int
    dense: torch.Tensor  # (row, column)
    row: torch.Tensor  # (entry,)
    column: torch.Tensor  # (entry,)

    def __repr__(self) -> str:
        entries = zip(self.row.tolist(), self.column.tolist(), self.values.tolist(), strict=True)
        return f"Rows(topk {self.topk}, {tuple(self.dense.shape)}, {list(entries)})"

    @property
    def values(self) -> torch.Tensor:
        return self.dense[self.row, self.column]

    def selected_of_entries(self) -> torch.Tensor:
        """What the flat form selects, (entry,) bool."""
        rows, columns = self.dense.shape
        return topk_of_entries(self.values, self.column, self.row, rows=rows, columns=columns, topk=self.topk)

    def selected(self) -> torch.Tensor:
        """What torch.topk selects, (entry,) bool; each row is asked by itself."""
        picked = torch.zeros(self.dense.shape, dtype=torch.bool)
        for i, row in enumerate(self.dense):
            picked[i, row.topk(self.topk).indices] = True
        return picked[self.row, self.column]


@st.composite
def rows(draw: st.DrawFn, dtype: torch.dtype, odd: bool = False, ties: bool = True) -> Rows:
    """A few rows of fewer or more than 64·k columns, at which torch.topk changes its method; some are empty."""
    topk = draw(st.sampled_from([1, 2, 3, 10]))
    around = 64 * topk
    columns = draw(st.sampled_from([topk, topk + 1, around - 1, around, around + 1, 2 * around, 5 * around]))
    random = np.random.RandomState(draw(st.integers(0, 2**20)))
    filled = draw(st.lists(st.sampled_from([0.0, 0.002, 0.03, 0.3, 1.0]), min_size=1, max_size=6))
    pool = np.array(FEW + ODD * odd)
    is_entry = random.uniform(size=(len(filled), columns)) < np.array(filled)[:, None]
    is_entry[:, : topk + 2] |= random.uniform(size=(len(filled), 1)) < 0.5  # entries among the first k columns
    numbers = random.choice(pool, size=is_entry.shape) if ties else random.uniform(size=is_entry.shape)
    dense = torch.from_numpy(np.where(is_entry, numbers, 0)).to(dtype)
    row, column = torch.from_numpy(is_entry).nonzero(as_tuple=True)
    return Rows(topk, dense, row, column)


@pytest.mark.parametrize("dtype", DTYPES)
class TestSelection:
    @examples(150)
    @given(st.data(), st.booleans())
    def test_asking_torch_about_flat_rows_is_asking_it_about_dense_ones(
        self, dtype: torch.dtype, data: st.DataObject, odd: bool
    ) -> None:
        case = data.draw(rows(dtype, odd))
        assert torch.equal(case.selected_of_entries(), case.selected())

    @examples(40)
    @given(st.data())
    def test_rows_laid_out_a_few_at_a_time_give_the_same(self, dtype: torch.dtype, data: st.DataObject) -> None:
        case = data.draw(rows(dtype))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ranking, "LAID_OUT_AT_ONCE", 2 * case.dense.shape[1])
            made = case.selected_of_entries()
        assert torch.equal(made, case.selected())

    @examples(150)
    @given(st.data(), st.booleans())
    def test_rows_that_are_called_decided_need_no_asking(
        self, dtype: torch.dtype, data: st.DataObject, odd: bool
    ) -> None:
        case = data.draw(rows(dtype, odd))
        found = rank_within_rows(
            case.values, case.row, rows=len(case.dense), columns=case.dense.shape[1], topk=case.topk
        )
        decided = ~found.undecided[case.row]
        assert torch.equal((found.rank <= case.topk)[decided], case.selected()[decided])

    @examples(40)
    @given(st.data())
    def test_rows_without_equal_values_are_all_decided(self, dtype: torch.dtype, data: st.DataObject) -> None:
        case = data.draw(rows(dtype, ties=False))
        found = rank_within_rows(
            case.values, case.row, rows=len(case.dense), columns=case.dense.shape[1], topk=case.topk
        )
        assert not found.undecided.any()
        assert torch.equal(found.rank <= case.topk, case.selected())


@pytest.mark.parametrize("dtype", DTYPES)
class TestRanking:
    @examples(100)
    @given(st.data(), st.booleans())
    def test_rank_is_one_more_than_the_number_of_better_entries(
        self, dtype: torch.dtype, data: st.DataObject, odd: bool
    ) -> None:
        case = data.draw(rows(dtype, odd))
        found = rank_within_rows(
            case.values, case.row, rows=len(case.dense), columns=case.dense.shape[1], topk=case.topk
        )
        for i in range(len(case.dense)):
            mine = case.values[case.row == i].numpy()
            # nan counts as largest, so nothing is better than nan, and nan is better than any number
            better = (mine[None] > mine[:, None]) | (np.isnan(mine[None]) & ~np.isnan(mine[:, None]))
            np.testing.assert_array_equal(found.rank[case.row == i], 1 + better.sum(axis=1))

    @examples(100)
    @given(st.data())
    def test_cutoff_is_the_kth_largest_value_of_the_dense_row(self, dtype: torch.dtype, data: st.DataObject) -> None:
        case = data.draw(rows(dtype))
        found = rank_within_rows(
            case.values, case.row, rows=len(case.dense), columns=case.dense.shape[1], topk=case.topk
        )
        assert torch.equal(found.cutoff, case.dense.topk(case.topk).values[:, -1])


def test_no_rows_and_no_entries_are_fine() -> None:
    nothing = torch.zeros(0, dtype=torch.long)
    found = rank_within_rows(torch.zeros(0), nothing, rows=0, columns=100, topk=10)
    assert [len(part) for part in found] == [0, 0, 0]
    assert topk_of_entries(torch.zeros(0), nothing, nothing, rows=0, columns=84, topk=10).tolist() == []


def test_rows_without_entries_have_cutoff_0_and_nothing_open() -> None:
    found = rank_within_rows(torch.tensor([0.5]), torch.tensor([1]), rows=3, columns=100, topk=1)
    assert found.cutoff.tolist() == [0, 0.5, 0]
    assert not found.undecided.any()
