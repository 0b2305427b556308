"""One label file at a time: which rows training reads from it, and what is said of every other one, by release."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

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
D, ROW_D = [3, 0.5, 0.5, 0.5, 0.5], "3 0.5 0.5 0.5 0.5"
WIDTHS = ((1, "wrong-column-count", "found 3"), (2, "wrong-column-count", "found 2"))

TEXTS = [
    case("", []),  # nothing at all
    case("\n \t\n\r\n", []),  # blank lines are no rows
    case(ROW, [B]),  # no newline at the end
    case(f"{ROW}\n\n\n{ROW_C}\n", [B, C]),  # empty lines between rows
    case(f"{ROW}\n\n\n{ROW_C}\n", [B, C], release="8.0.0"),
    case(f" \n{ROW}\n \t\n{ROW_C}\n \n", [B, C], release="8.4.165"),  # white space between rows is skipped
    case(  # before it is a row without numbers; at the ends of a file it never is
        *(f" \n{ROW}\n \t\n{ROW_C}\n \n", [B, C]),
        (3, "blank-row", "which 8.4.164 takes for a row without numbers"),
        release="8.4.164",
    ),
    case(f"{ROW}\r\n{ROW_C}\r\n", [B, C]),  # as Windows writes
    case(f"{ROW}\r{ROW_C}\r", [B, C]),  # as old Macs wrote
    case(f"{ROW}\v{ROW_C}\f{ROW_ONE}\x1c", [B, C, ONE], (3, "same-box-other-class", "line 1")),  # all that end a line
    case(f"{ROW}\x85{ROW_C}\u2028{ROW_D}\u2029", [B, C, D]),
    case("0 0.5 0.5\x0c0.25 0.25", [], *WIDTHS),  # such a character cuts a row in two
    case("0\x1f0.5\u00a00.5\u30000.25 0.25", [B]),  # all other white space stands between fields
    case("0 0.5\u200b0.5 0.25 0.25 ", [], (1, "wrong-column-count", "found 4")),  # what has no width is none
    case("0\t0.5\t0.5 \t 0.25\t0.25  \n", [B]),  # tabs, and blanks at the end
    case("0 5e-1 .5 +0.25 25E-2", [B]),  # every way to write a number
    case("٠ ٠.٥ 0.5 0.25 0.25", [B]),  # digits of other scripts, as Python reads them
    case(f"\ufeff{ROW}\n", [B]),  # a byte order mark
    case(f"\ufeff\n{ROW}", [B]),  # before a blank line
    case(f"\ufeff{ROW}\n", [B], release="8.4.183"),  # from there on
    case(f"\ufeff{ROW}\n{ROW_C}", [C], (1, "byte-order-mark", "8.4.182 takes"), release="8.4.182"),  # until then
    case("\ufeff", [], (1, "byte-order-mark", "begins with"), release="8.4.182"),  # a mark and nothing else
    case("\ufeff\n", [], (1, "byte-order-mark", "begins with"), release="8.0.0"),
    case(f"{ROW}\n\ufeff{ROW}", [B], (2, "not-a-number", "is not a number")),  # elsewhere it is no mark
    case("0,0.5,0.5,0.25,0.25", [], (1, "wrong-column-count", "found 1")),  # commas
    case("0, 0.5, 0.5, 0.25, 0.25", [], (1, "not-a-number", "'0,' is not a number")),  # commas and blanks
    case(f"# class cx cy w h\n{ROW}", [B], (1, "confidence-column", "found 6")),  # a comment of six words
    case(f"{ROW}\n# person", [B], (2, "wrong-column-count", "found 2")),  # a comment of two
    case(f"{ROW} # person", [], (1, "not-a-number", "'#'")),  # behind a row: seven fields, a polygon
    case("person 0.5 0.5 0.25 0.25", [], (1, "not-a-number", "'person'")),
    case("0 0.5 0.5 0.2_5 0.25", [B]),  # as Python reads it
    case("0 0.5 0.5 0.25_ 0.25", [], (1, "not-a-number", "'0.25_'")),  # nor does Python read this
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
        (1, "byte-order-mark", "8.4.182 takes"),
        (3, "not-text", "byte 0xff"),
        release="8.4.182",
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
    case("0 0.5 0.5 -0.005 0.25", [[0, 0.5, 0.5, -0.005, 0.25]], release="8.4.181"),
    case("0 0.5 0.5 -0.005 0.25", [], (1, "negative-size", "w is -0.005"), release="8.4.182"),
    case("0 0.5 0.5 -0.02 0.25", [], (1, "negative-size", "w is -0.02"), release="8.4.181"),
    case("0 0.5 0.5 -0.005 0.25", [], (1, "negative-size", "w is -0.005"), release="8.3.162"),
]

CLASSES = [
    case("1.5 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is 1.5")),
    case("1.5 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is 1.5"), release="8.4.164"),
    case("1.5 0.5 0.5 0.25 0.25", [[1.5, *B[1:]]], (1, "class-truncated", "1.5, read as 1"), release="8.4.163"),
    case("-0.005 0.5 0.5 0.25 0.25", [[-0.005, *B[1:]]], (1, "class-truncated", "read as 0"), release="8.4.163"),
    case("-0.005 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is -0.005"), release="8.3.162"),
    case("-0.5 0.5 0.5 0.25 0.25", [], (1, "class-not-an-integer", "class is -0.5"), release="8.4.163"),
    case("1.5 0.5 0.5 0.25 0.25", [[1.5, *B[1:]]], (1, "class-truncated", "read as 1"), nc=2, release="8.4.163"),
    case("2.5 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "2.5, but there are 2"), nc=2, release="8.3.65"),
    case("1.0 0.5 0.5 0.25 0.25", [ONE]),  # a whole number, however it is written
    case("0.99999999999 0.5 0.5 0.25 0.25", [ONE]),  # 1 in float32
    case("-1 0.5 0.5 0.25 0.25", [], (1, "negative-class", "class is -1")),
    case("79 0.5 0.5 0.25 0.25", [[79, 0.5, 0.5, 0.25, 0.25]], nc=80),
    case("80 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "80, but there are 80 classes, 0 to 79"), nc=80),
    case("1 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "but there is 1 class, 0"), nc=1),
    case("80 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "class is 80"), nc=80, release="8.3.66"),
    case(  # class nc passed before 8.3.66
        *("2 0.5 0.5 0.25 0.25", [[2, 0.5, 0.5, 0.25, 0.25]]),
        (1, "class-equals-count", "2, but there are 2 classes, 0 to 1"),
        nc=2,
        release="8.3.65",
    ),
    case("3 0.5 0.5 0.25 0.25", [], (1, "class-too-large", "are 2 classes, 0 to 1"), nc=2, release="8.3.65"),
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
OTHER = "3 0.75 0.75 0.25 0.25 0.5 0.5"  # other points in the same box
POINTS = "{} 0.25 0.25 0.75 0.25 0.75 0.75"
Z, ZERO = [0, 0.5, 0.5, 0.5, 0.5], "0 0.25 0.25 0.75 0.25 0.75 0.75"
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
    case(f"{SQUARE}\n{ROW}", [S], (2, "box-in-polygon-file", "a box of 5 numbers"), release="8.4.117"),
    case(  # before 8.4.117 the box is misread as two points: (0.5, 0.5) and (0.25, 0.25)
        *(f"{SQUARE}\n{ROW}", [S, [0, 0.375, 0.375, 0.25, 0.25]]),
        (2, "row-misread", "0.5 0.5 0.25 0.25 is read as two points"),
        release="8.4.116",
    ),
    case(f"{SQUARE}\n{SQUARE}", [S], (2, "duplicate-box", "the same class and polygon as in line 1")),
    case(f"{SQUARE}\n{OTHER}", [S, S], release="8.4.165"),  # other points are another polygon
    case(f"{SQUARE}\n{OTHER}", [S], (2, "duplicate-box", f"{SAME} 1"), release="8.4.164"),  # before, the box decides
    case(f"{ZERO}\n-{ZERO}", [Z, [-0.0, *Z[1:]]]),  # -0 is another byte than 0
    case(f"{ZERO}\n-{ZERO}", [Z], (2, "duplicate-box", SAME), release="8.4.164"),
    case(  # polygons are sorted by their bytes, the lowest first, and 2.0 is 00 00 00 40, 1.0 is 00 00 80 3f
        f"{POINTS.format(1)}\n{POINTS.format(2)}\n{POINTS.format(1)}",
        [[2, 0.5, 0.5, 0.5, 0.5], [1, 0.5, 0.5, 0.5, 0.5]],
        (2, "same-box-other-class", "of class 2 instead of 1"),
        (3, "duplicate-box", "polygon as in line 1"),
    ),
    case(  # and by their numbers before
        f"{POINTS.format(2)}\n{POINTS.format(1)}\n{POINTS.format(2)}",
        [[1, 0.5, 0.5, 0.5, 0.5], [2, 0.5, 0.5, 0.5, 0.5]],
        (2, "same-box-other-class", "of class 1 instead of 2"),
        (3, "duplicate-box", f"{SAME} 1"),
        release="8.4.164",
    ),
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
