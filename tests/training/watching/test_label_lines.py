"""A box of a validation finds the line of its label file, or none: never a wrong one."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from yolo_assign_trace.training.watching.pictures import Batch, Layout, Lines, find_lines, label_file, read_batch

ROWS = [
    "0 0.5 0.5 0.4 0.2",
    "1 0.25 0.25 0.1 0.1",
    "1 0.75 0.75 0.1 0.1",
]
LAYOUT = Layout(200, 100, (0.5, 0.5), (14.0, 39.0))  # a picture of 200x100 px in 128x128, padded
BOXES = [[44, 59, 84, 69], [34, 49, 44, 54], [84, 74, 94, 79]]  # what the rows are there, xyxy px


def found(tmp_path, text, classes, boxes, layout=LAYOUT):
    (tmp_path / "images").mkdir(exist_ok=True)
    (tmp_path / "labels").mkdir(exist_ok=True)
    (tmp_path / "labels" / "a.txt").write_text(text)
    lines = find_lines(str(tmp_path / "images" / "a.jpg"), classes, np.array(boxes, dtype=np.float32), layout)
    assert lines.file == str(tmp_path / "labels" / "a.txt")
    return lines.numbers, lines.by


TEXT = "\n".join(ROWS)
CASES = {
    # what: file, classes, boxes; lines, by what
    "as they stand": (TEXT, [0, 1, 1], BOXES, (1, 2, 3), "position"),
    "blank lines count": (f"\n{ROWS[0]}\n\n{ROWS[1]}\n{ROWS[2]}\n", [0, 1, 1], BOXES, (2, 4, 5), "position"),
    "in another order, as masks are sorted": (TEXT, [1, 0, 1], [BOXES[2], BOXES[0], BOXES[1]], (3, 1, 2), "position"),
    "one row was dropped": (TEXT, [0, 1], [BOXES[0], BOXES[2]], (1, 3), "position"),
    "a row twice": (f"{ROWS[1]}\n{ROWS[1]}", [1, 1], [BOXES[1], BOXES[1]], (1, 2), "position"),
    "a row twice, of which one was dropped": (f"{ROWS[1]}\n{ROWS[1]}", [1], [BOXES[1]], (1,), "position"),
    "trained as a single class": (TEXT, [0, 0, 0], BOXES, (1, 2, 3), "position"),
    "of another class": (TEXT, [0, 2, 1], BOXES, (1, None, 3), "position"),
    "a pixel beside it, as letterboxing rounds": (TEXT, [0], [[45, 60, 85, 70]], (1,), "position"),
    "two pixels beside it": (TEXT, [0], [[46, 61, 86, 71]], (), ""),
    "a polygon": ("1 0.2 0.2 0.3 0.2 0.3 0.3 0.2 0.3", [1], [[34, 49, 44, 54]], (1,), "position"),
    "with keypoints": ("1 0.25 0.25 0.1 0.1 0.2 0.2 2 0.3 0.3 2", [1], [[34, 49, 44, 54]], (1,), "position"),
    "a file that is empty": ("", [1], [BOXES[1]], (), ""),
    "no numbers": ("one two three four five", [1], [BOXES[1]], (), ""),
}


@pytest.mark.parametrize("case", CASES)
def test_by_position(tmp_path, case):
    text, classes, boxes, numbers, by = CASES[case]
    assert found(tmp_path, text, classes, boxes) == (numbers, by)


ROTATED = "0 0.3 0.3 0.5 0.3 0.5 0.5 0.3 0.5\n0 0.6 0.6 0.7 0.6 0.7 0.7 0.6 0.7"


def test_rotated_boxes_by_their_centres(tmp_path):
    boxes = [[79, 71.5, 10, 5, 0.3], [54, 59, 20, 10, 0.1]]
    assert found(tmp_path, ROTATED, [0, 0], boxes) == ((2, 1), "position")


WITHOUT_LAYOUT = [
    # classes, lines, by what
    ([0, 1, 1], (1, 2, 3), "order"),
    ([1, 0, 1], (), ""),  # another order of classes
    ([0, 1], (), ""),  # another number
]


@pytest.mark.parametrize(("classes", "numbers", "by"), WITHOUT_LAYOUT)
def test_by_order_where_the_batch_does_not_say_how_pictures_lie(tmp_path, classes, numbers, by):
    assert found(tmp_path, TEXT, classes, BOXES[: len(classes)], layout=None) == (numbers, by)


def test_no_label_file(tmp_path):
    assert find_lines(str(tmp_path / "images" / "b.jpg"), [0], np.zeros((1, 4)), LAYOUT) == Lines()


PATHS = [
    # picture, its label file
    ("/d/images/val/7.jpg", "/d/labels/val/7.txt"),
    ("/images/images/7.tar.png", "/images/labels/7.tar.txt"),
    ("/d/pictures/7.jpg", "/d/pictures/7.txt"),
]


@pytest.mark.parametrize(("picture", "file"), PATHS)
def test_label_files(picture, file):
    assert label_file(picture.replace("/", os.sep)) == file.replace("/", os.sep)


FULL = {
    "img": torch.zeros(2, 3, 32, 64),
    "batch_idx": torch.tensor([0.0, 0, 1]),
    "im_file": ("a.jpg", "b.jpg"),
    "ori_shape": ((10, 20), [30, 40]),
    "ratio_pad": (((0.5, 0.25), (1, 2)), ((1.0, 1.0), (0, 0))),
}
AUGMENTED = {**FULL, "ratio_pad": ((0.5, 0.5), (0.5, 0.5))}
BATCHES = {
    # what the loss is called with: what is read of it
    "all": (FULL, (("a.jpg", "b.jpg"), (2, 1), (32, 64), 20, (0.25, 0.5))),
    "with augmentation": (
        {**FULL, "ratio_pad": ((0.5, 0.5), (0.5, 0.5))},
        (("a.jpg", "b.jpg"), (2, 1), (32, 64), None, None),
    ),
    "no names": ({**FULL, "im_file": None}, ((), (2, 1), (32, 64), 20, (0.25, 0.5))),
    "names of others": ({**FULL, "im_file": ("a.jpg",)}, ((), (2, 1), (32, 64), 20, (0.25, 0.5))),
    "no pictures": ({"batch_idx": FULL["batch_idx"]}, ((), (), None, None, None)),
    "nothing": ({}, ((), (), None, None, None)),
    "no mapping": ([1, 2], ((), (), None, None, None)),
}


@pytest.mark.parametrize("case", BATCHES)
def test_whatever_a_batch_says(case):
    given, (files, rows, imgsz, width, gain) = BATCHES[case]
    batch = read_batch(given)
    assert (batch.files, batch.rows, batch.imgsz) == (files, rows, imgsz)
    assert (batch.layouts[0].width if batch.layouts else None) == width
    assert (batch.layouts[0].gain if batch.layouts else None) == gain
    assert (batch.pictures is None) == ("img" not in given if isinstance(given, dict) else True)
    assert isinstance(batch, Batch)
