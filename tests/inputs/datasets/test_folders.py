"""Folders and lists: which images and labels they hold, where the label of an image lies, and how it is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.inputs.datasets.made import ROW, assert_error, findings_of, images_of, labels_of, put
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.image_files import SUFFIXES, NearMisses, label_of
from yolo_assign_trace.inputs.datasets.read_entry import read_entry
from yolo_assign_trace.inputs.labels.rules import TODAY

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
    assert findings_of(dataset) == [("not-a-label-file", f"labels/{name}")]


def test_labels_without_an_image_are_pointed_out(here):
    for name in ("images/a.jpg", "labels/a.txt", "labels/b.txt", "labels/old/c.txt", "labels/classes.txt"):
        put(name)
    put("train.txt", "images/a.jpg\n")  # a list, not a label
    for source in (".", "images"):
        assert findings_of(open_dataset(Path(source))) == [
            ("label-without-image", "labels/b.txt"),
            ("label-without-image", "labels/old/c.txt"),
        ]


def test_labels_beside_the_images(here):
    for name in ("flat/a.jpg", "flat/a.txt", "flat/b.jpg", "flat/c.txt"):
        put(name)
    dataset = open_dataset(Path("flat"))
    assert labels_of(dataset) == ["flat/a.txt", "flat/b.txt"]
    assert findings_of(dataset) == [("label-without-image", "flat/c.txt")]


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
    assert findings_of(dataset) == [("label-without-image", "new/old.txt")]
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
