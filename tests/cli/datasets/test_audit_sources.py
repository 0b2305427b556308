"""`yolo-assign audit` of what users have: aerial pictures full of small boxes, COCO annotations, polygons, names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.inputs.datasets.made import put, put_all, put_images


@pytest.fixture
def aerial(folder: Path) -> Path:
    """Twelve pictures as from a drone, each with 200 to 400 boxes of 4 to 20 px in the network input."""
    random = np.random.RandomState(9)
    put("data.yaml", "train: images\nval: images\nnames: [pedestrian, car, van]\n")
    (folder / "images").mkdir()
    for number in range(12):
        size, count = ((1920, 1080), (1360, 765), (960, 540))[number % 3], random.randint(200, 400)
        Image.new("1", size).save(folder / f"images/{number}.png")
        sides = random.uniform(4, 20, (count, 2)) / 640 * max(size) / np.array(size)  # fractions of the image
        rows = np.concatenate([random.uniform(0.05, 0.95, (count, 2)), sides], axis=1)
        put(
            f"labels/{number}.txt",
            "".join(f"{random.randint(3)} {' '.join(f'{v:.6f}' for v in row)}\n" for row in rows),
        )
    return folder


def test_a_set_of_small_boxes_is_told_what_would_help(yolo_assign, aerial):
    options = ("--imgsz", "640,1280", "--shapes", "yolov8,yolov8-p2", "--release", "8.3.253,8.4.190")
    document = yolo_assign("audit", "data.yaml", *options, "--json").document
    never = {(one["release"], one["shapes"], one["imgsz"][0]): one["never"] for one in document["combinations"]}
    old = [
        never["8.3.253", *rest] for rest in (("yolov8", 640), ("yolov8-p2", 640), ("yolov8", 1280), ("yolov8-p2", 1280))
    ]
    assert old[0] > 5 * max(old[1:3])  # half the stride and twice the input are about the same
    assert old[3] == 0
    assert {number for (release, *_), number in never.items() if release == "8.4.190"} == {0}
    first = document["combinations"][0]
    assert [row["group"] for row in first["by_size"]] == ["<8 px", "8-16 px", "16-32 px"]
    assert [row["group"] for row in first["by_picture"]] == ["641 to 1280 px", "1281 to 1920 px"]
    for option in first["helps"][1:]:
        assert 0.8 * first["never"] < option["of_never"] <= first["never"]
    worst = document["labels"][0]["pictures_with_most_boxes"]
    assert [one["boxes"] for one in worst] == sorted((one["boxes"] for one in worst), reverse=True)
    assert all(one["pairs"]["640 yolov8 8.3.253"] < 10 * one["boxes"] for one in worst)


def test_boxes_of_a_mean_size_have_the_candidates_that_arithmetic_expects(yolo_assign, folder):
    """Of 7.9 px at strides 8, 16 and 32: (7.9/8)² + (7.9/16)² + (7.9/32)² = 1.3 before 8.4.0, as of 16 px 5.3 after."""
    random, rows = np.random.RandomState(10), ""
    for x, y in random.uniform(0.1, 0.9, (4000, 2)):
        rows += f"0 {x:.6f} {y:.6f} {7.9 / 640:.6f} {7.9 / 640:.6f}\n"
    put("labels/a.txt", rows)
    options = ("--letterboxed", "--release", "8.3.253,8.4.60,8.4.190", "--csv")
    lines = [line.split(",") for line in yolo_assign("audit", "labels", *options).out.splitlines()]
    mean = [float(line[lines[0].index("candidates_per_box")]) for line in lines[1:]]
    assert mean == pytest.approx([1.28, 5.25, 5.25], rel=0.03)


def test_coco_annotations(yolo_assign, folder):
    put(
        "coco.json",
        json.dumps(
            {
                "images": [{"id": 7, "file_name": "a.jpg", "width": 640, "height": 480}],
                "categories": [{"id": 3, "name": "bird"}],
                "annotations": [
                    {"id": 1, "image_id": 7, "category_id": 3, "bbox": [100, 100, 200, 200]},
                    {"id": 2, "image_id": 7, "category_id": 3, "bbox": [320.5, 240.5, 2.5, 2.5]},
                ],
            }
        ),
    )
    outcome = yolo_assign("audit", "coco.json", "--release", "8.3.253", "--format", "github")
    assert "coco.json[annotations[1]]: class bird, 2.5x2.5 px, 0 candidates" in outcome.out
    assert "::warning file=coco.json,title=never::" in outcome.out


def test_polygons_are_the_boxes_around_them(yolo_assign, folder):
    put_images("a", "b")
    put_all({"labels/a.txt": "0 .25 .25 .75 .25 .75 .75 .25 .75\n", "labels/b.txt": "0 .5 .5 .5 .5\n"})
    document = yolo_assign("audit", "images", "--json").document["combinations"][0]
    first, second = document["candidates"] // 2, document["candidates"] - document["candidates"] // 2
    assert (document["boxes"], first) == (2, second)


def test_names_of_files_may_be_anything(yolo_assign, folder):
    name = "a b,c%é[0]\x1b"
    put_images(name)
    put(f"labels/{name}.txt", "0 .503 .503 .004 .004\n0 .5 .5 .5\n")
    put_images("d")
    put("labels/d.txt", "0 .503 .503 .004 .004\n")
    out = yolo_assign("audit", "images", "--release", "8.3.253", "--format", "github").out
    assert "\x1b" not in out
    assert "::error file=labels/a b%2Cc%25é[0]" in out


def test_the_same_question_by_variables(yolo_assign, folder, monkeypatch):
    put_images("a")
    put("labels/a.txt", "0 .5 .5 .5 .5\n")
    monkeypatch.setenv("YOLO_ASSIGN_IMGSZ", "320,640")
    monkeypatch.setenv("YOLO_ASSIGN_RELEASE", "8.3.253")
    names = [
        (one["release"], one["imgsz"][0]) for one in yolo_assign("audit", "images", "--json").document["combinations"]
    ]
    assert names == [("8.3.253", 320), ("8.3.253", 640)]
