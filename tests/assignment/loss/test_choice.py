"""Whose loss it is, when it runs, and what a user may set."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from torch import Tensor

from tests.assignment.loss.losses import drawn, loss_of
from yolo_assign_trace import InputError, find_assigner, trace
from yolo_assign_trace.assignment.assigner import Gains
from yolo_assign_trace.assignment.call import begin_with_capture
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.assignment.loss.choice import parse_gains, with_loss
from yolo_assign_trace.assignment.outputs import GroundTruth, tensor
from yolo_assign_trace.assignment.releases import parse_release
from yolo_assign_trace.tracers.memory import Memory

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)], [8, 16, 32])
SINCE = [
    # assigner, release, the release that the loss appeared with
    ("yolov8", "8.0.10", "8.0.0"),
    ("yolov8", "8.0.11", "8.0.11"),
    ("yolov8", "8.3.98", "8.0.11"),
    ("yolov8", "8.3.99", "8.3.99"),
    ("yolov8", "8.4.0", "8.4.0"),  # the release decides, whoever assigns
    ("yolov8", "", "8.3.99"),  # without one: the newest before the next generation of assigners
    ("8.0.0", "", "8.0.0"),  # a release by itself
    ("yolo26-one2one", "", "8.4.0"),
    ("ultralytics==8.2.0", "", "8.0.11"),
]


@pytest.mark.parametrize(("name", "release", "since"), SINCE)
def test_the_loss_is_that_of_the_release(name, release, since):
    assert with_loss(find_assigner(name), parse_release(release) if release else None).loss_since == since


def test_it_runs_only_where_it_is_asked_for():
    inputs = drawn(GRID, 0, images=1, boxes=3, nc=2, reg_max=16)
    without, asked = Memory(), Memory()
    results = trace(inputs, find_assigner("yolov8"), [without])
    with_it = trace(inputs, find_assigner("yolov8"), [asked], loss=True)
    for name, result in results.items():
        np.testing.assert_array_equal(result, with_it[name])
    assert [key for key in asked.records if key not in without.records] == [
        f"loss.{output.name}" for output in asked.run.assigner.stage("loss").outputs
    ]
    assert "loss" not in without.run.header()
    assert not {"gains", "loss_since", "head"} & set(json.loads(without.run.trace_settings().to_json()))


def test_gains_weigh_the_terms():
    inputs = drawn(GRID, 0, images=1, boxes=3, nc=2, reg_max=16)
    usual = loss_of(inputs, find_assigner("yolov8"))["loss_items"]
    ones = loss_of(inputs, find_assigner("yolov8"), gains=Gains(box=1, cls=1, dfl=1))["loss_items"]
    np.testing.assert_allclose(usual, ones * [7.5, 0.5, 1.5], rtol=1e-6)


def test_a_captured_call_has_none():
    with pytest.raises(InputError, match="a captured call holds scores and boxes"):
        with_loss(begin_with_capture(find_assigner("yolov8")))


@dataclass(frozen=True)
class Turned(GroundTruth):
    gt_bboxes: Tensor = tensor("image gt xywhr", "px", "boxes with an angle")


def test_boxes_of_another_kind_have_none_here():
    upright = find_assigner("yolov8")
    turned = upright.with_stage(replace(upright.stage("ground_truth"), result=Turned))
    with pytest.raises(InputError, match=r"assigns \[image, gt, xywhr\]"):
        with_loss(turned)


@pytest.mark.parametrize("text", ["", "1,2", "1,2,x", "1,2,3,4"])
def test_what_is_no_three_gains(text):
    with pytest.raises(InputError, match="is no three gains"):
        parse_gains(text)


@pytest.mark.parametrize("text", ["-1,0,0", "nan,1,1", "inf,1,1"])
def test_gains_that_cannot_be(text):
    with pytest.raises(InputError, match="expected a number from 0"):
        with_loss(find_assigner("yolov8"), gains=parse_gains(text))


def test_gains_are_read():
    assert parse_gains("7.5,0.5,1.5") == Gains()
