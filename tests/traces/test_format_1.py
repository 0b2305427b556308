"""Traces of format 1, in which settings stood in the sentences of the header, are read to the same settings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.assignment import swapped_stages
from tests.traces.traces import KINDS, traced
from yolo_assign_trace.assignment.assigner import Assigner
from yolo_assign_trace.assignment.generations import ASSIGNERS, GENERATIONS, YOLOV8, find_assigner
from yolo_assign_trace.assignment.swap import swap
from yolo_assign_trace.run.given import Image
from yolo_assign_trace.run.letterbox import Letterbox
from yolo_assign_trace.run.trace_settings import TraceSettings
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.format_1 import settings_of_format_1
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.stored import StoredTrace

STUDY = KINDS[0]
UNKNOWN = {"release": "", "release_from": "", "labels_as": "", "mode": ""}
"""What no trace of format 1 says."""
PARAMETERS = ("topk", "topk2", "alpha", "beta", "overlap", "reg_max", "nc", "batch")


def as_format_1(text: str) -> str:
    """A log as it was written before: another first line, and no line of settings."""
    return re.sub(r"^# settings .*\n", "", text.replace("format 2\n", "format 1\n", 1), count=1, flags=re.MULTILINE)


def old_log(folder: Path, assigner: Assigner = YOLOV8) -> tuple[StoredTrace, Memory]:
    path = folder / "run.log"
    memory = traced(folder, STUDY, RunLog(path), assigner=assigner)
    path.write_text(as_format_1(path.read_text(encoding="utf-8")), encoding="utf-8")
    return open_trace(path), memory


def old_file(folder: Path) -> tuple[StoredTrace, Memory]:
    """A saved trace as it was written before: parameters by name, and boxes beside them."""
    path = folder / "t.safetensors"
    memory = traced(folder, STUDY, TensorFile(path))
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    settings = json.loads(metadata["settings"])
    metadata |= {"format": "yolo-assign trace 1", "boxes": json.dumps(settings["boxes"])}
    metadata["settings"] = json.dumps({name: settings[name] for name in PARAMETERS})
    save_file(tensors, path, metadata)
    return open_trace(path), memory


OF_NAMES = [*GENERATIONS, *ASSIGNERS, "8.3.7", "ultralytics==8.4.190", "8.9.0"]


@pytest.mark.parametrize("name", OF_NAMES)
def test_a_log_tells_assigner_parameters_and_screening(tmp_path, name):
    trace, memory = old_log(tmp_path, find_assigner(name).with_parameters(topk=3, alpha=1.25, overlap="diou"))
    told = memory.run.trace_settings()
    assert trace.settings == replace(told, nc=None, batch=None, boxes=None, **UNKNOWN)  # a log of format 1 does not say
    assert trace.box_counts == told.boxes  # they are found all the same
    for key, record in memory.records.items():
        assert trace.outputs[key].shape == record.array.shape


def test_a_log_tells_what_was_swapped(tmp_path):
    trace, memory = old_log(tmp_path, swap(YOLOV8, "topk", swapped_stages.dictionary))
    assert trace.settings.swapped == memory.run.trace_settings().swapped != {}


def test_a_saved_file_tells_all_of_it(tmp_path):
    trace, memory = old_file(tmp_path)
    assert trace.settings == replace(memory.run.trace_settings(), **UNKNOWN)
    for key, record in memory.records.items():
        assert np.array_equal(trace.outputs[key].array, record.array)


LINES = [
    # line about the assigner, what it says
    ("yolov8: topk 10, alpha 0.5, beta 6, CIoU, float64 on cuda", {"assigner": "yolov8", "device": "cuda"}),
    ("yolo26-one2one: topk 7, topk2 1, alpha 0.5, beta 6, CIoU, float32", {"topk": 7, "topk2": 1, "enlarged_below": 1}),
    ("ultralytics==8.4.3 (generation 8.4.0): topk 10, alpha 0.5, beta 6, IoU, float32", {"overlap": "iou"}),
    ("tood: topk 13, alpha 1, beta 6, CIoU, float32; SWAPPED topk=a.b:c, align=d:e", {"generation": "8.0.52"}),
    ("mine: topk 10, alpha 0.5, beta 6, CIoU, float32", {"assigner": "mine", "generation": "", "topk": 10}),
    ("no such line", {"assigner": "", "topk": None}),
    ("", {"assigner": "", "topk": None}),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StoredTrace:
    return stored_trace(traced(tmp_path_factory.mktemp("study"), STUDY))


@pytest.mark.parametrize(("line", "told"), LINES)
def test_the_line_about_the_assigner(study, line, told):
    found = settings_of_format_1(replace(study, header={"assigner": line}))
    assert {name: getattr(found, name) for name in told} == told
    assert found.swapped == ({"topk": "a.b:c", "align": "d:e"} if "SWAPPED" in line else {})


BOX = Letterbox(640, 480, 640, 640, 640, 480, 0, 80)
IMAGES = [
    # line about an image, what it says
    ("000000000009.jpg, 640x480 px, scale 1, left 0, top 80", Image("000000000009.jpg", BOX)),
    ("a, b.png, 640x480 px, scale 1, left 0, top 80", Image("a, b.png", BOX)),
    ("only.jpg", Image("only.jpg")),
    ("odd.jpg, 640x480 px, scale 1.2.3, left 0, top 80", Image("odd.jpg")),  # no number: the name alone
    ("none.jpg, 640x480 px, scale 0, left 0, top 80", Image("none.jpg")),  # nothing can be scaled by 0
]


@pytest.mark.parametrize(("line", "image"), IMAGES)
def test_the_line_about_an_image(study, line, image):
    header = {"image[0]": line, "image[1]": "x.jpg, 640x480 px, scale 1, left 0, top 80"}
    assert settings_of_format_1(replace(study, header=header)).images == (image, Image("x.jpg", BOX))


def test_settings_are_read_back_from_json():
    settings = TraceSettings(boxes=(3, 0), images=(Image("箱\n.jpg", BOX), Image("b"))).made_by(
        find_assigner("8.4.190")
    )
    text = settings.to_json()
    assert "\n" not in text
    assert TraceSettings.from_json(text) == settings
    assert TraceSettings.from_json('{"topk": 3, "of a later version": 1}') == TraceSettings(topk=3)
