"""Candidates by where edges fall are those of the stage ``screen``, and those of a plain loop in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.assignment import naive
from yolo_assign_trace.assignment import stages
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.audit.geometry.candidates import Screened, expressible, gt_bboxes, screen
from yolo_assign_trace.inputs.heads.points import cell_centres, grid_of_strides

GRIDS = [
    # input (height, width), strides
    ((640, 640), (8, 16, 32)),
    ((320, 320), (4, 8, 16, 32)),
    ((128, 192), (8, 16, 32, 64)),
    ((100, 70), (8, 16, 32)),  # maps that overhang the input
    ((60, 90), (3, 10, 30)),  # strides that are no powers of two
    ((64, 64), (1,)),  # one level, of single pixels
    ((640, 640), (80, 160, 320)),
]


def at_edges(grid: Grid, count: int, random: np.random.RandomState) -> np.ndarray:
    """(4, box) fractions of boxes with edges on, next to and between cell centres, also out of the input."""
    size = np.array([grid.width, grid.height])
    strides = random.choice(grid.strides, (count, 2, 2))
    centres = (random.randint(-2, 40, (count, 2, 2)) + 0.5) * strides  # (box, corner, xy) px
    step = random.choice([0, 0, 1, -1, 3], centres.shape)
    corners = centres + step * np.spacing(centres.astype(np.float32)).astype(np.float64)
    corners += np.where(random.uniform(size=corners.shape) < 0.2, random.uniform(-20, 20, corners.shape), 0)
    corners.sort(axis=1)
    fractions = np.concatenate([corners.mean(axis=1), corners[:, 1] - corners[:, 0]], axis=1) / np.tile(size, 2)
    return fractions.T


def by_the_stages(fractions: np.ndarray, grid: Grid, generation: str) -> tuple[np.ndarray, np.ndarray]:
    """(level, box) candidates, and (xyxy, box) px, by the stages ``ground_truth`` and ``screen`` themselves."""
    rows = np.concatenate([np.zeros((2, fractions.shape[1])), fractions]).T
    strides = torch.tensor(grid.strides, dtype=torch.float32)
    truth = stages.ground_truth(torch.from_numpy(rows), grid, 1, strides)
    points = stages.anchors(grid, strides)
    screened = (
        GENERATIONS[generation]
        .stage("screen")
        .call(truth.gt_bboxes, truth.mask_gt, points.anchor_points * points.stride_tensor, grid)
    )
    _, gt, anchor = screened.pairs.numpy().T
    first = [level.first for level in grid.levels]
    level = np.searchsorted(first, anchor, side="right") - 1
    counts = np.zeros((len(first), fractions.shape[1]), dtype=np.int64)
    np.add.at(counts, (level, gt), 1)
    return counts, truth.gt_bboxes[0].numpy().T


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("imgsz", "strides"), GRIDS, ids=str)
def test_the_same_candidates_as_the_stages_count_at_every_edge(imgsz, strides, generation):
    grid = grid_of_strides(imgsz, strides)
    fractions = at_edges(grid, 4000, np.random.RandomState(0))
    seen = screen(fractions, grid, GENERATIONS[generation].enlarged_below)
    counts, corners = by_the_stages(fractions, grid, generation)
    assert np.array_equal(seen.corners, corners)
    assert np.array_equal(seen.levels, counts)
    assert 0 < (seen.total == 0).sum() < len(seen.total)  # otherwise little was asked


RULES = {
    # generation, what the judge enlarges: below which stride
    "8.0.0": None,
    "8.0.52": None,
    "8.4.0": 0,
    "8.4.128": 1,
    "8.4.144": 1,
}


def by_a_loop(corners: list[float], grid: Grid, generation: str) -> int:
    """Candidates of one box (x1 y1 x2 y2 px): every anchor is tried, in float64."""
    if not naive.valid(corners):
        return 0
    below, second = RULES[generation], grid.strides[min(1, len(grid.strides) - 1)]
    short = None if below is None else float(grid.strides[min(below, len(grid.strides) - 1)])
    box = naive.Rules(short=short, enlarged_to=float(second), rounded=np.float32).screened(corners)
    return sum(naive.inside(point, box) for point in cell_centres(grid, np.dtype(np.float64)).tolist())


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("imgsz", "strides"), GRIDS[2:6], ids=str)
def test_the_same_candidates_as_a_plain_loop_counts(imgsz, strides, generation):
    grid = grid_of_strides(imgsz, strides)
    fractions = at_edges(grid, 60, np.random.RandomState(1))
    seen = screen(fractions, grid, GENERATIONS[generation].enlarged_below)
    corners = seen.corners.T.astype(np.float64).tolist()
    assert seen.total.tolist() == [by_a_loop(box, grid, generation) for box in corners]


numbers = st.floats(-0.01, 1.01)
sizes = st.one_of(st.floats(0, 1.01), st.floats(0, 0.03))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(numbers, numbers, sizes, sizes), min_size=1, max_size=30), st.sampled_from([*GENERATIONS]))
def test_whatever_a_label_may_say_is_counted_as_the_stages_count_it(boxes, generation):
    """Also boxes without area, and those that lie so far out that they count as padding."""
    grid = grid_of_strides((320, 320), (8, 16, 32))
    fractions = np.array(boxes, dtype=np.float32).astype(np.float64).T
    seen = screen(fractions, grid, GENERATIONS[generation].enlarged_below)
    assert np.array_equal(seen.levels, by_the_stages(fractions, grid, generation)[0])


def test_what_counts_as_padding_is_summed_up_as_torch_does():
    """Four numbers that nearly cancel: another order of adding them up says otherwise of one in three."""
    random = np.random.RandomState(2)
    fractions = random.uniform(-0.01, 0.01, (4, 20_000))
    fractions[1] = -fractions[0] + random.uniform(-1e-9, 1e-9, 20_000)
    grid = grid_of_strides((640, 640), (8, 16, 32))
    rows = np.concatenate([np.zeros((2, 20_000)), fractions]).T
    truth = stages.ground_truth(torch.from_numpy(rows), grid, 1, torch.tensor(grid.strides, dtype=torch.float32))
    _, valid = gt_bboxes(fractions, grid)
    assert np.array_equal(valid, truth.mask_gt[0, :, 0].numpy())
    assert 0.1 < valid.mean() < 0.9


# --- what a level can express ----------------------------------------------------------------------------------------


def one_by_one(seen: Screened, grid: Grid, reg_max: int) -> list[bool]:
    """Is a box without candidates, or has it one from which all four sides are within reg_max - 1 cells?"""
    answers = []
    for i in range(seen.corners.shape[1]):
        x1, y1, x2, y2 = seen.corners[:, i].astype(np.float64).tolist()
        left, top, right, bottom = seen.screened[:, i].astype(np.float64).tolist()
        fits, some = False, False
        for level in grid.levels:
            for y in range(level.height):
                for x in range(level.width):
                    px, py = (x + 0.5) * level.stride, (y + 0.5) * level.stride
                    if left < px < right and top < py < bottom and seen.valid[i]:
                        some = True
                        farthest = max(px - x1, py - y1, x2 - px, y2 - py)
                        fits |= farthest <= (reg_max - 1) * level.stride
        answers.append(fits or not some)
    return answers


@pytest.mark.parametrize("generation", ["8.0.52", "8.4.144"])
@pytest.mark.parametrize("reg_max", [2, 4, 16])
def test_boxes_that_no_level_can_express(generation, reg_max):
    grid, random = grid_of_strides((160, 160), (8, 16, 32)), np.random.RandomState(3)
    centres, sides = random.uniform(0, 1, (2, 150)), random.choice([0.01, 0.1, 0.4, 0.9, 1], (2, 150))
    seen = screen(np.concatenate([centres, sides]), grid, GENERATIONS[generation].enlarged_below)
    answers = one_by_one(seen, grid, reg_max)
    assert expressible(seen, grid, reg_max).tolist() == answers
    assert all(answers) == (reg_max == 16)
