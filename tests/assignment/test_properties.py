"""What must hold for any input: order of boxes, batches, padding, nothing at all. Inputs come back as they went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from torch import Tensor

from tests.assignment.scene import Scene, centres, yolov8
from tests.assignment.strategies import examples, scenes
from yolo_assign_trace import InputError
from yolo_assign_trace.assignment.grid import Grid

BOX_INPUTS = ("gt_labels", "gt_bboxes", "mask_gt")
DECISIONS = ("fg_mask", "target_gt_idx", "target_labels", "target_bboxes", "target_scores")


def _assert_same(made: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Equal to the last bit, dtypes included."""
    for name in DECISIONS:
        torch.testing.assert_close(
            made[name], expected[name], rtol=0, atol=0, msg=lambda text, name=name: f"{name}: {text}"
        )


class TestOrderOfBoxes:
    @examples(60)
    @given(scenes(min_boxes=1), st.randoms(use_true_random=False))
    def test_boxes_in_another_order_get_the_same_anchors(self, scene: Scene, random) -> None:
        assume(not _equal_overlaps_decide(scene))
        m = scene.gt_bboxes.shape[1]
        order = torch.tensor(random.sample(range(m), m))  # place in the new table -> gt in the old one
        event(f"{m} boxes")
        shuffled = replace(scene, **{name: getattr(scene, name)[:, order] for name in BOX_INPUTS})
        before, after = scene.results(), shuffled.results()

        positive = before["fg_mask"]
        assert torch.equal(after["fg_mask"], positive)
        assert torch.equal(after["target_scores"], before["target_scores"])
        assert torch.equal(order[after["target_gt_idx"][positive]], before["target_gt_idx"][positive])
        # background anchors carry the box of row 0, whichever that is
        assert torch.equal(after["target_labels"][positive], before["target_labels"][positive])
        assert torch.equal(after["target_bboxes"][positive], before["target_bboxes"][positive])


