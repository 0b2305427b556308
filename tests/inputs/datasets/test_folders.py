"""Which images and labels a dataset consists of: data.yaml, folders, lists, COCO annotations; nothing left unsaid."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.data_yaml import read_data_yaml
from yolo_assign_trace.inputs.datasets.dataset import (
    COCO,
    FOLDER,
    LABELS,
    LIST,
    YAML,
    open_dataset,
    open_source,
    select_images,
)
from yolo_assign_trace.inputs.datasets.image_files import SUFFIXES, NearMisses, label_of
from yolo_assign_trace.inputs.datasets.read_entry import read_entry
from yolo_assign_trace.inputs.labels.rules import TODAY

ROW = "0 .5 .5 .5 .5\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, content: str = "") -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def images_of(dataset) -> list[str]:
    return [entry.image for entry in dataset.entries]


def labels_of(dataset) -> list[str]:
    return [entry.label for entry in dataset.entries]


def said(dataset) -> list[tuple[str, str]]:
    return [(finding.id, finding.where) for finding in dataset.findings]


# --- kinds of source -------------------------------------------------------------------------------------------------

KINDS = [
    # name, content, kind
    ("data.yaml", "", YAML),
    ("DATA.YML", "", YAML),
    ("instances.json", "", COCO),
    ("a.txt", ROW, LABELS),
    ("a.txt", "", LABELS),  # empty: a label file without boxes
    ("a.txt", "images/a.jpg\n", LIST),  # the first line decides
    ("a.txt", "\ufeff\n\n./a.PNG\n", LIST),  # behind a mark and blank lines, in any case
    ("a.txt", "labels/a.txt\n", LIST),
    ("a.txt", "images/a.jpg 1\n", LIST),  # a folder in it: told as a wrong line
    ("a.txt", "a.gif\nb.jpg\n", LIST),  # one line of the first ones is enough
    ("a.txt", "# comment\n\na.jpg\n", LIST),
    ("a.txt", "..\\images\\a\n", LIST),  # folders of Windows
    ("a.txt", "1 2.jpg\n", LIST),  # an ending says more than a number
    ("a.txt", "0 .5 .5 .5 1/2\n", LABELS),  # but a slash says less
    ("a.txt", "0,.5,.5,.5,.5\n", LABELS),  # commas are told by the reader of labels
    ("a.txt", "\0a.jpg\n", LABELS),  # so is a binary file
    ("a.txt", ROW * 4500 + "a.jpg\n", LABELS),  # only the beginning is looked at
    ("no_suffix", ROW, LABELS),
]


@pytest.mark.parametrize(("name", "content", "kind"), KINDS)
def test_what_a_source_is(here, name, content, kind):
    put(name, content)
    assert open_source(Path(name)).kind == kind


@pytest.mark.parametrize("content", ["# class cx cy w h\n0 .5 .5 .5 .5\n", "person .5 .5 .5 .5\n", "notes\n"])
def test_a_text_that_is_neither_labels_nor_a_list_is_refused_with_both_readings(here, content):
    put("a.txt", content)
    error = assert_error(lambda: open_source(Path("a.txt")).kind, "unclear-source", "a.txt", content.split("\n")[0])
    assert "neither a label file" in error.message
    assert "nor a list of paths" in error.message


def test_a_folder_is_a_folder_whatever_its_name(here):
    Path("data.yaml").mkdir()
    assert open_source(Path("data.yaml")).kind == FOLDER


# --- where the label of an image lies --------------------------------------------------------------------------------

PLACES = [
    # image, label
    ("data/images/train/a.jpg", "data/labels/train/a.txt"),
    ("/data/images/a.jpg", "/data/labels/a.txt"),
    ("images/a.jpg", "labels/a.txt"),
    ("data/images/old/images/a.jpg", "data/images/old/labels/a.txt"),  # the last one counts
    ("images/images/images/a.jpg", "images/images/labels/a.txt"),
    ("my_images/a.jpg", "my_images/a.txt"),  # no folder of that name: beside the image
    ("Images/a.jpg", "Images/a.txt"),  # nor this
    ("data/images.old/a.jpg", "data/images.old/a.txt"),
    ("a.jpg", "a.txt"),
    ("images/a.b.c.jpeg", "labels/a.b.c.txt"),  # the last dot ends the name
]


@pytest.mark.parametrize(("image", "label"), PLACES)
def test_the_label_of_an_image(image, label):
    assert label_of(image) == label


# --- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_searched_to_its_depths_and_sorted(here):
    for name in ("b.jpg", "a.jpg", "z/c.jpg", "z/y/a.png"):
        put(f"data/images/{name}")
    assert images_of(open_dataset(Path("data"))) == [
        *("data/images/a.jpg", "data/images/b.jpg", "data/images/z/c.jpg", "data/images/z/y/a.png"),
    ]
    assert labels_of(open_dataset(Path("data/images")))[-1] == "data/labels/z/y/a.txt"


def test_every_kind_of_image_in_any_case_and_nothing_else(here):
    for suffix in SUFFIXES:
        put(f"images/lower.{suffix}")
        put(f"images/UPPER.{suffix.upper()}")
    for name in ("a.txt", "a.gif", "jpg", "a.jpg.bak", "a."):
        put(f"images/{name}")
    assert len(open_dataset(Path("images")).entries) == 2 * len(SUFFIXES) == 26


def test_without_images_the_label_files_are_taken_and_their_images_found(here):
    put("labels/val/a.txt", ROW)
    put("labels/val/b.txt", ROW)
    put("images/val/b.JPG")
    dataset = open_dataset(Path("labels"))
    assert labels_of(dataset) == ["labels/val/a.txt", "labels/val/b.txt"]
    assert images_of(dataset) == [None, "images/val/b.JPG"]
    assert dataset.remarks == ("label files without an image: 1 of 2",)


@pytest.mark.parametrize("name", ["classes.txt", "README.txt", "notes.txt", "LICENSE.txt"])
def test_text_files_of_labelling_tools_are_no_labels_and_that_is_said(here, name):
    put(f"labels/{name}", "person\ncar\n")
    put("labels/a.txt", ROW)
    dataset = open_dataset(Path("labels"))
    assert labels_of(dataset) == ["labels/a.txt"]
    assert said(dataset) == [("not-a-label-file", f"labels/{name}")]


def test_labels_without_an_image_are_pointed_out(here):
    for name in ("images/a.jpg", "labels/a.txt", "labels/b.txt", "labels/old/c.txt", "labels/classes.txt"):
        put(name)
    put("train.txt", "images/a.jpg\n")  # a list, not a label
    for source in (".", "images"):
        assert said(open_dataset(Path(source))) == [
            ("label-without-image", "labels/b.txt"),
            ("label-without-image", "labels/old/c.txt"),
        ]


def test_labels_beside_the_images(here):
    for name in ("flat/a.jpg", "flat/a.txt", "flat/b.jpg", "flat/c.txt"):
        put(name)
    dataset = open_dataset(Path("flat"))
    assert labels_of(dataset) == ["flat/a.txt", "flat/b.txt"]
    assert said(dataset) == [("label-without-image", "flat/c.txt")]


def test_links_are_followed_once_and_loops_end(here):
    put("images/a.jpg")
    put("elsewhere/b.jpg")
    Path("images/linked").symlink_to(here / "elsewhere")
    Path("images/loop").symlink_to(here / "images")
    assert images_of(open_dataset(Path("images"))) == ["images/a.jpg", "images/linked/b.jpg"]


def test_a_folder_of_labels_given_by_hand(here):
    for name in ("images/a.jpg", "images/sub/b.jpg", "new/a.txt", "new/sub/b.txt", "new/old.txt"):
        put(name)
    dataset = open_dataset(Path("images"), labels=Path("new"))
    assert labels_of(dataset) == ["new/a.txt", "new/sub/b.txt"]  # laid out like the images
    assert said(dataset) == [("label-without-image", "new/old.txt")]
    Path("new/sub/b.txt").rename("new/b.txt")
    assert labels_of(open_dataset(Path("images"), labels=Path("new"))) == ["new/a.txt", "new/b.txt"]  # or all in one


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lines_of_a_list(here):
    put("lists/train.txt", "./near.jpg\n\n  images/far.jpg  \r\nlabels/b.txt\n/abs/images/c.png\nplain.jpg\n")
    put("images/b.jpg")
    dataset = open_dataset(Path("lists/train.txt"))
    assert list(zip(images_of(dataset), labels_of(dataset), strict=True)) == [
        ("lists/near.jpg", "lists/near.txt"),  # ./ is the list's own folder
        ("images/far.jpg", "images/far.txt"),  # the current folder; training finds no "/images/" in this line
        ("images/b.jpg", "labels/b.txt"),  # a label file, its image found
        ("/abs/images/c.png", "/abs/labels/c.txt"),
        ("plain.jpg", "plain.txt"),
    ]
    assert dataset.remarks == ()


def test_a_list_of_labels_without_images(here):
    put("list.txt", "a.txt\nb.txt\n")
    assert open_dataset(Path("list.txt")).remarks == ("label files without an image: 2 of 2",)


WRONG_LISTS = [
    # content, id, where, part
    ("a.jpg\n\nnotes.md\n", "wrong-list", "list.txt:3", "'notes.md' is neither an image nor a label file"),
    ("a.jpg\nfolder\n", "wrong-list", "list.txt:2", "'folder'"),
    ("a.jpg\n" + "x" * 100, "wrong-list", "list.txt:2", "x" * 60),  # long lines are cut
]


@pytest.mark.parametrize(("content", "id", "where", "part"), WRONG_LISTS)
def test_wrong_lines_are_told_with_their_number(here, content, id, where, part):
    put("list.txt", content)
    assert_error(lambda: open_dataset(Path("list.txt")), id, where, part)


# --- data.yaml -------------------------------------------------------------------------------------------------------


def assert_error(call, id: str, where: str, part: str) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    assert (error.id, error.where) == (id, where)
    assert part in error.message
    return error


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
    assert said(dataset) == [("label-without-image", "new/c.txt")]


def test_valid_is_accepted_with_a_warning_and_val_wins(two_splits):
    dataset = open_yaml("path: set\nnames: [x]\nvalid: images/val\n", "val")
    assert images_of(dataset) == ["set/images/val/b.jpg"]
    assert said(dataset) == [("valid-key", "data.yaml:3")]
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


# --- found, missing, empty -------------------------------------------------------------------------------------------

STATES = [
    # other files, content of labels/a.txt (None: missing), state, finding, part of it
    ({}, ROW, "found", None, ""),
    ({}, "", "empty", "label-empty", "is empty"),
    ({}, "\n \n", "empty", "label-empty", "is empty"),  # blank lines are nothing
    ({}, None, "missing", "label-missing", "no such label file"),
    ({"images/a.txt": ROW}, None, "missing", "label-misplaced", "is images/a.txt meant?"),  # beside the image
    ({"Labels/a.txt": ROW}, None, "missing", "label-misplaced", "is Labels/a.txt meant?"),
    ({"label/a.txt": ROW}, None, "missing", "label-misplaced", "is label/a.txt meant?"),
    ({"annotations/a.txt": ROW}, None, "missing", "label-misplaced", "is annotations/a.txt meant?"),
    ({"labels/a.TXT": ROW}, None, "missing", "label-misplaced", "is labels/a.TXT meant?"),  # in other case
    ({"labels/A.txt": ROW}, None, "missing", "label-misplaced", "is labels/A.txt meant?"),  # a stem in other case
    ({"labels/a.Txt": ROW}, None, "missing", "label-misplaced", "is labels/a.Txt meant?"),
    ({"Annotations/a.txt": ROW}, None, "missing", "label-misplaced", "is Annotations/a.txt meant?"),
    ({"images/LABEL/a.txt": ROW}, None, "missing", "label-misplaced", "is images/LABEL/a.txt meant?"),
    ({"labels/a.JPG.txt": ROW}, None, "missing", "label-misplaced", "is labels/a.JPG.txt meant?"),  # the whole name
    ({"labels/A.txt": ROW, "images/A.png": ""}, None, "missing", "label-missing", "no such"),  # that of another image
    ({"labels/b.txt": ROW}, None, "missing", "label-missing", "no such label file"),  # another stem is no miss
]


@pytest.mark.parametrize(("others", "content", "state", "id", "part"), STATES)
def test_found_missing_and_empty_are_three_words(here, others, content, state, id, part):
    for name, text in ({"images/a.jpg": ""} | others).items():
        put(name, text)
    if content is not None:
        put("labels/a.txt", content)
    entry = next(entry for entry in open_dataset(Path("images")).entries if entry.name == "a.jpg")
    read = read_entry(entry, TODAY, None)
    assert read.state == state
    assert [finding.id for finding in read.findings] == ([id] if id else [])
    assert all(part in finding.message for finding in read.findings)
    assert not read.failures


def test_near_misses_below_folders_in_other_case_and_without_listing_a_folder_again(here, monkeypatch):
    for name in ("Images/Val/a.jpg", "Labels/val/a.txt", "Labels/val/b.txt"):
        put(f"set/{name}")
    near = NearMisses()
    assert near.of("set/Images/Val/a.jpg", "set/Images/Val/a.txt") == ["set/Labels/val/a.txt"]
    monkeypatch.setattr(os, "listdir", None)
    assert near.of("set/Images/Val/b.jpg", "set/Images/Val/b.txt") == ["set/Labels/val/b.txt"]


def test_a_label_that_is_a_folder_fails_like_any_file_that_cannot_be_read(here):
    put("images/a.jpg")
    Path("labels/a.txt").mkdir(parents=True)
    read = read_entry(open_dataset(Path("images")).entries[0], TODAY, None)
    assert [finding.id for finding in read.findings] == ["not-readable"]
    assert "a folder, not a label file" in read.findings[0].message
    assert read.failures


# --- COCO annotations ------------------------------------------------------------------------------------------------


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


def test_coco_crowds_and_boxes_without_area_are_left_out_and_said(here):
    boxes = [
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 0, 9]},
        {"image_id": 3, "category_id": 1, "bbox": [0, 0, 10, 10]},
    ]
    dataset = open_coco(coco(annotations=boxes))
    assert said(dataset) == [
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


# --- which images ----------------------------------------------------------------------------------------------------

SLICES = [
    # images, positions out of five
    (None, [0, 1, 2, 3, 4]),
    ("0:2", [0, 1]),
    ("3", [3]),
    (":2", [0, 1]),
    ("3:", [3, 4]),
    (":", [0, 1, 2, 3, 4]),
    ("3:100", [3, 4]),  # the end may lie behind the last one
    (" 1 : 2 ", [1]),
]


@pytest.mark.parametrize(("text", "positions"), SLICES)
def test_slices_of_images(text, positions):
    assert list(select_images("abcde", text)) == positions


WRONG_SLICES = [
    # images, id
    ("", "wrong-images"),
    ("a", "wrong-images"),
    ("1-3", "wrong-images"),
    ("-1", "wrong-images"),
    ("0:8:2", "wrong-images"),
    ("9" * 5000, "wrong-images"),  # longer than Python reads a number
    ("5", "no-such-image"),  # counted from 0
    ("2:2", "no-such-image"),
    ("3:1", "no-such-image"),
]


@pytest.mark.parametrize(("text", "id"), WRONG_SLICES)
def test_wrong_slices(text, id):
    assert_error(lambda: select_images("abcde", text), id, "images", "")


# --- sources that cannot be used -------------------------------------------------------------------------------------

WRONG_SOURCES = [
    # source, options, id, where
    ("missing.txt", {}, "no-such-file", "missing.txt"),
    ("empty", {}, "empty-folder", "empty"),
    ("x" * 300, {}, "not-readable", "x" * 300),
    ("a.txt", {"splits": ["val"]}, "no-split", "split"),
    ("images", {"labels": Path("missing")}, "not-a-folder", "missing"),
    ("images", {"labels": Path("x" * 300)}, "not-a-folder", "x" * 300),
    ("images", {"labels": Path("a.txt")}, "not-a-folder", "a.txt"),
]


@pytest.mark.parametrize(("source", "options", "id", "where"), WRONG_SOURCES)
def test_sources_that_cannot_be_used(here, source, options, id, where):
    Path("empty").mkdir()
    put("images/a.jpg")
    put("a.txt", ROW)
    assert_error(lambda: open_dataset(Path(source), **options), id, where, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_not_passed_over(here):
    put("images/a.jpg")
    put("images/closed/b.jpg")
    Path("images/closed").chmod(0)
    try:
        assert_error(lambda: open_dataset(Path("images")), "not-readable", "images/closed", "permission denied")
    finally:
        Path("images/closed").chmod(0o700)
