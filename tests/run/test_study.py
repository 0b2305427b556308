"""The sample inputs give the numbers of the tutorial that the project started from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import ROOT
from yolo_assign_trace.inputs.heads.layout import read_heads
from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory

SAMPLES = ROOT / "sample_inputs"
EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "study_expected.json").read_text())


@pytest.fixture(scope="module")
def traced() -> Memory:
    memory = Memory()
    inputs, remarks = load_inputs(Request(SAMPLES / "labels.txt", shapes=str(SAMPLES / "shapes.yaml")))
    assert remarks == []
    trace(inputs, tracers=[memory])
    return memory


def test_the_grid_is_the_tutorials(traced: Memory) -> None:
    grid = traced.run.grid
    assert [grid.height, grid.width] == EXPECTED["imgsz"]
    assert [[level.height, level.width] for level in grid.levels] == EXPECTED["maps"]


@pytest.mark.parametrize(
    "name",
    [
        "anchor_points",  # cell centres, fine level first, row by row
        "stride_tensor",  # 80, 160 or 320
        "gt_labels",  # padded to three boxes an image
        "mask_gt",  # true for the seven boxes
    ],
)
def test_tensors_that_do_not_depend_on_predictions_are_equal(traced: Memory, name: str) -> None:
    assert traced[name].tolist() == EXPECTED[name]


def test_boxes_in_px_are_equal_in_the_five_digits_printed(traced: Memory) -> None:
    made = traced["gt_bboxes"]
    printed = [float(f"{value:.5g}") for value in made.flatten().tolist()]
    assert np.reshape(printed, made.shape).tolist() == EXPECTED["gt_bboxes"]


def test_the_same_anchors_of_image_0_lie_inside_its_boxes(traced: Memory) -> None:
    inside = np.zeros((3, 84), dtype=int)
    for image, gt, anchor in traced["pairs"].tolist():
        if image == 0:
            inside[gt, anchor] = 1
    assert inside.tolist() == EXPECTED["mask_in_gts_image_0"]


def test_the_sample_heads_are_the_synthetic_ones_of_seed_0() -> None:
    heads = read_heads(SAMPLES / "random_heads.npz")
    inputs, _ = load_inputs(Request(SAMPLES / "labels.txt", shapes=str(SAMPLES / "shapes.yaml")))
    expected = synthetic_maps(inputs.grid, batch=4, channels=4 * 16 + 3, seed=0)
    for stored, made in zip(heads.maps, expected, strict=True):
        np.testing.assert_array_equal(stored, made)
