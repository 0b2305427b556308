"""What can be given as labels: which kind it is, which of its images, and what cannot be used."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.inputs.datasets.made import ROW, assert_error, put
from yolo_assign_trace import Request, load_inputs
from yolo_assign_trace.inputs.datasets.dataset import open_dataset, open_source, select_images
from yolo_assign_trace.inputs.datasets.entries import COCO, FOLDER, LABELS, LIST, YAML

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


def test_a_source_of_text_is_read_only_once(here):
    """So a pipe will do, such as ``--labels <(grep ^0 all.txt)``."""
    os.mkfifo("pipe.txt")
    rows = "0 .25 .25 .5 .5\n1 .5 .5 .5 .5\n"
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(Path("pipe.txt").write_text, rows)
        inputs, _ = load_inputs(Request(labels=Path("pipe.txt")))
        assert writing.result() == len(rows)
    assert inputs.label_rows[:, 1].tolist() == [0, 1]


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
