"""A data.yaml: where its images are found, what its classes are called, and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.inputs.datasets.made import ROW, assert_error, findings_of, images_of, labels_of, put
from yolo_assign_trace.inputs.datasets.data_yaml import read_data_yaml
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.image_files import label_of


def open_yaml(content: str, *splits: str, path: str = "data.yaml"):
    put(path, content)
    return open_dataset(Path(path), splits=splits or None)


@pytest.fixture
def two_splits(here):
    for name in ("images/train/a.jpg", "images/val/b.jpg", "labels/train/a.txt", "labels/val/b.txt"):
        put(f"set/{name}", ROW if name.endswith("txt") else "")
    return here


ROOTS = [
    # the file, its path key, where train is found, findings
    ("data.yaml", "path: set\n", "set/images/train", []),  # below the current folder
    ("set/data.yaml", "", "set/images/train", []),  # without path: beside the file
    ("conf/data.yaml", "path: ../set\n", "conf/../set/images/train", []),  # from the file's folder
    ("conf/data.yaml", "path: set\n", "set/images/train", []),  # from the current one
    ("set/data.yaml", "path: .\n", "set/images/train", ["other-folder"]),  # the current one exists but has no images
]


@pytest.mark.parametrize(("file", "root", "place", "findings"), ROOTS)
def test_a_relative_path_starts_in_the_current_folder_or_else_in_the_files_own(two_splits, file, root, place, findings):
    dataset = open_yaml(f"{root}train: images/train\nnames: [x]\n", path=file)
    assert images_of(dataset) == [f"{os.path.normpath(place)}/a.jpg"]
    assert dataset.remarks == (f"train: {os.path.normpath(place)}, 1 image",)  # which was used
    assert [finding.id for finding in dataset.findings] == findings


def test_an_absolute_path(two_splits):
    dataset = open_yaml(f"path: {two_splits}/set\nval: images/val\nnames: [x]\n")
    assert images_of(dataset) == [f"{two_splits}/set/images/val/b.jpg"]


SPLITS = [
    # lines, images
    ("train: images/train\n", ["a"]),
    ("train: [images/train, images/val]\n", ["a", "b"]),  # a list of folders
    ("train: train.txt\n", ["b"]),  # a list of paths
    ("train: [images/train, train.txt]\n", ["a", "b"]),  # both kinds
    ("train: ../images/train\n", ["a"]),  # does not exist: tried without ../
    ("train: ../../images/train\n", None),  # only one ../ is taken away
    ("train: images/train\nval: images/val\n", ["a", "b"]),  # all splits
    ("train: images/train\nval: images/train\n", ["a"]),  # an image of two splits is read once
    ("val: images/val\ntest: ~\n", ["b"]),  # an empty key is none
]


@pytest.mark.parametrize(("lines", "stems"), SPLITS)
def test_what_a_split_can_be(two_splits, lines, stems):
    put("set/train.txt", "./images/val/b.jpg\n")
    content = f"path: set\nnames: [x]\n{lines}"
    if stems is None:
        error = assert_error(lambda: open_yaml(content), "split-not-found", "data.yaml:3", "../../images/train")
        assert "nothing is downloaded" in error.hint
        return
    dataset = open_yaml(content)
    assert [Path(name).stem for name in images_of(dataset)] == stems
    assert labels_of(dataset) == [label_of(name) for name in images_of(dataset)]


def test_the_splits_that_are_asked_for(two_splits):
    content = "path: set\ntrain: images/train\nval: images/val\nnames: [x]\n"
    assert images_of(open_yaml(content, "val")) == ["set/images/val/b.jpg"]
    assert_error(lambda: open_yaml(content, "test"), "no-such-split", "data.yaml", "no split 'test'")
    assert_error(lambda: open_yaml("names: [x]\n"), "no-such-split", "data.yaml", "there is no split")


def test_labels_of_one_split_are_no_orphans_of_another(two_splits):
    put("new/a.txt", ROW)
    put("new/b.txt", ROW)
    put("new/c.txt", ROW)
    put("data.yaml", "path: set\ntrain: images/train\nval: images/val\nnames: [x]\n")
    dataset = open_dataset(Path("data.yaml"), labels=Path("new"))
    assert findings_of(dataset) == [("label-without-image", "new/c.txt")]


def test_valid_is_accepted_with_a_warning_and_val_wins(two_splits):
    dataset = open_yaml("path: set\nnames: [x]\nvalid: images/val\n", "val")
    assert images_of(dataset) == ["set/images/val/b.jpg"]
    assert findings_of(dataset) == [("valid-key", "data.yaml:3")]
    dataset = open_yaml("path: set\nnames: [x]\nvalid: nowhere\nval: images/val\n", "val")
    assert images_of(dataset) == ["set/images/val/b.jpg"]


def test_download_is_never_carried_out(two_splits):
    script = "download: |\n  import pathlib\n  pathlib.Path('harm').touch()\n"
    open_yaml(f"path: set\ntrain: images/train\nnames: [x]\n{script}")
    content = "path: missing\ntrain: images/train\nnames: [x]\ndownload: touch harm\n"
    assert_error(lambda: open_yaml(content), "split-not-found", "data.yaml:2", "missing/images/train")
    assert not Path("harm").exists()


NAMES = [
    # lines, names
    ("names: [a, b]\n", ("a", "b")),
    ("names:\n  0: a\n  1: b\n", ("a", "b")),
    ("names: {1: b, 0: a}\n", ("a", "b")),  # in any order
    ("nc: 3\n", ("0", "1", "2")),  # numbers stand for names
    ("nc: 2\nnames: [a, b]\n", ("a", "b")),
    ("names: [1, 2.5, yes]\n", ("1", "2.5", "True")),  # what YAML makes of unquoted words
    ("names: ['a b', '人', '[0]', \"x\\ny\"]\n", ("a b", "人", "[0]", "x\ny")),  # names are data
]


@pytest.mark.parametrize(("lines", "names"), NAMES)
def test_class_names(here, lines, names):
    put("data.yaml", lines)
    assert read_data_yaml(Path("data.yaml")).class_names == names


def test_very_many_names(here):
    put("data.yaml", "names: [" + ", ".join(f"n{i}" for i in range(5_000)) + "]\n")
    assert len(read_data_yaml(Path("data.yaml")).class_names) == 5_000


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(  # nine lines that stand for billions of values
    f"{key}: &{key} [{', '.join([f'*{last}'] * 9)}]\n" for last, key in zip("abcdefgh", "bcdefghi", strict=True)
)
BOMB += "names: *i\n"
WRONG_YAML = [
    # content, id, line, part
    ("names: {0: a, 2: b}\n", "wrong-value", 1, "expected the classes 0 to 1 as keys, without a gap"),
    ("names: {'0': a}\n", "wrong-value", 1, "without a gap"),
    ("names: {}\n", "wrong-value", 1, "without a gap"),
    ("names: []\n", "wrong-value", 1, "a list of class names"),
    ("names: person\n", "wrong-value", 1, "a list of class names"),
    ("names: [[a]]\n", "wrong-value", 1, "a list of class names"),
    ("names: [a]\nnc: 2\n", "classes-disagree", 2, "nc is 2, but names has 1 class"),
    ("nc: 0\n", "wrong-value", 1, "a whole number from 1"),
    ("nc: 200000\n", "wrong-value", 1, "a whole number from 1 to 100000"),
    ("nc: true\n", "wrong-value", 1, "a whole number"),
    ("train: x\n", "missing-key", 0, "neither names nor nc"),
    ("nc: 1\ntrain: 3\n", "wrong-value", 2, "a folder, a .txt list, or a list of them"),
    ("nc: 1\ntrain: []\n", "wrong-value", 2, "a folder"),
    ("nc: 1\ntrain: {a: b}\n", "wrong-value", 2, "a folder"),
    ("nc: 1\npath: [x]\n", "wrong-value", 2, "expected a folder"),
    ("nc: 1\ntrain: x\ntrain: y\n", "duplicate-key", 3, "train stands here and in line 2"),
    ("- a\n- b\n", "wrong-yaml", 0, "holds keys and values"),  # a list
    ("", "wrong-yaml", 0, "holds keys and values"),
    ("nc: 1\ntrain: [x\n", "wrong-yaml", 3, "not valid YAML"),
    ("nc: 1\n\ttrain: x\n", "wrong-yaml", 2, "not valid YAML"),
    ("nc: !!python/object:os.system x\n", "wrong-yaml", 1, "not valid YAML"),
    (BOMB, "wrong-value", 10, "a list of class names"),
]


@pytest.mark.parametrize(("content", "id", "line", "part"), WRONG_YAML, ids=[row[0][:20] for row in WRONG_YAML])
def test_a_wrong_data_yaml_is_told_with_its_line(here, content, id, line, part):
    put("data.yaml", content)
    where = f"data.yaml:{line}" if line else "data.yaml"
    assert len(str(assert_error(lambda: read_data_yaml(Path("data.yaml")), id, where, part))) < 500
