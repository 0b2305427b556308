"""Where the order of equal values decides, `check` lets an assigner pick any of them, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.scene import Scene, centres, yolov8
from tests.assignment.strategies import examples, scenes
from tests.check import broken_assigners
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.check.cases import Case
from yolo_assign_trace.check.compare import DIFFERENT, EQUAL, TIES, Tolerance, judge

Box = tuple[float, float, float, float]
GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)])  # 84 anchors


def case_of(scene: Scene) -> Case:
    assert torch.equal(scene.mask_gt, scene.gt_bboxes.sum(-1, keepdim=True) > 0)  # as cases have it
    arrays = (scene.gt_labels, scene.gt_bboxes, scene.pd_scores, scene.pd_bboxes)
    return Case("made here", "", scene.grid, *(tensor.numpy() for tensor in arrays))


def equal_metrics(*boxes: Box, predicted: Box, score: float = 0.5) -> Case:
    """One image in which every anchor predicts the same, so that every metric of a box is equal."""
    gts = torch.tensor([boxes])
    a = GRID.anchors
    scene = Scene(
        grid=GRID,
        assigner=yolov8(),
        pd_scores=torch.full((1, a, 4), score),
        pd_bboxes=torch.tensor(predicted).expand(1, a, 4).clone(),
        anc_points=centres(GRID),
        gt_labels=torch.zeros(1, len(boxes), 1, dtype=torch.long),
        gt_bboxes=gts,
        mask_gt=torch.ones(1, len(boxes), 1, dtype=torch.bool),
    )
    return case_of(scene)


def answer(candidate: broken_assigners.Dense, case: Case) -> dict[str, np.ndarray]:
    names = ("target_labels", "target_bboxes", "target_scores", "fg_mask", "target_gt_idx")
    outputs = candidate(*(torch.from_numpy(array) for array in case.inputs().values()))
    return {name: output.numpy() for name, output in zip(names, outputs, strict=True)}


LARGE, LEFT, RIGHT = (1.0, 1.0, 63.0, 63.0), (1.0, 1.0, 47.0, 63.0), (17.0, 1.0, 63.0, 63.0)
NEARLY = (1.0, 1.0, 63.0, 55.0)
NOWHERE = (500.0, 500.0, 510.0, 510.0)
BOX_0_WINS = "no overlap anywhere: box 0 wins every conflict, also where it is not"
EQUAL_METRICS = {
    "one box": equal_metrics(LARGE, predicted=NEARLY),
    "two boxes that compete for what they pick": equal_metrics(LEFT, RIGHT, predicted=NEARLY),
    "no score anywhere": equal_metrics(LEFT, RIGHT, predicted=LARGE, score=0.0),
    BOX_0_WINS: equal_metrics(
        (1.0, 1.0, 23.0, 23.0), (1.0, 33.0, 63.0, 63.0), (9.0, 33.0, 63.0, 63.0), predicted=NOWHERE
    ),
}
TIE_BREAKERS = (broken_assigners.TiesToTheFirst, broken_assigners.TiesToTheLast)


@pytest.mark.parametrize("breaks_ties", TIE_BREAKERS)
@pytest.mark.parametrize("about", EQUAL_METRICS)
def test_another_order_of_equal_metrics_is_equal_but_for_ties(about: str, breaks_ties: type) -> None:
    case = EQUAL_METRICS[about]
    assert judge(case, answer(broken_assigners.Dense(), case), yolov8(), Tolerance()).verdict == EQUAL
    assert judge(case, answer(breaks_ties(), case), yolov8(), Tolerance()).verdict == TIES


@pytest.mark.parametrize("about", ["no score anywhere", BOX_0_WINS])
def test_not_picking_metric_zero_at_all_is_one_of_the_orders(about: str) -> None:
    case = EQUAL_METRICS[about]
    assert judge(case, answer(broken_assigners.NeverPicksZero(), case), yolov8(), Tolerance()).verdict == TIES


WRONG = [
    # of equal metrics above zero k must be picked, whichever they are
    ("one box", broken_assigners.OneTooFew),
    # a box does not get what it does not contain, as equal as it may be
    (BOX_0_WINS, broken_assigners.InsideMaskForgotten),
    # what is not about the selection is not excused by a tie
    ("one box", broken_assigners.HardScores),
    ("one box", broken_assigners.BackgroundIsPositive),
    ("two boxes that compete for what they pick", broken_assigners.IndexOffByOne),
]


@pytest.mark.parametrize(("about", "wrong"), WRONG)
def test_ties_excuse_nothing_else(about: str, wrong: type) -> None:
    case = EQUAL_METRICS[about]
    assert judge(case, answer(wrong(), case), yolov8(), Tolerance()).verdict == DIFFERENT


def shuffled(assigner: Assigner, seed: int) -> Assigner:
    """The same assigner with a topk that picks at random among equal metrics of the whole row."""

    def topk(align_metric, pairs, mask_gt, grid, topk):
        b, m, _ = mask_gt.shape
        dense = torch.zeros(b, m, grid.anchors, dtype=align_metric.dtype)
        dense[tuple(pairs.T)] = align_metric
        order = torch.from_numpy(np.random.RandomState(seed).permutation(grid.anchors))
        picks = order[dense[..., order].argsort(dim=-1, descending=True, stable=True)[..., :topk]]
        return {"mask_topk": torch.zeros_like(dense, dtype=torch.bool).scatter_(-1, picks, True)[tuple(pairs.T)]}

    return assigner.with_stage(replace(assigner.stage("topk"), swapped=topk))


@pytest.mark.parametrize("generation", ["8.0.0", "8.0.52", "8.4.144"])
def test_any_order_of_equal_metrics_is_right_in_any_scene(generation: str) -> None:
    seen: Counter[str] = Counter()

    @examples(60)
    @given(scenes(), st.integers(0, 1000))
    def check(scene: Scene, seed: int) -> None:
        assigner = replace(GENERATIONS[generation], parameters=scene.assigner.parameters)
        scene = replace(scene, mask_gt=scene.gt_bboxes.sum(-1, keepdim=True) > 0, assigner=shuffled(assigner, seed))
        found = {name: tensor.numpy() for name, tensor in scene.results().items()}
        verdict = judge(case_of(scene), found, assigner, Tolerance())
        seen[verdict.verdict] += 1
        assert verdict.verdict != DIFFERENT, verdict.first

    check()
    assert seen[EQUAL] > 0
    assert seen[TIES] > 0
