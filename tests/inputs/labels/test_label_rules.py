"""One label file at a time: which rows training reads from it, and what is said of every other one, by release."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.inputs.labels.fuzz_labels import label_file_strategy, nothing_is_silent
from yolo_assign_trace.inputs.labels import text as label_text
from yolo_assign_trace.inputs.labels.findings import ERROR, KINDS
from yolo_assign_trace.inputs.labels.rules import TODAY, rules_as
from yolo_assign_trace.inputs.labels.text import parse_labels

NOW = "8.4.190"
pytestmark = [
    pytest.mark.filterwarnings("error"),  # numpy has nothing to say beside the findings
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),  # what other tests left to collect
]


@dataclass(frozen=True)
class Case:
    """A file; its rows (class cx cy w h) as read, and (line, id, part of the message) of all that is said of it."""

    text: str | bytes
    rows: list[list[float]]
    said: tuple[tuple[int, str, str], ...]
    release: str = NOW
    nc: int | None = None
    batch: bool = False

    def __str__(self) -> str:
        return f"{self.release} {self.text!r}"[:60]


def case(text, rows, *said, release=NOW, nc=None, batch=False):
    return Case(text, rows, said, release, nc, batch)


B = [0, 0.5, 0.5, 0.25, 0.25]  # a box, exact in float32
ROW = "0 0.5 0.5 0.25 0.25"
C, ROW_C = [1, 0.25, 0.75, 0.25, 0.25], "1 0.25 0.75 0.25 0.25"
ONE, ROW_ONE = [1, 0.5, 0.5, 0.25, 0.25], "1 0.5 0.5 0.25 0.25"  # the box of B

TEXTS = [
    case("", []),  # nothing at all
    case("\n \t\n\r\n", []),  # blank lines are no rows
    case(ROW, [B]),  # no newline at the end
    case(f"{ROW}\n\n\n{ROW_C}\n", [B, C]),  # blank lines between rows
    case(f"{ROW}\r\n{ROW_C}\r\n", [B, C]),  # as Windows writes
    case(f"{ROW}\r{ROW_C}\r", [B, C]),  # as old Macs wrote
    case("0\t0.5\t0.5 \t 0.25\t0.25  \n", [B]),  # tabs, and blanks at the end
    case("0 5e-1 .5 +0.25 25E-2", [B]),  # every way to write a number
    case("٠ ٠.٥ 0.5 0.25 0.25", [B]),  # digits of other scripts, as Python reads them
    case(f"\ufeff{ROW}\n", [B]),  # a byte order mark
    case(f"\ufeff\n{ROW}", [B]),  # before a blank line
    case(f"\ufeff{ROW}\n{ROW_C}", [C], (1, "byte-order-mark", "8.4.189 takes"), release="8.4.189"),  # until 8.4.190
    case("\ufeff", [], (1, "byte-order-mark", "begins with"), release="8.4.189"),  # a mark and nothing else
    case("\ufeff\n", [], (1, "byte-order-mark", "begins with"), release="8.0.0"),
    case(f"{ROW}\n\ufeff{ROW}", [B], (2, "not-a-number", "is not a number")),  # elsewhere it is no mark
    case("0,0.5,0.5,0.25,0.25", [], (1, "wrong-column-count", "found 1")),  # commas
    case("0, 0.5, 0.5, 0.25, 0.25", [], (1, "not-a-number", "'0,' is not a number")),  # commas and blanks
    case(f"# class cx cy w h\n{ROW}", [B], (1, "confidence-column", "found 6")),  # a comment of six words
    case(f"{ROW}\n# person", [B], (2, "wrong-column-count", "found 2")),  # a comment of two
    case(f"{ROW} # person", [], (1, "not-a-number", "'#'")),  # behind a row: seven fields, a polygon
    case("person 0.5 0.5 0.25 0.25", [], (1, "not-a-number", "'person'")),
    case("0 0.5 0.5 0.2_5 0.25", [], (1, "not-a-number", "'0.2_5'")),  # Python alone would read 0.25
    case("0 0x1 0.5 0.25 0.25", [], (1, "not-a-number", "'0x1'")),
    case("0 0.5 0.5 0.25 0.2.5", [], (1, "not-a-number", "'0.2.5'")),
    case("0 nan 0.5 0.25 0.25", [], (1, "not-finite", "nan is not")),
    case("0 0.5 0.5 -inf 0.25", [], (1, "not-finite", "-inf is not")),
    case("nan 0.5 0.5 0.25 0.25", [], (1, "not-finite", "nan is not")),
    case("0 1e39 0.5 0.25 0.25", [], (1, "not-finite", "1e39 is not")),  # infinite in float32
    case("0 0.5 0.5 0.25 1e-50", [[0, 0.5, 0.5, 0.25, 0]]),  # zero in float32
    case(b"0 0.5 0.5 \xe9 0.25", [], (1, "not-text", "byte 0xe9")),  # Latin-1
    case(f"{ROW}\n".encode() + b"\xff", [B], (2, "not-text", "byte 0xff")),  # the other lines are read
    case(  # each bad line is named, whatever ends the lines
        f"{ROW}\r".encode() + b"\xff\r\n\xc3\n" + ROW_C.encode(),
        [B, C],
        (2, "not-text", "byte 0xff"),
        (3, "not-text", "byte 0xc3"),
    ),
    case(  # a mark in front of it counts as ever
        f"\ufeff{ROW}\n{ROW_C}\n".encode() + b"\xff",
        [C],
        (1, "byte-order-mark", "8.4.189 takes"),
        (3, "not-text", "byte 0xff"),
        release="8.4.189",
    ),
    case(b"\xff\0\n" + ROW.encode(), [], (0, "not-text", "binary")),  # a NUL condemns the whole file
    case(ROW.encode("utf-16"), [], (0, "not-text", "binary")),
]

FIELDS = [
    case("0 0.5 0.5 0.25", [], (1, "wrong-column-count", "found 4")),
    case(f"{ROW} 0.9", [], (1, "confidence-column", "is the last one a confidence?")),  # six in a dataset
    case(f"{ROW}\n{ROW} 0.9\n{ROW_C}", [B, C], (2, "confidence-column", "found 6")),  # the rest is read
    case(f"0 {ROW}\n2 {ROW_C}", [B, C], batch=True),  # six in a file given by name: image first
    case(f"0 {ROW}\n{ROW}", [B], (2, "wrong-column-count", "found 5"), batch=True),  # the first row decides
    case(f"{ROW}\n0 {ROW}", [B], (2, "confidence-column", "found 6"), batch=True),
    case(f"0 {ROW}\n0 {ROW}", [B, B], batch=True),  # training reads no such file: nothing is reduced
    case(f"0.5 {ROW}", [], (1, "image-not-an-integer", "image is 0.5"), batch=True),
    case(f"-1 {ROW}", [], (1, "negative-image", "image is -1"), batch=True),
    case(f"100001 {ROW}", [], (1, "image-too-large", "more than 100,000"), batch=True),
]

RANGES = [
    case("0 1.01 0.5 0.25 0.25", [[0, 1.01, 0.5, 0.25, 0.25]]),  # a little outside passes
    case("0 0.5 1.0100001 0.25 0.25", [], (1, "out-of-range", "is 1.01000011, exp")),  # the next float32 does not
    case("0 0.5 0.5 1.01 1.01", [[0, 0.5, 0.5, 1.01, 1.01]]),
    case("0 0.5 0.5 0.25 1.0100001", [], (1, "out-of-range", "h is 1.01000011")),  # six digits print the bound
    case("0 -0.01 -0.01 0.25 0.25", [[0, -0.01, -0.01, 0.25, 0.25]]),
    case("0 0.5 -0.0100001 0.25 0.25", [], (1, "out-of-range", "cy is -0.0100001")),
    case("0 0.5 0.5 -0.005 0.25", [], (1, "negative-size", "w is -0.005")),  # but no size is below 0
    case("0 0.5 0.5 0.25 -1e-30", [], (1, "negative-size", "h is -1e-30")),
    case("0 0.5 0.5 -0 0.25", [[0, 0.5, 0.5, 0, 0.25]]),  # -0 is 0
    case("0 320 240 64 64", [], (1, "out-of-range", "cx is 320")),  # px
    case("0 1.005 0.5 0.25 0.25", [], (1, "out-of-range", "from 0 to 1"), release="8.3.162"),  # 0..1 before 8.3.163
    case("0 1.01 0.5 0.25 0.25", [[0, 1.01, 0.5, 0.25, 0.25]], release="8.3.163"),
    case("0 1 0 1 1", [[0, 1, 0, 1, 1]], release="8.3.162"),  # the ends count as inside
    case("0 -0.005 0.5 0.25 0.25", [], (1, "out-of-range", "cx is -0.005"), release="8.3.162"),
    case("0 -0.01 0.5 0.25 0.25", [[0, -0.01, 0.5, 0.25, 0.25]], release="8.3.163"),
    case("0 0.5 0.5 -0.005 0.25", [[0, 0.5, 0.5, -0.005, 0.25]], release="8.3.163"),  # in between, sizes too
    case("0 0.5 0.5 -0.005 0.25", [[0, 0.5, 0.5, -0.005, 0.25]], release="8.4.189"),
    case("0 0.5 0.5 -0.02 0.25", [], (1, "negative-size", "w is -0.02"), release="8.4.189"),
    case("0 0.5 0.5 -0.005 0.25", [], (1, "negative-size", "w is -0.005"), release="8.3.162"),
]

CLASSES = [
    case("1.5 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is 1.5")),
    case("1.5 0.5 0.5 0.25 0.25", [ONE], (1, "class-truncated", "1.5, read as 1"), release="8.4.189"),  # cut before
    case("-0.5 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is -0.5"), release="8.4.189"),
    case("1.0 0.5 0.5 0.25 0.25", [ONE]),  # a whole number, however it is written
    case("0.99999999999 0.5 0.5 0.25 0.25", [ONE]),  # 1 in float32
    case("-1 0.5 0.5 0.25 0.25", [], (1, "negative-class", "class is -1")),
    case("79 0.5 0.5 0.25 0.25", [[79, 0.5, 0.5, 0.25, 0.25]], nc=80),
    case("80 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "80, but there are 80 classes, 0 to 79"), nc=80),
    case("1 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "but there is 1 class, 0"), nc=1),
    case("80 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "class is 80"), nc=80, release="8.3.100"),
    case(  # class nc passed before 8.3.100
        *("2 0.5 0.5 0.25 0.25", [[2, 0.5, 0.5, 0.25, 0.25]]),
        (1, "class-equals-count", "2, but there are 2 classes, 0 to 1"),
        nc=2,
        release="8.3.99",
    ),
    case("3 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "are 2 classes, 0 to 1"), nc=2, release="8.3.99"),
    case("100000 0.5 0.5 0.25 0.25", [[100000, 0.5, 0.5, 0.25, 0.25]]),  # without nc a bound of our own
    case("100001 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "more than 100,000")),
]

SAME = "the same class and box as in line"
DUPLICATES = [
    case(f"{ROW_C}\n{ROW}", [C, B]),  # without duplicates the order of the file stays
    case(f"{ROW_C}\n{ROW}\n{ROW_C}", [B, C], (3, "duplicate-box", f"{SAME} 1")),  # with one, rows are sorted
    case(f"{ROW}\n{ROW}\n{ROW}", [B], (2, "duplicate-box", f"{SAME} 1"), (3, "duplicate-box", f"{SAME} 1")),
    case(f"{ROW}\n0 0.500000001 0.5 0.25 0.25", [B], (2, "duplicate-box", f"{SAME} 1")),  # equal in float32
    case(f"{ROW}\n0 0.5000001 0.5 0.25 0.25", [B, [0, 0.5000001, 0.5, 0.25, 0.25]]),  # not equal
    case("0 0 0.5 0.25 0.25\n0 -0 0.5 0.25 0.25", [[0, 0, 0.5, 0.25, 0.25]], (2, "duplicate-box", SAME)),  # -0 is 0
    case(  # sorted by class, x, y, w, h, as numbers
        "10 .75 .5 .25 .25\n2 .5 .5 .25 .5\n2 .5 .5 .25 .25\n2 .5 .25 .5 .5\n2 .25 .5 .5 .5\n2 .25 .5 .5 .5",
        [
            *([2, 0.25, 0.5, 0.5, 0.5], [2, 0.5, 0.25, 0.5, 0.5], [2, 0.5, 0.5, 0.25, 0.25], [2, 0.5, 0.5, 0.25, 0.5]),
            [10, 0.75, 0.5, 0.25, 0.25],
        ],
        (6, "duplicate-box", f"{SAME} 5"),
    ),
    case(  # the same box of another class is no duplicate
        *(f"{ROW_ONE}\n{ROW}", [ONE, B]),
        (2, "same-box-other-class", "the same box as in line 1, but of class 0 instead of 1"),
    ),
    case(  # both at once
        *(f"{ROW_ONE}\n{ROW}\n{ROW_ONE}", [B, ONE]),
        (2, "same-box-other-class", "as in line 1"),
        (3, "duplicate-box", f"{SAME} 1"),
    ),
    case(  # a row that fails is no duplicate of anything, but the whole image goes
        f"{ROW}\n{ROW} 1\n{ROW}", [B], (2, "confidence-column", "found 6"), (3, "duplicate-box", f"{SAME} 1")
    ),
]

SQUARE = "3 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75"
S = [3, 0.5, 0.5, 0.5, 0.5]
POLYGONS = [
    case(SQUARE, [S]),  # the box around the points
    case("3 0.25 0.25 0.75 0.5 0.5 0.75", [S]),  # a triangle: seven fields
    case("0 0.25 0.25 0.75 0.75 0.5 1.25", [[0, 0.5, 0.75, 0.5, 1]], (1, "point-outside", "1.25")),  # the box passes
    case("0 .25 .25 .75 .75 .5 2", [], (1, "out-of-range", "cy is 1.125")),  # here it does not
    case("0 3e38 .25 3e38 .75 3e38 .5", [], (1, "out-of-range", "cx is inf")),  # beyond float32 on the way
    case(f"{SQUARE}\n3 0.25 0.25 0.75 0.75 0.5", [S], (2, "odd-coordinates", "found 5 coordinates")),  # six fields
    case(f"{SQUARE}\n3 0.25 0.25 0.75", [S], (2, "odd-coordinates", "found 3 coordinates")),
    case(f"{SQUARE}\n3 0.25 0.25 0.75 0.75 0.5 0.5 0.5", [S], (2, "odd-coordinates", "found 7 coordinates")),
    case(f"{SQUARE}\n3 0.5", [S], (2, "wrong-column-count", "found 2 fields")),
    case(f"{SQUARE}\n3", [S], (2, "wrong-column-count", "found 1 field")),  # a class and no points
    case(f"{SQUARE}\n3 0.5 0.25", [S, [3, 0.5, 0.25, 0, 0]]),  # one point: a box without size
    case(f"{SQUARE}\n{ROW}", [S], (2, "box-in-polygon-file", "a box of 5 numbers")),
    case(f"{SQUARE}\n{ROW}", [S], (2, "box-in-polygon-file", "a box of 5 numbers"), release="8.4.120"),
    case(  # before 8.4.120 the box is misread as two points: (0.5, 0.5) and (0.25, 0.25)
        *(f"{SQUARE}\n{ROW}", [S, [0, 0.375, 0.375, 0.25, 0.25]]),
        (2, "row-misread", "0.5 0.5 0.25 0.25 is read as two points"),
        release="8.4.119",
    ),
    case(
        *(f"{SQUARE}\n{ROW}", [S, [0, 0.375, 0.375, 0.25, 0.25]]),
        (2, "row-misread", "is read as two points"),
        release="8.4.60",
    ),
    case(f"{SQUARE}\n{SQUARE}", [S], (2, "duplicate-box", f"{SAME} 1")),
    case(f"{SQUARE}\n3 0.75 0.75 0.25 0.25 0.5 0.5", [S], (2, "duplicate-box", SAME)),  # other points, same box
    case("3.5 .25 .25 .75 .25 .75 .75", [], (1, "class-not-an-integer", "class is 3.5")),
    case("9 .25 .25 .75 .25 .75 .75", [], (1, "class-too-large", "9, but there are 4 classes"), nc=4),
]

GROUPS = {
    "text": TEXTS,
    "fields": FIELDS,
    "ranges": RANGES,
    "classes": CLASSES,
    "duplicates": DUPLICATES,
    "polygons": POLYGONS,
}


@pytest.mark.parametrize("case", [case for cases in GROUPS.values() for case in cases], ids=str)
def test_rows_and_findings(case):
    data = case.text if isinstance(case.text, bytes) else case.text.encode()
    table = parse_labels(data, "a.txt", rules_as(case.release), case.nc, batch=case.batch)
    assert table.rows.dtype == np.float32
    assert table.rows[:, 1:].tolist() == np.array(case.rows, np.float32).reshape(-1, 5).tolist()
    assert len(table.lines) == len(table.rows)
    assert [(found.line, found.id) for found in table.findings] == [(line, kind) for line, kind, _ in case.said]
    for found, (_, _, part) in zip(table.findings, case.said, strict=True):
        assert part in found.message
        assert found.where == (f"a.txt:{found.line}" if found.line else "a.txt")
    assert bool(table.failures) == any(KINDS[kind].grade == ERROR for _, kind, _ in case.said)


def test_rows_of_a_batch_keep_their_images():
    table = parse_labels(b"2 0 .5 .5 .5 .5\n0 1 .5 .5 .5 .5\n", "a.txt", TODAY, batch=True)
    assert table.rows[:, :2].tolist() == [[2, 0], [0, 1]]


def test_rows_keep_their_lines_when_they_are_sorted():
    table = parse_labels(f"\n{ROW_C}\n\n{ROW}\n{ROW_C}\n".encode(), "a.txt", TODAY)
    assert [table.place(row) for row in range(2)] == ["a.txt:4", "a.txt:2"]


# --- the fast way through a good file is only a way ------------------------------------------------------------------

EXAMPLES = settings(max_examples=400, deadline=None, derandomize=True)
releases = st.sampled_from(["8.0.0", "8.3.99", "8.3.163", "8.4.60", "8.4.120", NOW])


@EXAMPLES
@given(label_file_strategy(), releases, st.sampled_from([None, 1, 3]), st.booleans())
@example(b"0 .5 .5 .5 .5\n0 .5 .5 .5 .5", NOW, None, False)
@example(b"-0 -0 0 0 0", NOW, 1, False)
def test_it_reads_what_the_row_by_row_reader_reads(data, release, nc, batch):
    rules = rules_as(release)
    fast = parse_labels(data, "a.txt", rules, nc, batch=batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_text, "_all_at_once", lambda *arguments: None)
        slow = parse_labels(data, "a.txt", rules, nc, batch=batch)
    assert fast.rows.tobytes() == slow.rows.tobytes()
    assert (fast.lines.tolist(), fast.form, fast.findings) == (slow.lines.tolist(), slow.form, slow.findings)


@EXAMPLES
@given(label_file_strategy(), releases, st.sampled_from([None, 1, 3]), st.booleans())
@example(b"\xef\xbb\xbf0 .5 .5 .5 .5", "8.4.60", None, False)
@example(b"\x0c\x1c\xc2\x85", NOW, None, False)  # white space that only Python knows
def test_nothing_is_changed_or_dropped_in_silence(data, release, nc, batch):
    nothing_is_silent(data, rules_as(release), nc, batch)
