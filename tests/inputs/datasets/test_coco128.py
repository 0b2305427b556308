"""Real labels: the first 128 images of COCO train2017, read as whole folders. Skipped where they are not at hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from tests.commands import SHARED
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.image_check import check_image
from yolo_assign_trace.inputs.datasets.survey import SurveySettings, survey
from yolo_assign_trace.inputs.labels.rules import TODAY
from yolo_assign_trace.inputs.labels.text import parse_labels

COCO128 = SHARED / "data" / "coco128"
LABELS, POLYGONS = COCO128 / "labels" / "train2017", COCO128 / "segments_train2017"
pytestmark = pytest.mark.skipif(not COCO128.is_dir(), reason="the data are not here")


def test_941_boxes_in_128_files_without_a_finding_in_format():
    found = survey(open_dataset(LABELS), SurveySettings(TODAY, 80))
    assert (found.images, found.boxes, found.dropped, found.polygons) == (128, 941, 0, 0)
    assert set(found.groups) <= {"label-empty", "leaves-the-image", "under-2-px"}  # notes, none about the format
    assert sum(found.classes.values()) == 941
    assert max(found.classes) < 80


def test_118_label_files_have_no_image_and_that_is_said(yolo_assign):
    assert open_dataset(LABELS).remarks == ("label files without an image: 118 of 128",)
    assert "label files without an image: 118 of 128" in yolo_assign("labels", str(LABELS)).out
    findings = open_dataset(COCO128 / "data.yaml").findings
    assert sum(finding.id == "label-without-image" for finding in findings) == 118
    assert "label-without-image  118" in yolo_assign("labels", str(COCO128 / "data.yaml")).out


def test_100_polygon_files_of_which_two_are_empty():
    found = survey(open_dataset(POLYGONS), SurveySettings(TODAY, None))
    assert (dict(found.states), found.polygons, found.dropped, found.boxes) == ({"found": 98, "empty": 2}, 98, 0, 746)
    assert found.graded("error") == found.graded("warning") == 0


def test_the_classes_of_the_polygons_go_beyond_80_and_that_is_said():
    """They are numbered like COCO's 91 categories; with 80 classes training would drop these images."""
    found = survey(open_dataset(POLYGONS), SurveySettings(TODAY, 80))
    assert (found.dropped, set(found.groups)) == (19, {"class-too-large", "label-empty", "under-2-px"})


def test_sizes_of_the_ten_images_are_those_of_the_table():
    with (COCO128 / "image_sizes.csv").open() as file:
        sizes = {row["file"]: (int(row["width"]), int(row["height"])) for row in csv.DictReader(file)}
    images = sorted((COCO128 / "images" / "train2017").iterdir())
    assert len(images) == 10
    assert {path.name: check_image(str(path)).size for path in images} == {
        path.name: sizes[path.name] for path in images
    }


def test_boxes_around_polygons_are_the_labelled_boxes():
    """Polygons are drawn in other px and numbered otherwise, so the nearest box of the same image is compared."""
    distances, classes = [], set()
    for path in sorted(POLYGONS.glob("*.txt")):
        if not path.read_bytes():
            continue  # the two empty ones have no file of boxes
        around = parse_labels(path.read_bytes(), path.name, TODAY).rows
        boxes = parse_labels((LABELS / path.name).read_bytes(), path.name, TODAY).rows
        apart = np.abs(around[:, None, 2:] - boxes[None, :, 2:]).max(axis=-1)  # (polygon, box)
        nearest, distance = apart.argmin(axis=1), apart.min(axis=1)
        distances += distance.tolist()
        close = distance < 0.005
        classes |= set(zip(around[close, 1].tolist(), boxes[nearest[close], 1].tolist(), strict=True))
    assert len(distances) == 746
    assert sum(distance < 0.005 for distance in distances) == 652
    assert sum(distance < 0.01 for distance in distances) == 724
    # a class of polygons is one class of boxes, and their order is the same
    assert len(classes) == len({polygon for polygon, _ in classes}) == len({box for _, box in classes})
    assert [box for _, box in sorted(classes)] == sorted(box for _, box in classes)
