"""Nonsense does not pass without a word."""

from __future__ import annotations

import json

import numpy as np
import pytest

IMAGE = {"id": 1, "width": 100, "height": 50, "file_name": "a.jpg"}


def write_coco(folder, image=(), box=(10, 10, 20, 20)):
    annotation = {"image_id": 1, "category_id": 1, "bbox": list(box)}
    document = {"images": [IMAGE | dict(image)], "annotations": [annotation], "categories": [{"id": 1, "name": "a"}]}
    (folder / "c.json").write_text(json.dumps(document))


OUTSIDE = [(100, 10, 5, 5), (10, 50, 5, 5), (-20, 10, 20, 5), (10, -6, 5, 5)]


@pytest.mark.parametrize("box", OUTSIDE, ids=str)
def test_a_box_wholly_outside_its_image_is_left_out_and_said(yolo_assign, folder, box):
    write_coco(folder, box=box)
    outcome = yolo_assign("labels", "c.json", "--json")
    (group,) = [group for group in outcome.document["findings"] if group["id"] == "annotation-skipped"]
    assert "lies wholly outside the image of 100x50 px" in group["first"][0]["message"]
    assert outcome.document["boxes"] == 0


@pytest.mark.parametrize("box", [(99, 49, 5, 5), (-4, -4, 5, 5)], ids=str)
def test_a_box_that_reaches_into_its_image_is_kept(yolo_assign, folder, box):
    write_coco(folder, box=box)
    assert yolo_assign("labels", "c.json", "--json").document["boxes"] == 1


IMAGES = [
    # what stands in an image, what the message says
    ({"width": 1 << 63}, "expected whole numbers of px up to 1,000,000"),
    ({"height": 0}, "expected whole numbers of px"),
    ({"file_name": ""}, "file_name is '', expected the name of a file"),
    ({"file_name": "images/"}, "expected the name of a file"),
    ({"file_name": "a\0.jpg"}, r"file_name is 'a\x00.jpg', expected the name of a file"),
    ({"file_name": 7}, "file_name is '7', expected the name of a file"),
]


@pytest.mark.parametrize(("image", "says"), IMAGES, ids=[str(row[0]) for row in IMAGES])
def test_an_image_that_cannot_be(yolo_assign, folder, image, says):
    write_coco(folder, image=image)
    outcome = yolo_assign("labels", "c.json")
    assert outcome.code == 2
    assert f"error: c.json[images[0]]: {'' if 'file' in says else 'width and height are'}" in outcome.err
    assert says in outcome.err


def test_heads_of_whole_numbers_are_pointed_out(yolo_assign, folder):
    np.savez("heads.npz", **{f"p{3 + i}": np.ones((4, 67, s, s), np.int64) for i, s in enumerate((8, 4, 2))})
    outcome = yolo_assign("trace", "--labels", "labels.txt", "--heads", "heads.npz", "--quiet", "--no-log")
    assert (outcome.code, "these are whole numbers (int64), and logits hardly are" in outcome.err) == (0, True)
