"""For every box a trace and an audit count the same candidates: in every generation, however images are placed."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.audit.made import RELEASES, counted_by_audit, counted_by_trace, question
from tests.commands import SHARED
from yolo_assign_trace.inputs.request import Request

COCO128 = SHARED / "data" / "coco128"


@pytest.fixture(scope="module")
def coco128(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The labels of coco128 beside blank images of the true sizes, as far as those are known."""
    if not COCO128.is_dir():
        pytest.skip("the data are not here")
    folder = tmp_path_factory.mktemp("coco128")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    with (COCO128 / "image_sizes.csv").open() as file:
        sizes = {row["file"][:-4]: (int(row["width"]), int(row["height"])) for row in csv.DictReader(file)}
    for label in (COCO128 / "labels" / "train2017").iterdir():
        Image.new("1", sizes.get(label.stem, (640, 480))).save(folder / "images" / f"{label.stem}.png")
        (folder / "labels" / label.name).write_bytes(label.read_bytes())
    return folder


@pytest.mark.parametrize("release", RELEASES)
def test_every_box_of_coco128(coco128, release):
    images = coco128 / "images"
    traced = counted_by_trace(Request(labels=images, release=release, shapes="yolov8"))
    assert len(traced) == 941
    assert counted_by_audit(images, question(release)) == traced


OTHER_INPUTS = [
    # input, levels
    ((320, 320), "yolov8"),
    ((384, 640), "yolov8"),
    ((960, 960), "yolov8-p2"),
    ((1280, 1280), "yolov8-p6"),
]


@pytest.mark.parametrize(("imgsz", "shapes"), OTHER_INPUTS)
@pytest.mark.parametrize("release", ["8.3.36", "8.4.190"])
def test_every_box_of_coco128_at_other_inputs_and_levels(coco128, imgsz, shapes, release):
    images = coco128 / "images"
    asked = question(release, [imgsz], shapes=(shapes,))
    traced = counted_by_trace(Request(labels=images, release=release, shapes=shapes, imgsz=imgsz))
    assert counted_by_audit(images, asked) == traced


@pytest.mark.parametrize("release", ["8.3.36", "8.3.253", "8.4.40", "8.4.190"])
@pytest.mark.parametrize("polygons", [False, True])
def test_what_training_clips_and_drops(coco128, tmp_path, release, polygons):
    source = COCO128 / "segments_train2017" if polygons else coco128 / "images"
    placed = {"image_size": (500, 333)} if polygons else {}  # polygons have no images here
    asked = question(release, mode="train", **placed)
    request = Request(labels=source, release=release, mode="train", shapes="yolov8", on_bad="drop-image", **placed)
    assert counted_by_audit(source, asked) == counted_by_trace(request)


SIZES = [(640, 480), (333, 500), (37, 1000), (11, 11), (1920, 1080), (641, 639)]


@pytest.mark.parametrize("release", RELEASES)
def test_random_boxes_in_images_of_odd_sizes(tmp_path, release):
    random = np.random.RandomState(4)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for number, size in enumerate(SIZES):
        Image.new("1", size).save(tmp_path / "images" / f"{number}.png")
        centres, sides = random.uniform(0, 1, (200, 2)), random.choice([0.004, 0.01, 0.03, 0.2], (200, 2))
        rows = [" ".join(f"{value:.6f}" for value in row) for row in np.concatenate([centres, sides], axis=1)]
        (tmp_path / "labels" / f"{number}.txt").write_text("\n".join(f"{i % 3} {row}" for i, row in enumerate(rows)))
    traced = counted_by_trace(Request(labels=tmp_path / "images", release=release, shapes="yolov8"))
    assert counted_by_audit(tmp_path / "images", question(release)) == traced


def test_a_single_file_of_a_batch(tmp_path):
    rows = "0 1 .5 .5 .02 .3\n2 0 .1 .1 .01 .01\n0 1 .2 .2 .2 .2\n"
    (tmp_path / "batch.txt").write_text(rows)
    for image_size in (None, (500, 333)):
        request = Request(labels=tmp_path / "batch.txt", release="8.3.253", shapes="yolov8", image_size=image_size)
        assert counted_by_audit(tmp_path / "batch.txt", question(image_size=image_size)) == counted_by_trace(request)