def _equal_overlaps_decide(scene: Scene) -> bool:
    """Does the first of equals win some contested anchor? (Ties in topk do not matter: a row's answer is its own.)"""
    made = scene.tensors("pairs", "overlaps", "claims")
    overlaps = scene.dense(made["pairs"], made["overlaps"])  # (b, m, a)
    equal = (overlaps == overlaps.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return bool((equal & (made["claims"] > 1)).any())


class TestBatches:
    @examples(40)
    @given(scenes())
    def test_a_batch_gives_what_its_images_give_one_by_one(self, scene: Scene) -> None:
        together = scene.results()
        for image in range(len(scene.pd_scores)):
            only = slice(image, image + 1)
            one = {name: tensor[only] for name, tensor in scene.inputs.items() if name != "anc_points"}
            _assert_same(replace(scene, **one).results(), {name: t[only] for name, t in together.items()})


class TestPadding:
    @examples(40)
    @given(scenes(min_boxes=1), st.integers(1, 3), st.booleans())
    def test_rows_of_padding_change_nothing(self, scene: Scene, rows: int, zeros: bool) -> None:
        b, m, _ = scene.gt_bboxes.shape
        # what stands in a masked row does not matter: zeros as usual, or a box that would win everything
        filler = torch.zeros(b, rows, 4) if zeros else scene.pd_bboxes[:, :1].expand(b, rows, 4)
        padded = replace(
            scene,
            gt_labels=torch.cat([scene.gt_labels, torch.zeros(b, rows, 1, dtype=torch.long)], dim=1),
            gt_bboxes=torch.cat([scene.gt_bboxes, filler], dim=1),
            mask_gt=torch.cat([scene.mask_gt, torch.zeros(b, rows, 1, dtype=torch.bool)], dim=1),
        )
        assert padded.gt_bboxes.shape[1] == m + rows
        _assert_same(padded.results(), scene.results())

    @examples(20)
    @given(scenes(min_boxes=1))
    def test_a_table_of_padding_only_gives_background_with_the_label_of_row_0(self, scene: Scene) -> None:
        made = replace(scene, mask_gt=torch.zeros_like(scene.mask_gt)).results()
        assert not made["fg_mask"].any()
        assert not made["target_scores"].any()
        assert not made["target_gt_idx"].any()
        assert torch.equal(made["target_labels"], scene.gt_labels[:, :1, 0].expand_as(made["target_labels"]))


class TestNoBoxes:
    @examples(20)
    @given(scenes())
    def test_a_batch_without_boxes_is_background_of_class_number_nc(self, scene: Scene) -> None:
        made = replace(scene, **{name: getattr(scene, name)[:, :0] for name in BOX_INPUTS}).results()
        assert set(made["target_labels"].flatten().tolist()) == {scene.pd_scores.shape[-1]}
        for name in ("fg_mask", "target_scores", "target_bboxes", "target_gt_idx"):
            assert not made[name].any(), name

    @examples(20)
    @given(scenes(min_boxes=1), st.sampled_from([torch.float32, torch.float64]))
    def test_dtypes_and_shapes_do_not_depend_on_whether_there_are_boxes(self, scene: Scene, dtype: torch.dtype) -> None:
        floats = ("pd_scores", "pd_bboxes", "anc_points", "gt_bboxes")
        scene = replace(scene, **{name: getattr(scene, name).to(dtype) for name in floats})
        without = replace(scene, **{name: getattr(scene, name)[:, :0] for name in BOX_INPUTS})
        full, empty = scene.results(), without.results()
        assert {name: tensor.dtype for name, tensor in full.items()} == {
            "target_labels": torch.int64,
            "target_bboxes": dtype,
            "target_scores": dtype,
            "fg_mask": torch.bool,
            "target_gt_idx": torch.int64,
        }
        for name, tensor in full.items():
            assert (empty[name].dtype, empty[name].shape) == (tensor.dtype, tensor.shape), name


class TestPurity:
    @examples(30)
    @given(scenes())
    def test_inputs_come_back_as_they_went_in(self, scene: Scene) -> None:
        before = {name: tensor.clone() for name, tensor in scene.inputs.items()}
        scene.results()
        for name, tensor in scene.inputs.items():
            assert torch.equal(tensor, before[name]), name

    @examples(30)
    @given(scenes())
    def test_results_are_tensors_of_their_own(self, scene: Scene) -> None:
        before = {name: tensor.clone() for name, tensor in scene.inputs.items()}
        for tensor in scene.results().values():
            tensor.fill_(1)
        for name, tensor in scene.inputs.items():
            assert torch.equal(tensor, before[name]), name

    @examples(20)
    @given(scenes())
    def test_asking_twice_gives_the_same(self, scene: Scene) -> None:
        _assert_same(scene.results(), scene.results())

    @examples(20)
    @given(scenes())
    def test_asking_for_more_does_not_change_the_results(self, scene: Scene) -> None:
        kept = scene.tensors(*DECISIONS, "pairs", "overlaps", "align_metric", "mask_pos")
        for name, tensor in scene.results().items():
            np.testing.assert_array_equal(kept[name], tensor.numpy(), err_msg=name)


class TestNotFinite:
    def test_a_prediction_of_nan_is_selected_before_all_others_and_goes_to_the_first_box_around_it(self) -> None:
        grid = Grid.of((64, 64), [(8, 8)], [8])
        elsewhere, larger, smaller = [40.0, 40, 60, 60], [0.0, 0, 30, 30], [0.0, 0, 26, 26]
        boxes = torch.tensor([[elsewhere, larger, smaller]])  # the last two hold anchor 9 at (12, 12)
        predicted = boxes[:, 2:].repeat(1, grid.anchors, 1)
        predicted[0, 9] = torch.nan
        scores = torch.linspace(0.9, 0.1, grid.anchors).view(1, -1, 1)  # anchor 0 is the best of the others
        points, labels = centres(grid), torch.zeros(1, 3, 1)
        scene = Scene(grid, yolov8(topk=1), scores, predicted, points, labels.long(), boxes, labels == 0)
        made = scene.results()
        positives = made["fg_mask"].nonzero()[:, 1].tolist()
        assert [anchor for anchor in positives if made["target_gt_idx"][0, anchor] > 0] == [9]
        assert made["target_gt_idx"][0, 9] == 1
        assert made["target_scores"][0, 9].isnan().all()


class TestTooFewAnchors:
    def test_a_grid_with_fewer_anchors_than_k_is_an_error_that_says_so(self) -> None:
        grid = Grid.of((24, 24), [(3, 3)], [8])
        gt = torch.zeros(1, 1, 1)
        scene = Scene(
            grid,
            yolov8(topk=10),
            torch.rand(1, 9, 1),
            torch.rand(1, 9, 4),
            centres(grid),
            gt.long(),
            torch.rand(1, 1, 4),
            gt > 0,
        )
        with pytest.raises(InputError, match="the grid has 9 anchors, but every box selects its best 10") as raised:
            scene.results()
        assert raised.value.id == "fewer-anchors-than-k"
