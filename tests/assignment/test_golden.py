"""Every generation gives what a release of the training code gave, stage by stage.

Booleans and indices are equal everywhere, also where ties decide; floats agree to 1e-6 relative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from tests.assignment import golden_cases
from tests.assignment.golden_cases import GoldenCase
from tests.commands import ROOT
from yolo_assign_trace import Inputs
from yolo_assign_trace.assignment import stages
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.inputs.file_batch import read_labels
from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
from yolo_assign_trace.run.runner import trace

SAMPLES = ROOT / "sample_inputs"
DECISIONS = ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes")
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
WITH_TOPK2 = [  # answered by the generations that have it
    "one_to_one",  # topk 7, then the best one of each box
    "one_to_one_without_overlap",  # and torch.topk's order of zeros decides which one
]
ANSWERED = [
    *[(name, generation) for name in [*CASES, *CASES_IN_THE_SHARED_FOLDER] for generation in GENERATIONS],
    *[(name, generation) for name in WITH_TOPK2 for generation in ("8.4.0", "8.4.128", "8.4.144")],
]
NO_BOX_AT_ALL = [("empty_batch", generation) for generation in GENERATIONS]
"""Results only: the releases have no intermediate tensors then."""


@dataclass(frozen=True)
class Answered:
    """A golden case and what the package made of it, in the dense form of the answers."""

    case: GoldenCase
    made: dict[str, np.ndarray]

    def dense(self, name: str) -> np.ndarray:
        return self.case.scene.dense(self.made["pairs"], self.made[name])

    def expected_on_pairs(self, name: str) -> np.ndarray:
        """8.0.0 has overlaps and metrics also where the anchor is outside the box; later ones have 0 there."""
        expected = self.case.answer(name)
        return expected * self.dense("mask_in_gts") if self.case.generation == "8.0.0" else expected


def the_same_anchors_lie_inside_the_same_boxes(answered: Answered) -> None:
    # the release leaves padding boxes out one step later than it records this mask
    valid = answered.case.scene.mask_gt.numpy()
    np.testing.assert_array_equal(answered.dense("mask_in_gts"), answered.case.answer("mask_in_gts") & valid)


def the_overlaps_are_equal(answered: Answered) -> None:
    expected = answered.expected_on_pairs("overlaps")
    np.testing.assert_allclose(answered.dense("overlaps"), expected, rtol=RELATIVE, atol=ON_OVERLAPS)


def the_metrics_are_equal(answered: Answered) -> None:
    expected = answered.expected_on_pairs("align_metric")
    np.testing.assert_allclose(answered.dense("align_metric"), expected, rtol=RELATIVE, atol=0)


def the_same_candidates_are_selected_ties_included(answered: Answered) -> None:
    np.testing.assert_array_equal(answered.dense("mask_topk"), answered.case.answer("mask_pos_before"))


def conflicts_end_with_the_same_pairs(answered: Answered) -> None:
    # over pairs: gt 0 can also win an anchor that it does not contain, which is no pair
    expected = answered.case.answer("mask_pos_after") & answered.dense("mask_in_gts")
    np.testing.assert_array_equal(answered.dense("mask_pos"), expected)


def conflicts_end_with_the_same_owners_also_outside_the_pairs(answered: Answered) -> None:
    m = answered.case.scene.gt_bboxes.shape[1]
    owns = answered.made["target_gt_idx"][:, None] == np.arange(m)[None, :, None]  # (b, m, a)
    owned = owns & answered.made["fg_mask"][:, None]
    np.testing.assert_array_equal(owned, answered.case.answer("mask_pos_after"))


def the_five_results_are_equal(answered: Answered) -> None:
    _assert_decisions(answered.made, answered.case)
    expected = answered.case.answer("target_scores")
    np.testing.assert_allclose(answered.made["target_scores"], expected, rtol=RELATIVE, atol=0)


def each_image_alone_gives_the_same(answered: Answered) -> None:
    scene = answered.case.scene
    for image in range(len(scene.pd_scores)):
        only = slice(image, image + 1)
        one = {key: tensor[only] for key, tensor in scene.inputs.items() if key != "anc_points"}
        for key, tensor in replace(scene, **one).results().items():
            np.testing.assert_array_equal(tensor, answered.made[key][only], err_msg=key)


DECIDED_BY_FLOAT32 = {
    # 12.05 and 27.95 px as float32 have a centre beside 20, and float32 rounds it to 20: the enlarged box ends
    # on anchor centres, which are not inside; in float64 it ends half a millionth of a px beside them
    ("square_15_9", "8.4.128"),
    ("square_15_9", "8.4.144"),
}


def float64_decides_the_same(answered: Answered) -> None:
    scene = answered.case.scene
    double = {key: tensor.double() for key, tensor in scene.inputs.items() if tensor.is_floating_point()}
    results = replace(scene, **double).results()
    assert results["target_scores"].dtype == results["target_bboxes"].dtype == torch.float64
    same = all(np.array_equal(results[key], answered.made[key]) for key in DECISIONS)
    assert same == ((answered.case.name, answered.case.generation) not in DECIDED_BY_FLOAT32)


ON_STAGES = (
    the_same_anchors_lie_inside_the_same_boxes,
    the_overlaps_are_equal,
    the_metrics_are_equal,
    the_same_candidates_are_selected_ties_included,
    conflicts_end_with_the_same_pairs,
    conflicts_end_with_the_same_owners_also_outside_the_pairs,
)
ON_RESULTS = (the_five_results_are_equal, each_image_alone_gives_the_same, float64_decides_the_same)


@pytest.mark.parametrize(("name", "generation"), ANSWERED + NO_BOX_AT_ALL)
def test_the_answers_of_the_releases(name: str, generation: str) -> None:
    """A case is loaded and run once; what is promised of it stands in the two lists above."""
    case = golden_cases.load(name, generation)
    on_pairs = ("pairs", "mask_in_gts", "overlaps", "align_metric", "mask_topk", "mask_pos")
    answered = Answered(case, case.scene.tensors(*on_pairs, *DECISIONS, "target_scores"))
    promises = ON_RESULTS if (name, generation) in NO_BOX_AT_ALL else ON_STAGES + ON_RESULTS
    for promise in promises:
        promise(answered)


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


def _assert_decisions(results: dict[str, torch.Tensor] | dict[str, np.ndarray], case: GoldenCase) -> None:
    for name in DECISIONS:
        np.testing.assert_array_equal(results[name], case.answer(name), err_msg=name)
