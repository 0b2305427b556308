"""Centres of cells are recognised from the points alone; whatever is none is right too, point by point."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.assignment.scene import centres
from tests.assignment.strategies import examples, grids
from yolo_assign_trace.assignment import cells
from yolo_assign_trace.assignment.cells import lattice_of, pairs_inside
from yolo_assign_trace.assignment.grid import Grid

STUDY = Grid.of((64, 96), [(8, 12), (4, 6), (2, 3)], [8, 16, 32])
WIDE = Grid.of((320, 2560), [(40, 320), (20, 160)], [8, 16])


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_KNOWN", [])


def by_testing_all(boxes: Tensor, points: Tensor) -> tuple[list[int], list[int]]:
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    inside = torch.cat([points - low, high - points], dim=-1).amin(-1) > 1e-9
    box, point = inside.nonzero(as_tuple=True)
    return box.tolist(), point.tolist()


def assert_right(boxes: Tensor, points: Tensor) -> None:
    found = pairs_inside(boxes, points, torch.zeros(len(boxes), dtype=torch.long))
    assert (found.box.tolist(), found.cell.tolist()) == by_testing_all(boxes, points)
    assert found.of_box.tolist() == torch.bincount(found.box, minlength=len(boxes)).tolist()


def boxes_around(points: Tensor, seed: int = 0, count: int = 40) -> Tensor:
    """Boxes of any size whose edges often lie on a point, or an ulp beside it."""
    random = torch.Generator().manual_seed(seed)
    ends = points[torch.randint(len(points), (count, 2), generator=random)].float()  # (box, end, xy)
    edges = torch.cat([ends.amin(1), ends.amax(1)], dim=-1)  # (box, 4)
    beside = [edges, edges.nextafter(edges + 1), edges.nextafter(edges - 1), edges + 9]
    picked = torch.randint(len(beside), (1, count, 4), generator=random)
    return torch.stack(beside).gather(0, picked).squeeze(0)


def recognised(points: Tensor) -> bool:
    return lattice_of(points) is not None


LATTICES = {
    "three levels, not square": centres(STUDY),
    "one level": centres(Grid.of((64, 64), [(8, 8)], [8])),
    "a single cell": torch.tensor([[32.0, 32.0]]),
    "a row of cells": centres(Grid.of((8, 64), [(1, 8)], [8])),
    "a column of cells": centres(Grid.of((64, 8), [(8, 1)], [8])),
    "from stride 4": centres(Grid.of((64, 64), [(16, 16), (8, 8), (4, 4), (2, 2)], [4, 8, 16, 32])),
    "up to stride 64": centres(Grid.of((128, 128), [(16, 16), (8, 8), (4, 4), (2, 2)], [8, 16, 32, 64])),
    "in float64": centres(STUDY, torch.float64),
    "in float16": centres(STUDY).half(),
    "in bfloat16, where beyond 128 cells two centres are one": centres(WIDE).bfloat16(),
    "of unequal distances": torch.cartesian_prod(torch.tensor([3.0, 4.0, 9.0]), torch.tensor([1.0, 7.0])).flip(-1),
}
OTHERS = {
    "in another order": centres(STUDY)[torch.randperm(len(centres(STUDY)), generator=torch.Generator().manual_seed(0))],
    "at or below 0, where differences can be smaller than 1e-9": centres(STUDY) - 4,
    "from 0 to 1": centres(STUDY) / 96,
    "with one that is nan": torch.cat([centres(STUDY), torch.tensor([[torch.nan, 4.0]])]),
    "with one that is infinite": torch.cat([centres(STUDY), torch.tensor([[torch.inf, 4.0]])]),
    "anywhere": torch.rand(300, 2, generator=torch.Generator().manual_seed(0)) * 64 + 1,
}


@pytest.mark.parametrize("name", LATTICES)
def test_points_that_are_cells_are_recognised(name: str) -> None:
    points = LATTICES[name]
    assert recognised(points)
    assert_right(boxes_around(points), points)


@pytest.mark.parametrize("name", OTHERS)
def test_points_that_are_none_are_answered_all_the_same(name: str) -> None:
    points = OTHERS[name]
    assert not recognised(points)
    assert_right(boxes_around(centres(STUDY)), points)
    assert_right(boxes_around(centres(STUDY)) / 96, points)


@examples(200)
@given(grids(), st.integers(0, 10_000), st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]))
def test_every_grid_and_any_box_on_its_centres(grid: Grid, seed: int, dtype: torch.dtype) -> None:
    points = centres(grid, torch.float64).to(dtype)
    assert_right(boxes_around(points, seed), points)


def test_odd_boxes() -> None:
    inf, nan = torch.inf, torch.nan
    rows = [
        [nan, 0, 90, 60],
        [0, 0, nan, 60],
        [-inf, -inf, inf, inf],
        [inf, 0, inf, 60],
        [60, 60, 10, 10],
        [0, 0, 0, 0],
    ]
    assert_right(torch.tensor(rows), centres(STUDY))


class TestMemory:
    """A training with images of many shapes meets the same grids again and again."""

    @pytest.fixture
    def looked_at(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
        """Numbers of points of the sets that were looked through."""
        found: list[int] = []
        monkeypatch.setattr(cells, "lattice_of", lambda points: found.append(len(points)) or lattice_of(points))
        return found

    def test_a_grid_is_looked_through_once(self, looked_at: list[int]) -> None:
        for _ in range(3):
            for grid in (STUDY, WIDE):
                assert_right(boxes_around(centres(grid)), centres(grid))
        assert looked_at == [len(centres(STUDY)), len(centres(WIDE))]

    def test_two_grids_of_as_many_points_are_told_apart(self, looked_at: list[int]) -> None:
        tall = Grid.of((96, 64), [(12, 8), (6, 4), (3, 2)], [8, 16, 32])
        for grid in (STUDY, tall, STUDY, tall):
            assert_right(boxes_around(centres(grid)), centres(grid))
        assert len(looked_at) == 2

    def test_points_written_over_afterwards_are_not_believed(self) -> None:
        points = centres(STUDY)
        assert_right(boxes_around(points), points)
        points += 3
        assert_right(boxes_around(points), points)

    def test_it_forgets_the_oldest(self, looked_at: list[int]) -> None:
        for width in range(cells.MOST_KEPT + 5):
            points = centres(Grid.of((8, 8 * (width + 1)), [(1, width + 1)], [8]))
            pairs_inside(boxes_around(points, count=2), points, torch.zeros(2, dtype=torch.long))
        assert len(cells._KNOWN) == cells.MOST_KEPT
