"""Only regular files are read: a device may never end, and a pipe may never begin."""

from __future__ import annotations

import os
import threading

import pytest
from PIL import Image

from tests.commands import ONE_BOX

ZERO = "/dev/zero"


@pytest.fixture
def dataset(folder):
    """Three images; the label of the second is a device, that of the third a pipe."""
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for i in range(3):
        Image.new("RGB", (64, 64)).save(folder / "images" / f"{i}.png")
    (folder / "labels" / "0.txt").write_text(ONE_BOX)
    (folder / "labels" / "1.txt").symlink_to(ZERO)
    os.mkfifo(folder / "labels" / "2.txt")
    return folder


@pytest.mark.parametrize("processes", ["1", "2"])
def test_labels_of_a_dataset_are_findings(yolo_assign, dataset, processes):
    outcome = yolo_assign("labels", "images", "--json", "--processes", processes)
    assert outcome.code == 1
    (group,) = [group for group in outcome.document["findings"] if group["id"] == "not-readable"]
    assert [finding["path"] for finding in group["first"]] == ["labels/1.txt", "labels/2.txt"]
    assert all("no regular file" in finding["message"] for finding in group["first"])


def test_images_of_a_dataset_are_findings(yolo_assign, dataset):
    for name in ("1", "2"):
        (dataset / "images" / f"{name}.png").unlink()
        (dataset / "labels" / f"{name}.txt").unlink()
        (dataset / "labels" / f"{name}.txt").write_text(ONE_BOX)
    (dataset / "images" / "1.png").symlink_to(ZERO)
    os.mkfifo(dataset / "images" / "2.png")
    outcome = yolo_assign("labels", "images", "--json")
    (group,) = [group for group in outcome.document["findings"] if group["id"] == "image-not-readable"]
    assert [finding["path"] for finding in group["first"]] == ["images/1.png", "images/2.png"]


REFUSED = [
    # what is a device or a pipe, arguments
    ("list.txt", ("labels", "list.yaml")),
    ("d.yaml", ("labels", "d.yaml")),
    ("c.json", ("labels", "c.json")),
    ("s.yaml", ("trace", "--labels", "one.txt", "--shapes", "s.yaml")),
    ("heads.npz", ("trace", "--labels", "one.txt", "--heads", "heads.npz")),
    ("call.pt", ("trace", "--capture", "call.pt")),
    ("run.log", ("explain", "run.log")),
]


@pytest.mark.parametrize("kind", ["device", "pipe"])
@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=[row[0] for row in REFUSED])
def test_any_other_file_is_an_error(yolo_assign, folder, kind, name, arguments):
    (folder / "list.yaml").write_text("train: list.txt\nnames: [a]\n")
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to(ZERO)
    outcome = yolo_assign(*arguments)
    assert outcome.code == 2, outcome.err
    assert f"error: {name}: " in outcome.err
    assert "regular file" in outcome.err


def test_labels_that_a_user_names_may_be_a_pipe_but_no_device(yolo_assign, folder):
    """``--labels <(grep ^0 all.txt)``"""
    os.mkfifo(folder / "pipe.txt")
    writer = threading.Thread(target=(folder / "pipe.txt").write_text, args=(ONE_BOX,), daemon=True)
    writer.start()
    assert yolo_assign("trace", "--labels", "pipe.txt", "--quiet").code == 0
    (folder / "zero.txt").symlink_to(ZERO)
    outcome = yolo_assign("trace", "--labels", "zero.txt")
    assert (outcome.code, "zero.txt: this is no regular file" in outcome.err) == (2, True), outcome.err


@pytest.mark.parametrize("command", ["page", "draw"])
def test_a_picture_that_is_a_pipe_is_done_without(yolo_assign, dataset, command):
    for i in (1, 2):
        (dataset / "labels" / f"{i}.txt").unlink()
    arguments = ("trace", "--data", "d.yaml", "--imgsz", "64", "--quiet", "--save", "t.safetensors", "--no-log")
    (dataset / "d.yaml").write_text("train: images\nnames: [a]\n")
    assert yolo_assign(*arguments).code == 0
    (dataset / "pictures").mkdir()
    os.mkfifo(dataset / "pictures" / "0.png")
    outcome = yolo_assign(command, "t.safetensors", "--pictures", "pictures", "-o", "out.html")
    assert outcome.code == 0, outcome.err
    assert "the picture 0.png cannot be read: this is no regular file" in outcome.err
