"""`yolo-assign trace` over a dataset: batches, places of boxes, sources and heads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from yolo_assign_trace.traces.run_log import read_run_log

SMALL = ("--shapes", "yolov8", "--imgsz", "64")  # 84 anchors


# --- trace over a dataset --------------------------------------------------------------------------------------------


def test_several_batches_write_a_log_each_and_print_a_line_per_image(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--batch", "2", "--save", "out/all.safetensors")
    assert outcome.code == 0
    header, lines = outcome.out.splitlines()[:4], outcome.out.splitlines()[4:]
    assert [line.split()[0] for line in header] == ["heads", "release", "assigner", "versions"]
    assert header[0] == "heads     synthetic, seed 0: not a trained model"
    assert [re.sub(r"\d+ positives.*", "N positives", line) for line in lines] == [
        "image 0  0.png  2 boxes  N positives",
        "image 1  1.png  1 box  N positives",
        "image 2  2.png  0 boxes  N positives",
        "image 3  3.png  0 boxes  N positives",
        "image 4  4.png  3 boxes  N positives",
    ]
    assert lines[4].endswith("  without positives: 1 lost-conflicts")
    assert "without" not in lines[2]
    logs = sorted(path.name for path in Path("run").iterdir())
    assert logs == ["00000-00001.log", "00002-00003.log", "00004.log"]
    assert sorted(path.stem for path in Path("out/all").iterdir()) == [Path(name).stem for name in logs]
    assert "wrote 6 files to out/all/ and run/" in outcome.err or "wrote 6 files to run/ and out/all/" in outcome.err
    assert "label files: 1 empty, 3 found, 1 missing; images without boxes are background" in outcome.err
    batches = [read_run_log(Path("run") / name).array("fg_mask").shape for name in logs]
    assert batches == [(2, 84), (2, 84), (1, 84)]
    assert not Path("run.log").exists()


def test_one_batch_is_traced_like_a_file(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--quiet")
    assert outcome.code == 0
    header = read_run_log(Path("run.log")).header
    assert header["labels"].startswith("data.yaml images 0 to 4: 6 boxes in 5 images, 3 classes, sha256 ")
    assert header["heads"] == "synthetic, seed 0: not a trained model"
    assert header["image[1]"] == "1.png, 80x40 px, scaled to 64x32, left 0, top 16"


def test_a_folder_of_data_has_no_splits_to_choose(yolo_assign, dataset):
    outcome = yolo_assign("plan", "--data", "set/images", "--shapes", "yolov8", "--imgsz", "64")
    assert (outcome.code, outcome.out.splitlines()[2].split()) == (0, ["images", "5"])


def test_a_dataset_whose_boxes_training_drops_is_not_called_empty(yolo_assign, folder):
    (folder / "thin.txt").write_text("0 .5 .5 .0001 .5\n")
    outcome = yolo_assign("trace", "--labels", "thin.txt", "--mode", "train", "--no-log", "--quiet")
    assert "no box of thin.txt is left: traced as 1 image without boxes" in outcome.err


def test_names_of_classes_are_data(yolo_assign, dataset):
    document = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--json").document
    names = ["person", "a\nb [0]", "人"]
    assert document["class_names"] == names
    text = Path("run.log").read_text(encoding="utf-8")
    assert json.loads(read_run_log(Path("run.log")).header["names"]) == names
    assert all(line.startswith("#") for line in text.splitlines() if "person" in line)


def test_a_log_depends_on_nothing_but_the_images_in_it(yolo_assign, dataset):
    """Image by image gives what a batch gives: the same synthetic heads, the same boxes, the same results."""
    options = (*SMALL, "--digits", "9", "--quiet")
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--log", "whole.log").code == 0
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--batch", "1", "--log", "single.log").code == 0
    assert yolo_assign("trace", "--data", "data.yaml", *options, "--images", "4", "--log", "last.log").code == 0
    whole = read_run_log(Path("whole.log"))
    for number in range(5):
        single = read_run_log(Path(f"single/{number:05d}.log"))
        for name in ("pred_scores", "pd_bboxes", "fg_mask", "target_scores"):
            np.testing.assert_array_equal(single.array(name)[0], whole.array(name)[number])
        foreground = single.array("fg_mask")[0]
        same = single.array("target_gt_idx")[0] == whole.array("target_gt_idx")[number]
        assert same[foreground].all()
    assert Path("last.log").read_bytes() == Path("single/00004.log").read_bytes()


def test_boxes_are_placed_where_the_image_lies(yolo_assign, dataset):
    """80x40 px in 64x64: scaled to 64x32, 16 px above. The first box is the middle half."""
    arguments = ("trace", "--data", "data.yaml", *SMALL, "--images", "0", "--digits", "9", "--quiet")
    assert yolo_assign(*arguments).code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40]
    assert yolo_assign(*arguments, "--letterboxed").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 16, 48, 48]
    assert yolo_assign(*arguments, "--image-size", "40x80").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [24, 16, 40, 48]


def test_a_label_folder_without_images_needs_a_size(yolo_assign, dataset):
    for path in Path("set/images").iterdir():
        path.unlink()
    arguments = ("trace", "--labels", "set/labels", *SMALL, "--quiet", "--no-log")
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2
    assert "set/labels/0.txt: there is no image of this name, so its size is not known" in outcome.err
    for option in (("--image-size", "80x40"), ("--letterboxed",)):
        assert yolo_assign(*arguments, *option).code == 0


COCO_FILE = {
    "images": [{"id": 5, "file_name": "a.jpg", "width": 80, "height": 40}],
    "categories": [{"id": 3, "name": "x"}],
    "annotations": [{"image_id": 5, "category_id": 3, "bbox": [20, 10, 40, 20]}],
}


def test_every_kind_of_source_gives_the_same_boxes(yolo_assign, dataset):
    """The middle half of an 80x40 px image."""
    (dataset / "my.json").write_text(json.dumps(COCO_FILE))
    (dataset / "list.txt").write_text("./set/images/0.png\n")
    (dataset / "labels_list.txt").write_text("set/labels/0.txt\n")
    for source in ("set/images", "set/labels", "list.txt", "labels_list.txt", "my.json"):
        arguments = ("--labels", source, *SMALL, "--images", "0", "--digits", "9", "--quiet")
        assert yolo_assign("trace", *arguments).code == 0, source
        assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40], source
    assert yolo_assign("trace", "--labels", "set/labels/0.txt", "--image-size", "80x40", *SMALL, "--quiet").code == 0
    assert read_run_log(Path("run.log")).array("gt_bboxes")[0, 0].tolist() == [16, 24, 48, 40]


# --- nothing to trace -------------------------------------------------------------------------------------------------

EMPTY = [
    # files, source, id
    ({"empty/a.md": ""}, "empty", "empty-folder"),
    ({"list.txt": "x.jpg\n"}, "list.txt", "no-such-file"),  # an image that does not exist has no size
    ({"my.json": json.dumps(COCO_FILE | {"images": [], "annotations": []})}, "my.json", "no-such-image"),
    ({"images/a.jpg": "no image"}, "images", "image-not-readable"),
]


@pytest.mark.parametrize(("files", "source", "id"), EMPTY)
def test_datasets_without_anything_to_trace(yolo_assign, folder, files, source, id):
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    outcome = yolo_assign("trace", "--labels", source, *SMALL)
    assert (outcome.code, f"[{id}]" in outcome.err) == (2, True)


def test_images_without_any_box_are_traced_and_that_is_said(yolo_assign, dataset):
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--images", "2:4", "--quiet")
    assert outcome.code == 0
    assert "there is no box in data.yaml: traced as 2 images without boxes" in outcome.err
    assert not read_run_log(Path("run.log")).array("fg_mask").any()


# --- heads of a dataset ----------------------------------------------------------------------------------------------


def test_heads_are_those_of_the_selected_images_in_order(yolo_assign, dataset, save_heads):
    heads = save_heads(channels=67, batch=3)
    arguments = (
        "trace",
        "--data",
        "data.yaml",
        *SMALL,
        "--heads",
        heads,
        "--images",
        "1:4",
        "--quiet",
        "--digits",
        "9",
    )
    assert yolo_assign(*arguments, "--log", "whole.log").code == 0
    assert yolo_assign(*arguments, "--batch", "2", "--log", "parts.log").code == 0
    whole = read_run_log(Path("whole.log")).array("pred_scores")
    parts = [read_run_log(path).array("pred_scores") for path in sorted(Path("parts").iterdir())]
    assert [len(part) for part in parts] == [2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    with np.load(heads) as arrays:
        assert (whole[2, 0] == arrays["p3"][2, 64:, 0, 0]).all()


HEADS = [
    # images of the heads, channels, options, id, parts of the message
    (2, 67, (), "wrong-batch", ("heads of 5 images, as many as are traced, found 2", "--images 0:2")),
    (5, 66, (), "wrong-channels", ("for 3 classes (data.yaml)", "found 66: 2 classes", "the labels need at least 3")),
    (5, 67, ("--rect",), "heads-do-not-fit", ("with --rect 0.png has 64x96 px",)),
]


@pytest.mark.parametrize(("batch", "channels", "options", "id", "parts"), HEADS)
def test_heads_that_do_not_fit_the_dataset(yolo_assign, dataset, save_heads, batch, channels, options, id, parts):
    heads = save_heads(channels=channels, batch=batch)
    outcome = yolo_assign("trace", "--data", "data.yaml", *SMALL, "--heads", heads, *options)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert all(part in outcome.err for part in parts), outcome.err
