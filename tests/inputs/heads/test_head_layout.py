"""Head outputs in every layout become the same maps; levels, bins and classes are told by shapes, or by an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.heads.channels import Expectations
from yolo_assign_trace.inputs.heads.files import ArrayFile
from yolo_assign_trace.inputs.heads.layout import Heads, detect_layout, read_heads
from yolo_assign_trace.inputs.heads.shapes import Shapes, layout_grid, read_shapes

Arrays = Mapping[str, np.ndarray]
V8_64 = [(8, 8), (4, 4), (2, 2)]
V8_640 = [(80, 80), (40, 40), (20, 20)]
P6_64 = [(8, 8), (4, 4), (2, 2), (1, 1)]


def zeros(**shapes: Sequence[int]) -> dict[str, np.ndarray]:
    """Arrays by name; a dotted name is written with two underscores."""
    return {name.replace("__", "."): np.zeros(shape, np.float32) for name, shape in shapes.items()}


def maps(channels: int, sizes: Sequence[tuple[int, int]], batch: int = 1) -> dict[str, np.ndarray]:
    return {f"p{3 + i}": np.zeros((batch, channels, *size), np.float32) for i, size in enumerate(sizes)}


def detect(arrays: Arrays, expected: Expectations, note: str = "") -> Heads:
    return detect_layout(ArrayFile("my.pt", "my.pt", "0" * 12, arrays, note), expected)


SAID = {
    "nothing": Expectations(),
    "yolov8 640": Expectations(read_shapes("yolov8", (640, 640))),
    "study": Expectations(read_shapes("study")),
    "imgsz 64": Expectations(imgsz=(64, 64)),
    "imgsz 640": Expectations(imgsz=(640, 640)),
    "imgsz 384,640": Expectations(imgsz=(384, 640)),
    "imgsz 1280": Expectations(imgsz=(1280, 1280)),
    "nc 3": Expectations(nc=3),
    "nc 20": Expectations(nc=20),
    "nc 80": Expectations(nc=80),
    "nc 20 of data.yaml": Expectations(nc=20, nc_source="data.yaml"),
    "reg_max 1": Expectations(reg_max=1),
    "labels of 50 classes": Expectations(labels_classes=50),
    "labels of 90 classes": Expectations(labels_classes=90),
    "one map, a file of 4 classes": Expectations(Shapes("my.yaml", Grid.of((32, 32), [(4, 4)]), nc=4, reg_max=2)),
}

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
    heads = detect(arrays, SAID[said])
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
    assert detect(arrays, SAID[said]).reading == sentence


def test_the_reading_tells_what_was_left_out():
    assert "maps (1, 67, 8, 8), (1, 67, 4, 4), (1, 67, 2, 2), the raw part: " in detect(
        maps(67, V8_64), Expectations(), "the raw part"
    ).reading.replace("raw part,", "raw part")


TWO_HEADS = zeros(one2many__boxes=(1, 64, 84), one2many__scores=(1, 3, 84)) | zeros(
    one2one__boxes=(1, 64, 84), one2one__scores=(1, 3, 84)
)
REFUSED = [
    # arrays, what was said, id, place, parts of the message, part of the hint
    ({}, "nothing", "no-maps", "my.pt", ["no array"], ""),
    (zeros(p3=(8, 8)), "nothing", "not-a-map", "my.pt[p3]", ["float32 [8, 8]", "(b, 4·R+c, a)"], "per level"),
    (zeros(p3=(1, 65, 0, 8)), "nothing", "not-a-map", "my.pt[p3]", ["[1, 65, 0, 8]"], "per level"),
    (zeros(p3=(1, 3, 8, 8, 85)), "nothing", "not-a-map", "my.pt[p3]", ["[1, 3, 8, 8, 85]"], "per level"),
    ({"p3": np.ones((1, 65, 84), bool)}, "nothing", "not-a-map", "my.pt[p3]", ["bool"], "per level"),
    (zeros(a=(1, 65, 84), b=(1, 65, 84)), "nothing", "not-a-map", "my.pt[a]", ["beside b"], "boxes and scores"),
    (zeros(y=(1, 84, 84)) | maps(65, V8_64), "nothing", "not-a-map", "my.pt[y]", ["beside p3"], ""),
    (zeros(boxes=(1, 64, 84)) | maps(67, V8_64), "nothing", "not-a-map", "my.pt[boxes]", ["beside p3"], ""),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84), angle=(1, 1, 84)),
        *("nothing", "not-a-map", "my.pt[angle]", ["beside boxes and scores"], ""),
    ),
    (zeros(boxes=(1, 64, 8, 8), scores=(1, 3, 84)), "nothing", "not-a-map", "my.pt[boxes]", ["[1, 64, 8, 8]"], ""),
    # parts that disagree
    (maps(65, V8_64[:2]) | maps(66, [(1, 1)]), "nothing", "heads-disagree", "my.pt[p3]", ["1, 66"], "same b, R and c"),
    (zeros(boxes=(1, 64, 84), scores=(2, 3, 84)), "nothing", "heads-disagree", "my.pt[scores]", ["2, 84"], ""),
    (zeros(boxes=(1, 64, 84), scores=(1, 3, 85)), "nothing", "heads-disagree", "my.pt[scores]", ["1, 85"], ""),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84), feats__0=(1, 3, 9, 9)),
        *("nothing", "heads-disagree", "my.pt[boxes]", ["feats have 81 cells", "(1, 64, 84)"], ""),
    ),
    # levels
    (maps(65, V8_64[:2]), "nothing", "heads-do-not-fit", "my.pt", ["2 maps of 8x8, 4x4 cells"], "`shapes=my.yaml`"),
    (maps(65, [(8, 8)]), "nothing", "heads-do-not-fit", "my.pt", ["1 map of 8x8 cells"], "`shapes=my.yaml`"),
    (
        maps(65, V8_64),
        *("yolov8 640", "heads-do-not-fit", "my.pt"),
        ["expected 3 maps of 80x80, 40x40, 20x20 cells for `shapes=yolov8`, found 3 of 8x8, 4x4, 2x2"],
        "these maps fit `shapes=study`",
    ),
    (maps(65, V8_640), "imgsz 64", "heads-do-not-fit", "my.pt", ["at 64 px"], "fit `shapes=yolov8` `imgsz=640`"),
    (zeros(array=(1, 65, 85)), "study", "heads-do-not-fit", "my.pt", ["84 anchors for `shapes=study`, found 85"], ""),
    (zeros(array=(1, 144, 5040)), "nothing", "heads-do-not-fit", "my.pt", ["for a square input"], "`imgsz=height"),
    (zeros(array=(1, 144, 5040)), "imgsz 640", "heads-do-not-fit", "my.pt", ["5040 anchors at 640 px"], ""),
    (zeros(array=(1, 300, 6)), "nothing", "heads-do-not-fit", "my.pt", ["6 anchors"], "final detections"),
    (zeros(p3=(65, 8, 8)), "nothing", "heads-do-not-fit", "my.pt", ["8 anchors"], "`shapes=my.yaml`"),  # no batch axis
    # several readings
    (
        maps(144, [(160, 160), *V8_640]),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["4 maps", "`shapes=yolov8-p2` `imgsz=640`", "`shapes=yolov8-p6` `imgsz=1280`"],
        "`imgsz`",
    ),
    (
        zeros(array=(1, 144, 85)),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["85 anchors", "`shapes=yolov8-p2` `imgsz=32`", "`shapes=yolov8-p6` `imgsz=64`"],
        "`imgsz`",
    ),
    (
        zeros(array=(1, 8400, 84)),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["84 anchors, 8400 channels (`shapes=study`)", "8400 anchors, 84 channels (`shapes=yolov8` `imgsz=640`)"],
        "`shapes`",
    ),
    (
        maps(64, V8_64),  # too few for 16 bins
        *("nothing", "ambiguous-heads", "my.pt"),
        ["64 channels can be 60 classes at reg_max 1 or 48 classes at reg_max 4 or 32 classes at reg_max 8"],
        "`nc` or `reg_max`",
    ),
    (
        maps(17, V8_64),  # the fewest
        *("nothing", "ambiguous-heads", "my.pt", ["13 classes at reg_max 1 or 1 class at reg_max 4"], "`reg_max`"),
    ),
    (TWO_HEADS, "nothing", "ambiguous-heads", "my.pt", ["2 heads: one2many, one2one"], 'outputs["one2many"]'),
    (
        zeros(a__boxes=(1, 64, 84), a__scores=(1, 3, 84), b__boxes=(1, 64, 84)),
        *("nothing", "ambiguous-heads", "my.pt", ["2 heads: a.boxes, b.boxes"], 'outputs["a"]'),
    ),
    # channels, with everything that is known of the classes
    (maps(4, V8_64), "nothing", "wrong-channels", "my.pt", ["4·1 + 1 = 5 channels", "found 4"], "4·reg_max + nc"),
    (
        maps(144, V8_64),
        *("nc 20 of data.yaml", "wrong-channels", "my.pt"),
        ["4·16 + 20 = 84 channels for 20 classes (data.yaml)", "found 144: 80 classes at reg_max 16"],
        "mend data.yaml or `reg_max`: channels = 4·reg_max + nc; 20 classes would be `reg_max=31`",
    ),
    (
        maps(144, V8_64),
        *("labels of 90 classes", "wrong-channels", "my.pt"),
        ["found 144: 80 classes at reg_max 16; the labels need at least 90 classes"],
        "",
    ),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84)),
        *("nc 80", "wrong-channels", "my.pt", ["80 classes (`nc`)", "found 64 + 3: 3 classes"], "`nc`"),
    ),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84)),
        *("reg_max 1", "wrong-channels", "my.pt", ["at reg_max 1, found 64 + 3: 3 classes at reg_max 16"], ""),
    ),
    (zeros(boxes=(1, 63, 84), scores=(1, 3, 84)), "nothing", "wrong-channels", "my.pt", ["a multiple of 4"], ""),
    (
        maps(12, [(4, 4)]) | {"p3": np.zeros((1, 13, 4, 4), np.float32)},
        *("one map, a file of 4 classes", "wrong-channels", "my.pt", ["4 classes (my.yaml) at reg_max 2"], ""),
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[2]} {[a.shape for a in row[0].values()]} {row[1]}")
def test_what_does_not_fit_is_refused_with_everything_that_is_known(row):
    arrays, said, kind, place, parts, hint = row
    with pytest.raises(InputError) as caught:
        detect(arrays, SAID[said])
    error = caught.value
    assert (error.id, error.where) == (kind, place)
    assert all(part in error.message for part in parts), error.message
    assert hint in error.hint


def decoded(channels: int, anchors: int, largest: float, scores: tuple[float, float]) -> np.ndarray:
    """Boxes up to ``largest``, scores evenly between two numbers."""
    boxes = np.linspace(0, largest, 4 * anchors).reshape(1, 4, anchors)
    classes = np.linspace(*scores, (channels - 4) * anchors).reshape(1, channels - 4, anchors)
    return np.concatenate([boxes, classes], axis=1).astype(np.float32)


DECODED = [
    # arrays, are they decoded predictions?
    ({"array": decoded(84, 8400, 640, (0, 1))}, True),  # as exported models answer: boxes in px, probabilities
    ({"array": decoded(84, 8400, 640, (0, 1)).swapaxes(1, 2)}, True),
    ({"boxes": decoded(84, 8400, 640, (0, 1))[:, :4], "scores": decoded(84, 8400, 640, (0, 1))[:, 4:]}, True),
    ({"array": decoded(84, 8400, 640, (-6, 1))}, False),  # logits
    ({"array": decoded(84, 8400, 79, (0, 1))}, False),  # distances in cells: no wider than the finest map
    ({"array": np.zeros((1, 84, 8400), np.float32)}, False),
    ({"array": np.full((1, 84, 8400), np.nan, np.float32)}, False),
]


@pytest.mark.parametrize(("arrays", "is_decoded"), DECODED)
def test_decoded_predictions_are_no_raw_outputs(arrays, is_decoded):
    said = SAID["yolov8 640"]
    if not is_decoded:
        detect(arrays, said)
        return
    with pytest.raises(InputError, match="640 px and all scores within") as caught:
        detect(arrays, said)
    assert caught.value.id == "decoded-heads"
    assert "`capture`" in caught.value.hint


# --- any maps, in any layout and container, come back as they were ---------------------------------------------------

IMGSZ = st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda size: (64 * size[0], 64 * size[1]))
NAMES = ["yolov8", "yolov8-p2", "yolov8-p6"]


def as_maps(levels: list[np.ndarray]) -> Any:
    return dict(zip("cab", reversed(levels), strict=False)) | {"d": levels[0]}


def as_list(levels: list[np.ndarray]) -> Any:
    return levels


def joined(levels: list[np.ndarray]) -> np.ndarray:
    b, channels = levels[0].shape[:2]
    return np.stack(  # cell by cell, the slow and plain way
        [level[:, :, y, x] for level in levels for y in range(level.shape[2]) for x in range(level.shape[3])], axis=-1
    ).reshape(b, channels, -1)


def as_one(levels: list[np.ndarray]) -> Any:
    return {"out": joined(levels)}


def as_parts(box: int, *, feats: bool) -> Callable[[list[np.ndarray]], Any]:
    def arranged(levels: list[np.ndarray]) -> Any:
        flat = joined(levels)
        more = {f"feats.{i}": level[:, :2] for i, level in enumerate(levels)} if feats else {}
        return {"scores": flat[:, box:], "boxes": flat[:, :box]} | more

    return arranged


def save(content: Any, container: str, path: Path) -> None:
    if container == "torch":
        as_list_or_dict = content if isinstance(content, list) else content.values()
        tensors = [torch.from_numpy(array.copy()) for array in as_list_or_dict]
        torch.save(tensors if isinstance(content, list) else dict(zip(content, tensors, strict=True)), path)
        return
    named = {f"arr_{i}": array for i, array in enumerate(content)} if isinstance(content, list) else content
    named = {name: np.ascontiguousarray(array) for name, array in named.items()}
    if container == "npz":
        np.savez(path.open("wb"), **named)
    else:
        save_file(named, path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_any_maps_in_any_layout_and_container_are_read_back_bit_for_bit(tmp_path_factory, data):
    name, imgsz = data.draw(st.sampled_from(NAMES)), data.draw(IMGSZ)
    reg_max, nc, batch = data.draw(st.sampled_from([1, 4, 16])), data.draw(st.integers(1, 7)), data.draw(st.just(2))
    grid = layout_grid(name, imgsz)
    random = np.random.RandomState(data.draw(st.integers(0, 99)))
    shapes = [(batch, 4 * reg_max + nc, level.height, level.width) for level in grid.levels]
    levels = [random.standard_normal(shape).astype(np.float32) for shape in shapes]
    layouts = [as_list, as_maps if len(levels) == 4 else as_list, as_one]
    layouts += [as_parts(4 * reg_max, feats=feats) for feats in (False, True)]
    content = data.draw(st.sampled_from(layouts))(levels)
    path = tmp_path_factory.getbasetemp() / "any"
    save(content, data.draw(st.sampled_from(["npz", "torch", "safetensors"])), path)
    either = [Expectations(imgsz=imgsz, reg_max=reg_max), Expectations(Shapes(name, grid), nc=nc)]
    expected = data.draw(st.sampled_from(either))
    if expected.nc and reg_max == 4:  # between 1 and 16 bins only reg_max tells
        expected = Expectations(expected.shapes, nc=nc, reg_max=reg_max)
    heads = read_heads(path, expected)
    assert (heads.reg_max, heads.nc, heads.grid) == (reg_max, nc, grid)
    for found, expected in zip(heads.maps, levels, strict=True):
        np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint16, ">f4"])
def test_other_numbers_become_float32(tmp_path, dtype):
    levels = [np.arange(2 * 67 * h * w).reshape(2, 67, h, w).astype(dtype) for h, w in V8_64]
    np.savez(tmp_path / "my.npz", *levels)
    for found, expected in zip(read_heads(tmp_path / "my.npz").maps, levels, strict=True):
        np.testing.assert_array_equal(found, expected.astype(np.float32), strict=True)
