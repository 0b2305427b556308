"""The default assigner gives what releases 8.0.52 - 8.3.253 of the training code gave, stage by stage.

Booleans and indices are equal everywhere, also where ties decide; floats agree to 1e-6 relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import golden_cases
import numpy as np
import pytest
import torch
from golden_cases import GoldenCase

from yolo_assign_trace import Inputs, stages
from yolo_assign_trace.inputs.heads import synthetic_maps
from yolo_assign_trace.inputs.labels import read_labels
from yolo_assign_trace.runner import trace

SAMPLES = Path(__file__).parents[1] / "sample_inputs"
RELATIVE = 1e-6
ON_OVERLAPS = 1e-7  # absolute: CIoU subtracts nearly equal numbers

CASES = [
    "all_scores_zero",  # every metric is 0: torch.topk's order of equal values decides everything
    "contested_by_a_third_box",  # three boxes select the same anchors
    "contested_without_overlap",  # gt 0 wins anchors that it does not contain
    "duplicates_and_nested",  # equal overlaps: the first gt wins
    "edge_on_an_anchor_centre",  # one float32 rounding decides whether the centre is inside
    "empty_image",  # an image without boxes in a batch that has some
    "long_and_thin",  # one row of cells
    "one_level",  # a single feature map
    "over_the_border",  # boxes that leave the image, one of them taken for padding
    "small_square_sides",  # 48 boxes around the strides in size
    "square_3",  # squares that hold few anchors or none
    "square_7_9",
    "square_8",
    "square_10",
    "square_15_9",
    "square_16",
    "study_grid",  # strides 80, 160, 320 and heads from the sample inputs
    "tiny",  # 40 boxes of few px on 8400 anchors
    "tood_settings",  # topk 13, alpha 1
    "top1",  # topk 1
]
CASES_IN_THE_SHARED_FOLDER = [
    "capture_00001",  # a batch of a real training, first step
    "capture_00320",  # the same training, epoch 20
    "crowded",  # 60 boxes an image
    "p2_head",  # four levels from stride 4
    "p6_head",  # four levels up to stride 64
    "sparse",  # few boxes on 8400 anchors
    "untrained",  # 80 classes, predictions of an untrained head
    "wide_image",  # not square
]
# Not here: one_to_one and one_to_one_without_overlap. Their hyper_topk2 is not 0, which asks for another assigner.


@dataclass(frozen=True)
class Answered:
    """A golden case and what the package made of it, in the dense form of the answers."""

    case: GoldenCase
    made: dict[str, np.ndarray]

    def dense(self, name: str) -> np.ndarray:
        return self.case.scene.dense(self.made["pairs"], self.made[name])


@pytest.fixture(scope="module", params=[*CASES, *CASES_IN_THE_SHARED_FOLDER])
def answered(request: pytest.FixtureRequest) -> Answered:
    case = golden_cases.load(request.param)
    names = ("pairs", "mask_in_gts", "overlaps", "align_metric", "mask_topk", "mask_pos", "fg_mask", "target_gt_idx")
    return Answered(case, case.scene.tensors(*names))


class TestStages:
    def test_the_same_anchors_lie_inside_the_same_boxes(self, answered: Answered) -> None:
        # the release leaves padding boxes out one step later than it records this mask
        valid = answered.case.scene.mask_gt.numpy()
        np.testing.assert_array_equal(answered.dense("mask_in_gts"), answered.case.answer("mask_in_gts") & valid)

    def test_the_overlaps_are_equal(self, answered: Answered) -> None:
        expected = answered.case.answer("overlaps")
        np.testing.assert_allclose(answered.dense("overlaps"), expected, rtol=RELATIVE, atol=ON_OVERLAPS)

    def test_the_metrics_are_equal(self, answered: Answered) -> None:
        expected = answered.case.answer("align_metric")
        np.testing.assert_allclose(answered.dense("align_metric"), expected, rtol=RELATIVE, atol=0)

    def test_the_same_candidates_are_selected_ties_included(self, answered: Answered) -> None:
        np.testing.assert_array_equal(answered.dense("mask_topk"), answered.case.answer("mask_pos_before"))

    def test_conflicts_end_with_the_same_pairs(self, answered: Answered) -> None:
        # over pairs: gt 0 can also win an anchor that it does not contain, which is no pair
        expected = answered.case.answer("mask_pos_after") & answered.dense("mask_in_gts")
        np.testing.assert_array_equal(answered.dense("mask_pos"), expected)

    def test_conflicts_end_with_the_same_owners_also_outside_the_pairs(self, answered: Answered) -> None:
        m = answered.case.scene.gt_bboxes.shape[1]
        owns = answered.made["target_gt_idx"][:, None] == np.arange(m)[None, :, None]  # (b, m, a)
        owned = owns & answered.made["fg_mask"][:, None]
        np.testing.assert_array_equal(owned, answered.case.answer("mask_pos_after"))


class TestResults:
    @pytest.mark.parametrize(
        "name",
        [
            *CASES,
            "empty_batch",  # no box in any image: results only, the release has no intermediate tensors then
            *CASES_IN_THE_SHARED_FOLDER,
        ],
    )
    def test_the_five_results_are_equal(self, name: str) -> None:
        case = golden_cases.load(name)
        _assert_results(case.scene.results(), case)


class TestStudyGrid:
    """The only case that comes with its head maps."""

    def test_synthetic_heads_of_seed_0_are_its_maps(self) -> None:
        case = golden_cases.load("study_grid")
        maps = synthetic_maps(case.scene.grid, batch=4, channels=67, seed=0)
        for level, made in enumerate(maps):
            np.testing.assert_array_equal(made, case.arrays[f"map{level}"])

    def test_its_maps_decode_to_its_scores_and_boxes(self) -> None:
        case = golden_cases.load("study_grid")
        flat = stages.flatten([torch.from_numpy(level) for level in _maps(case)], case.scene.grid, reg_max=16)
        points = stages.anchors(case.scene.grid, flat.strides)
        decoded = stages.decode(flat.pred_distri, points.anchor_points, reg_max=16)
        scaled = stages.scale(flat.pred_scores, decoded.pred_bboxes, points.anchor_points, points.stride_tensor)
        np.testing.assert_allclose(scaled.pd_scores, case.scene.pd_scores, rtol=RELATIVE, atol=0)
        np.testing.assert_array_equal(scaled.anc_points, case.scene.anc_points)
        # a corner is point -+ distance and may be near 0, so the error is measured against these two
        points_px = scaled.anc_points.repeat(1, 2)  # (a, 4)
        distances_px = (scaled.pd_bboxes - points_px).abs()
        error = (scaled.pd_bboxes - case.scene.pd_bboxes).abs()
        assert (error <= RELATIVE * (points_px + distances_px)).all()

    def test_its_maps_and_the_sample_labels_lead_to_its_decisions(self) -> None:
        case = golden_cases.load("study_grid")
        rows = read_labels(SAMPLES / "labels.txt").rows
        results = trace(Inputs(case.scene.grid, _maps(case), rows, batch=4, nc=3, reg_max=16))
        # not its scores: they raise the rounding of decode, which is tested above, to the sixth power
        _assert_decisions(results, case)


def _maps(case: GoldenCase) -> list[np.ndarray]:
    return [case.arrays[f"map{level}"] for level in range(3)]


def _assert_results(results: dict[str, torch.Tensor], case: GoldenCase) -> None:
    _assert_decisions(results, case)
    np.testing.assert_allclose(results["target_scores"], case.answer("target_scores"), rtol=RELATIVE, atol=0)


def _assert_decisions(results: dict[str, torch.Tensor], case: GoldenCase) -> None:
    for name in ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes"):
        np.testing.assert_array_equal(results[name], case.answer(name), err_msg=name)
