"""COCO annotations become the label rows that training would read from label files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.inputs.datasets.made import assert_error, findings_of, put
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.read_entry import read_entry
from yolo_assign_trace.inputs.datasets.survey import SurveySettings, survey
from yolo_assign_trace.inputs.labels.rules import TODAY


def coco(**parts) -> dict:
    """Two images and three categories, out of order; ``parts`` replace what there is."""
    return {
        "images": [
            {"id": 7, "file_name": "val/b.jpg", "width": 200, "height": 100},
            {"id": 3, "file_name": "a.jpg", "width": 100, "height": 100},
        ],
        "categories": [{"id": 90, "name": "last"}, {"id": 1, "name": "first"}, {"id": 16, "name": "人\n["}],
        "annotations": [
            {"image_id": 3, "category_id": 90, "bbox": [0, 0, 50, 50]},
            {"image_id": 7, "category_id": 16, "bbox": [100.0, 50.0, 100.0, 25.0], "iscrowd": 0},
        ],
    } | parts


def open_coco(document):
    text = document if isinstance(document, str) else json.dumps(document)
    put("my.json", text)
    return open_dataset(Path("my.json"))


def test_coco_categories_become_classes_in_the_order_of_their_ids(here):
    dataset = open_coco(coco())
    assert dataset.class_names == ("first", "人\n[", "last")
    assert [(entry.name, entry.size) for entry in dataset.entries] == [("b.jpg", (200, 100)), ("a.jpg", (100, 100))]
    assert [entry.table.rows.tolist() for entry in dataset.entries] == [
        [[0, 1, 0.75, 0.625, 0.5, 0.25]],
        [[0, 2, 0.25, 0.25, 0.5, 0.5]],
    ]
    assert dataset.remarks == ("2 images, categories 1 to 90 read as classes 0 to 2",)
    found = survey(dataset, SurveySettings(TODAY, dataset.nc))
    assert (found.images, found.boxes, found.image_files) == (2, 2, 0)  # no image is looked at


def test_coco_crowds_and_boxes_without_area_are_left_out_and_said(here):
    boxes = [
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 0, 9]},
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 10, 10]},
    ]
    dataset = open_coco(coco(annotations=boxes))
    assert findings_of(dataset) == [
        ("annotation-skipped", "my.json[annotations[0]]"),
        ("annotation-skipped", "my.json[annotations[1]]"),
    ]
    assert [len(entry.table.rows) for entry in dataset.entries] == [0, 1]


def test_coco_duplicates_are_reduced_and_named_by_annotation(here):
    box = {"image_id": 3, "category_id": 90, "bbox": [0, 0, 50, 50]}
    table = open_coco(coco(annotations=[box, box | {"category_id": 1}, box])).entries[1].table
    assert table.rows[:, 1].tolist() == [0, 2]
    assert [(found.id, found.where) for found in table.findings] == [
        ("duplicate-box", "my.json[annotations[2]]"),
        ("same-box-other-class", "my.json[annotations[1]]"),
    ]
    assert [table.place(row) for row in range(2)] == ["my.json[annotations[1]]", "my.json[annotations[0]]"]


IMAGE = {"id": 3, "width": 9, "height": 9}
BOX = {"image_id": 3, "category_id": 1, "bbox": [0, 0, 1, 1]}
WRONG_COCO = [
    # document, where, part
    ("{", "my.json:1", "not valid JSON"),
    ("{\n\n 'a'}", "my.json:3", "not valid JSON"),
    ('{"é": "é",\n"é" 1}', "my.json:2", "not valid JSON"),  # lines are counted in text, not bytes
    ("[]", "my.json", "there is no list 'images'"),
    (coco(images={}), "my.json", "there is no list 'images'"),
    (coco(annotations=None), "my.json", "there is no list 'annotations'"),
    (coco(categories=[1]), "my.json", "there is no list 'categories'"),
    (coco(categories=[]), "my.json[categories]", "there is no category"),
    (coco(categories=[{"id": "1"}]), "my.json[categories[0]]", "the id is '1'"),
    (coco(categories=[{"id": 1}, {"id": 1}]), "my.json[categories[1]]", "a whole number of its own"),
    (coco(images=[IMAGE, IMAGE]), "my.json[images[1]]", "a whole number of its own"),
    (coco(images=[IMAGE | {"width": 0}]), "my.json[images[0]]", "width and height are 0 and 9"),
    (coco(images=[{"id": 3}]), "my.json[images[0]]", "width and height are None and None"),
    (coco(annotations=[BOX | {"image_id": 4}]), "my.json[annotations[0]]", "there is no such image"),
    (coco(annotations=[BOX, BOX | {"category_id": 2}]), "my.json[annotations[1]]", "there is no such category"),
    (coco(annotations=[BOX | {"bbox": [1, 2, 3]}]), "my.json[annotations[0]]", "expected [x, y, width, height]"),
    (coco(annotations=[BOX | {"bbox": [1, 2, 3, "4"]}]), "my.json[annotations[0]]", "expected [x, y, width, height]"),
    (coco(annotations=[BOX | {"bbox": [1, 2, 3, 1e30]}]), "my.json[annotations[0]]", "expected [x, y, width, height]"),
]


@pytest.mark.parametrize(("document", "where", "part"), WRONG_COCO)
def test_wrong_annotations_are_told_with_their_place(here, document, where, part):
    assert_error(lambda: open_coco(document), "wrong-json", where, part)


def test_coco_boxes_are_those_of_the_label_files_that_say_the_same(here):
    dataset = open_coco(coco())
    put("labels/a.txt", "2 0.25 0.25 0.5 0.5\n")
    rows = read_entry(open_dataset(Path("labels")).entries[0], TODAY, 3).rows
    np.testing.assert_array_equal(dataset.entries[1].table.rows, rows)
