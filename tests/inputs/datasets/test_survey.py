"""The survey of a dataset: the counts, whatever the number of processes and whichever files are read at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs.datasets.made import ROW, put_all, put_images, survey_of
from tests.inputs.labels.fuzz_labels import RULED_BY, label_file_strategy
from yolo_assign_trace.inputs.datasets import survey as survey_module
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.plain_files import Plain, read_plain
from yolo_assign_trace.inputs.datasets.survey import KEPT_AT_MOST, SurveySettings, read_part, survey
from yolo_assign_trace.inputs.labels.findings import GRADES, KINDS
from yolo_assign_trace.inputs.labels.rules import TODAY, rules_as


def test_counts_by_hand(here):
    put_all(
        {
            "labels/good.txt": "0 .5 .5 .5 .5\n2 .5 .5 .4 .4\n",
            "labels/twice.txt": ROW + ROW,  # one box
            "labels/bad.txt": ROW + "0 .5 .5 .5\n",  # training drops the image, so its good row counts for nothing
            "labels/empty.txt": "",
            "labels/polygons.txt": "1 .1 .1 .9 .1 .9 .9\n1 .2 .2 .9 .2 .9 .9\n",
        }
    )
    put_images("good", "twice", "bad", "empty", "polygons", "missing")
    found = survey_of("images", nc=3)
    assert found.images == 6
    assert found.states == {"found": 4, "empty": 1, "missing": 1}
    assert (found.boxes, found.polygons, found.dropped) == (5, 1, 1)
    assert found.classes == {0: 2, 1: 2, 2: 1}
    assert {kind: (group.count, group.files) for kind, group in found.groups.items()} == {
        "duplicate-box": (1, 1),
        "wrong-column-count": (1, 1),
        "label-empty": (1, 1),
        "label-missing": (1, 1),
    }
    assert [found.graded(grade) for grade in GRADES] == [1, 1, 2]


def test_a_file_of_a_batch_holds_several_images(here):
    put_all({"a.txt": "0 0 .5 .5 .5 .5\n3 0 .5 .5 .5 .5\n"})
    found = survey_of("a.txt")
    assert (found.images, found.boxes, dict(found.states), found.groups) == (4, 2, {"found": 1}, {})


def test_groups_stand_in_the_order_of_their_gravity_and_findings_in_that_of_the_files(here):
    put_all({f"labels/{i}.txt": "0 .5 .5 0 .5\n0 .5 .5 .5\n\n0 .5 2 .5 .5\n" for i in (2, 1, 3)} | {"labels/0.txt": ""})
    found = survey_of("labels")
    kinds = [kind for kind, _ in found.ordered()]
    assert kinds == ["wrong-column-count", "out-of-range", "zero-size", "label-empty"]
    assert [KINDS[kind].grade for kind in kinds] == ["error", "error", "warning", "note"]
    assert [finding.where for finding in found.groups["out-of-range"].first] == [
        *("labels/1.txt:4", "labels/2.txt:4", "labels/3.txt:4"),
    ]


def test_examples_are_capped_and_all_are_counted(here):
    put_all({f"labels/{i}.txt": "0\n" * 30 for i in range(50)})
    group = survey_of("labels").groups["wrong-column-count"]
    assert (group.count, group.files, len(group.first)) == (1500, 50, KEPT_AT_MOST)


# --- what is said of boxes in the image and in the network input -----------------------------------------------------

BOXES = [
    # rows, options of the survey, (id, part of the message)
    ("0 .5 .5 .5 .5", {}, []),
    ("0 .5 .5 0 .5", {}, [("zero-size", "0 wide and 0.5 high")]),
    ("0 .5 .5 .5 .5\n0 .5 .5 0 0", {}, [("zero-size", "0 wide and 0 high")]),
    ("0 .5 .5 .003 .5", {}, [("under-2-px", "at most 1.92x320.00 px at imgsz 640")]),  # size of the image unknown
    ("0 .5 .5 .003125 .5", {}, []),  # 2 px
    ("0 .5 .5 .003125 .5", {"image_size": (480, 640)}, [("under-2-px", "1.50x320.00 px")]),  # 480 px wide in there
    ("0 .5 .5 .003125 .5", {"imgsz": (320, 320)}, [("under-2-px", "at most 1.00x160.00 px at imgsz 320")]),
    ("0 .5 .5 .5 .02", {"image_size": (1000, 10)}, [("under-2-px", "320.00x0.14 px")]),  # 7 px high in there
    ("0 .5 .5 .5 .28", {"image_size": (1000, 10)}, [("under-2-px", "320.00x1.96 px")]),
    ("0 .5 .5 .5 .3", {"image_size": (1000, 10)}, []),  # 2.1 px
    ("0 .5 .5 .05 .5", {"imgsz": (320, 32)}, [("under-2-px", "at most 1.60x160.00 px")]),
    ("0 .5 .5 .003 .5", {"letterboxed": True}, [("under-2-px", "is 1.92x320.00 px")]),
    ("0 .5 .1 .5 .5", {}, [("leaves-the-image", "from 0.25, -0.15 to 0.75, 0.35")]),
    ("0 .5 .5 1.002 1", {}, []),  # a rounding of the label is no leaving
    ("0 0 0 .5 .5", {}, [("leaves-the-image", "-0.25"), ("ignored-as-padding", "add up to 0 or less")]),
    ("0 0 0 .5 .5", {"image_size": (640, 480)}, [("leaves-the-image", "-0.25")]),  # padding moves it down by 80 px
    ("0 -.01 .005 .5 .5", {"letterboxed": True}, [("leaves-the-image", "-0.26"), ("ignored-as-padding", "add up")]),
]


@pytest.mark.parametrize(("rows", "options", "expected"), BOXES)
def test_boxes_that_are_accepted_and_pointed_out(here, rows, options, expected):
    put_all({"labels/a.txt": rows + "\n"})
    found = survey_of("labels", **options)
    said = [finding for _, group in found.ordered() for finding in group.first]
    assert sorted(finding.id for finding in said) == sorted(kind for kind, _ in expected)
    for kind, part in expected:
        assert any(finding.id == kind and part in finding.message for finding in said)
    assert found.dropped == 0


# --- the way through the files makes no difference -------------------------------------------------------------------


def test_the_result_does_not_depend_on_the_number_of_processes(here, monkeypatch):
    monkeypatch.setattr(survey_module, "_ENTRIES_AT_ONCE", 7)
    kinds = (
        ROW,
        "",
        ROW + ROW,
        "0 .5 .5 .5\n",
        "1 0 0 .1 .1\n",
        "3 .1 .1 .9 .1 .9 .9\n",
        "0 .5 .5 .001 .5\n",
        "x\n" * 40,
    )
    put_all({f"labels/{i:03d}.txt": kinds[i * i % 11 % len(kinds)] for i in range(100)})
    put_all({f"images/{i:03d}.jpg": "" for i in range(0, 120, 3)})
    done = Counter[int]()
    results = []
    for processes in (1, 2, 3):
        for source in ("labels", "images"):
            dataset = open_dataset(Path(source))
            found = survey(
                dataset,
                SurveySettings(TODAY, 4),
                processes=processes,
                progress=lambda n, key=processes: done.update({key: n}),
            )
            results.append(
                (source, [(kind, vars(group)) for kind, group in found.ordered()], vars(found) | {"groups": 0})
            )
    assert results[0:2] == results[2:4] == results[4:6]
    assert done == {1: 140, 2: 140, 3: 140}  # images of both sources


releases = st.sampled_from(RULED_BY)
good_files = st.lists(
    st.tuples(st.integers(0, 3), *[st.floats(0.125, 0.75, width=16)] * 4).map(lambda row: " ".join(map(str, row))),
    max_size=5,
).map(lambda rows: "\n".join(rows).encode())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.one_of(good_files, label_file_strategy()), max_size=8), releases, st.sampled_from([None, 3]))
def test_files_read_at_once_say_what_files_read_one_by_one_say(tmp_path_factory, files, release, nc):
    folder = tmp_path_factory.mktemp("files")
    for number, data in enumerate([*files, ROW.encode()]):
        (folder / f"{number}.txt").write_bytes(data)
    rules = SurveySettings(rules_as(release), nc)
    dataset = open_dataset(folder)
    at_once = read_part(dataset.entries, rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey_module, "read_plain", lambda entries, *rest: Plain(others=list(range(len(entries)))))
        one_by_one = read_part(dataset.entries, rules)
    assert at_once.survey == one_by_one.survey
    for column in ("entry", "line", "label", "places", "image"):
        assert np.array_equal(getattr(at_once.boxes, column), getattr(one_by_one.boxes, column)), column


def test_plain_files_really_are_read_at_once(here):
    """The test above means nothing if they are not."""
    put_all({f"labels/{i}.txt": ROW for i in range(9)} | {"labels/crlf.txt": f"\r\n{ROW[:-1]}\r\n1 .25 .25 .2 .2"})
    entries = open_dataset(Path("labels")).entries
    plain = read_plain(entries, [False] * len(entries), TODAY, None, [0.025] * len(entries))
    assert (plain.files, len(plain.boxes), plain.classes, plain.others) == (10, 11, {0: 10, 1: 1}, [])
    assert plain.boxes.line.tolist() == [1] * 9 + [2, 3]  # the blank line counts


NOT_PLAIN = [
    "",  # nothing
    "0 .5 .5 .5\n",  # four fields
    "0 .5 .5 .5 .5 .5\n",  # six
    "0 .5 .5 .5 .5\n" * 2,  # a duplicate
    "0 .5 .5 .5 .5\n1 .5 .5 .5 .5\n",  # the same box of another class
    "3 .5 .5 .5 .5\n",  # class 3 of 3
    "0.5 .5 .5 .5 .5\n",  # half a class
    "0 .5 .5 .5 .02\n",  # small
    "0 .9 .5 .5 .5\n",  # outside
    "0 nan .5 .5 .5\n",
    "0 1e39 .5 .5 .5\n",
    "0 1.5 .5 .5 .5\n",
    "0 -.001 .5 .5 .5\n",
    "\ufeff0 .5 .5 .5 .5\n",  # a byte order mark
    "0 .5 .5 .5 .5\r0 .5 .5 .4 .4\r",  # old line ends
    "0 .5 .5 .5_0 .5\n",
    "0 .5 .5 .5 .5\n \n0 .5 .5 .4 .4\n",  # a line of white space, which drops the image before 8.4.165
    "0 .5 .5 .5 .5\x0c0 .5 .5 .4 .4\n",  # another end of a line
]


@pytest.mark.parametrize("content", NOT_PLAIN)
def test_what_is_left_to_the_reader_of_single_files(here, content):
    put_all({"labels/0.txt": ROW, "labels/1.txt": content, "labels/2.txt": ROW})
    entries = open_dataset(Path("labels")).entries
    plain = read_plain(entries, [False] * len(entries), TODAY, 3, [0.025] * len(entries))
    assert (plain.files, plain.others) == (2, [1])


def test_files_of_odd_images_are_left_to_it_too(here):
    put_all({f"labels/{i}.txt": ROW for i in range(3)})
    plain = read_plain(open_dataset(Path("labels")).entries, [False, True, False], TODAY, 3, [0.025] * 3)
    assert (plain.files, plain.others) == (2, [1])
