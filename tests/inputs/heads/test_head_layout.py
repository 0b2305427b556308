"""Head outputs in every layout become the same maps; shapes tell levels, bins and classes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.inputs.heads.arrays import KNOWN, V8_64, V8_640, detect, maps, zeros
from yolo_assign_trace.inputs.heads.channels import Expectations

READ = [
    # arrays, what was said, shapes, network input (height, width), R, c
    # maps
    (maps(144, V8_640), "nothing", "yolov8", (640, 640), 16, 80),
    (maps(144, [(48, 80), (24, 40), (12, 20)]), "nothing", "yolov8", (384, 640), 16, 80),  # not square
    (maps(144, [(81, 81), (41, 41), (21, 21)]), "nothing", "yolov8", (648, 648), 16, 80),  # rounded up
    (maps(67, V8_64), "nothing", "study", (640, 640), 16, 3),  # the documented default for these sizes
    (maps(67, V8_64), "imgsz 64", "yolov8", (64, 64), 16, 3),
    (maps(67, V8_64), "imgsz 640", "study", (640, 640), 16, 3),
    (maps(144, [(160, 160), *V8_640]), "imgsz 640", "yolov8-p2", (640, 640), 16, 80),
    (maps(144, [(160, 160), *V8_640]), "imgsz 1280", "yolov8-p6", (1280, 1280), 16, 80),
    (maps(144, V8_640), "yolov8 640", "yolov8", (640, 640), 16, 80),
    (zeros(feats__0=(1, 67, 8, 8), feats__1=(1, 67, 4, 4), feats__2=(1, 67, 2, 2)), "nothing", "study", None, 16, 3),
    (maps(12, [(4, 4)]), "one map, a file of 4 classes", "my.yaml", (32, 32), 2, 4),
    # one tensor
    (zeros(array=(2, 144, 8400)), "nothing", "yolov8", (640, 640), 16, 80),
    (zeros(array=(2, 84, 8400)), "nothing", "yolov8", (640, 640), 16, 20),  # 84 would fit too, but is shorter
    (zeros(array=(2, 8400, 144)), "nothing", "yolov8", (640, 640), 16, 80),  # anchors before channels
    (zeros(array=(2, 144, 5040)), "imgsz 384,640", "yolov8", (384, 640), 16, 80),
    (zeros(array=(2, 67, 84)), "nothing", "study", (640, 640), 16, 3),
    (zeros(array=(2, 67, 84)), "imgsz 64", "yolov8", (64, 64), 16, 3),
    (zeros(array=(2, 84, 84)), "nothing", "study", (640, 640), 16, 20),  # both ways fit alike: channels come first
    (zeros(array=(2, 144, 34000)), "imgsz 640", "yolov8-p2", (640, 640), 16, 80),
    (zeros(array=(2, 144, 34000)), "imgsz 1280", "yolov8-p6", (1280, 1280), 16, 80),
    (zeros(array=(2, 8400, 84)), "yolov8 640", "yolov8", (640, 640), 16, 20),  # 84 would be the study's anchors
    # boxes and scores, in any order
    (zeros(boxes=(2, 64, 8400), scores=(2, 80, 8400)), "nothing", "yolov8", (640, 640), 16, 80),
    (zeros(scores=(2, 3, 84), boxes=(2, 4, 84)), "nothing", "study", (640, 640), 1, 3),
    (zeros(boxes=(2, 8400, 64), scores=(2, 8400, 80)), "nothing", "yolov8", (640, 640), 16, 80),
    (zeros(boxes=(2, 84, 64), scores=(2, 84, 84)), "nothing", "study", (640, 640), 16, 84),  # common: the anchors
    (zeros(one2one__boxes=(2, 64, 84), one2one__scores=(2, 3, 84)), "imgsz 64", "yolov8", (64, 64), 16, 3),
    (  # feats tell the sizes of the levels, whatever their channels
        zeros(boxes=(1, 64, 5040), scores=(1, 80, 5040), feats__0=(1, 9, 48, 80), feats__1=(1, 8, 24, 40))
        | zeros(feats__2=(1, 7, 12, 20)),
        *("nothing", "yolov8", (384, 640), 16, 80),
    ),
    # channels
    (maps(16, V8_64), "nothing", "study", None, 1, 12),  # too few for 4 bins
    (maps(64, V8_64), "labels of 50 classes", "study", None, 1, 60),  # only one bin leaves as many
    (maps(36, V8_64), "nc 20", "study", None, 4, 20),  # 16 bins are impossible, and only 4 leave 20 classes
    (maps(65, V8_64), "nothing", "study", None, 16, 1),
    (maps(5, V8_64), "nothing", "study", None, 1, 1),
    (maps(84, V8_64), "nc 80", "study", None, 1, 80),  # only one bin leaves 80 classes
    (maps(144, V8_64), "nc 80", "study", None, 16, 80),
    (maps(84, V8_64), "reg_max 1", "study", None, 1, 80),
]


@pytest.mark.parametrize("row", READ, ids=lambda row: f"{[a.shape for a in row[0].values()]} {row[1]}")
def test_layouts_that_shapes_tell(row):
    arrays, said, name, imgsz, reg_max, nc = row
    heads = detect(arrays, KNOWN[said])
    assert (heads.shapes_name, heads.reg_max, heads.nc) == (name, reg_max, nc)
    assert imgsz in (None, (heads.grid.height, heads.grid.width))
    sizes = [(level.height, level.width) for level in heads.grid.levels]
    assert [level.shape[1:] for level in heads.maps] == [(4 * reg_max + nc, *size) for size in sizes]
    assert {level.dtype for level in heads.maps} == {np.dtype(np.float32)}


READINGS = [
    # arrays, what was said, the sentence
    (
        zeros(boxes=(2, 64, 8400), scores=(2, 80, 8400)),
        "nothing",
        "read as boxes (2, 64, 8400) + scores (2, 80, 8400): `shapes=yolov8` `imgsz=640`, reg_max 16, 80 classes",
    ),
    (
        zeros(array=(2, 5040, 144)),
        "imgsz 384,640",
        "read as one tensor (2, 5040, 144), anchors before channels: `shapes=yolov8` `imgsz=384,640`, "
        "reg_max 16 by default, 80 classes",
    ),
    (
        maps(67, V8_64),
        "nc 3",
        "read as 3 maps (1, 67, 8, 8), (1, 67, 4, 4), (1, 67, 2, 2): `shapes=study` (yolov8 at 64 px would fit too), "
        "reg_max 16, 3 classes",
    ),
    (
        maps(12, [(4, 4)]),
        "one map, a file of 4 classes",
        "read as 1 map (1, 12, 4, 4): `shapes=my.yaml` (32x32 px), reg_max 2, 4 classes",
    ),
]


@pytest.mark.parametrize(("arrays", "said", "sentence"), READINGS)
def test_the_reading_is_told_in_one_sentence(arrays, said, sentence):
    assert detect(arrays, KNOWN[said]).reading == sentence


def test_the_reading_tells_what_was_left_out():
    assert "maps (1, 67, 8, 8), (1, 67, 4, 4), (1, 67, 2, 2), the raw part: " in detect(
        maps(67, V8_64), Expectations(), "the raw part"
    ).reading.replace("raw part,", "raw part")
