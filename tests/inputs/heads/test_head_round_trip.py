"""Any maps, in any layout and container, come back as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tests.inputs.heads.arrays import V8_64
from yolo_assign_trace.inputs.heads.channels import Expectations
from yolo_assign_trace.inputs.heads.layout import read_heads
from yolo_assign_trace.inputs.heads.shapes import Shapes, layout_grid

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
