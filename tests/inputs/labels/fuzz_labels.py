"""The reader of labels under fire: hypothesis inputs and damaged real files, as many as there is time for.

    python -m tests.inputs.labels.fuzz_labels 1000000 [--seed 0] [--folder path/to/labels]
    python -m tests.inputs.labels.fuzz_labels 100000 --hypothesis

damages label files (those of ``--folder``, or a few of its own), or lets hypothesis invent some, and ends with the
number of inputs that went through, or with the bytes that did not. Needs the package on the path. The suite runs
:func:`nothing_is_silent` on a few hundred inputs.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import hypothesis
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yolo_assign_trace.inputs.labels.findings import ERROR
from yolo_assign_trace.inputs.labels.row import BATCH, BOXES, POLYGONS
from yolo_assign_trace.inputs.labels.rules import TODAY, LabelRules, rules_as
from yolo_assign_trace.inputs.labels.text import parse_labels

RULED_BY = ("8.0.0", "8.3.66", "8.3.163", "8.4.117", "8.4.164", "8.4.165", "8.4.182", "8.4.190")
"""A release of every set of rules."""


def nothing_is_silent(data: bytes, rules: LabelRules = TODAY, nc: int | None = None, batch: bool = False) -> None:
    """Read ``data`` and compare with a judge that only splits lines and lets numpy make float32 of the words.

    Every line is either a row of the result, exactly as numpy reads it, or named by a finding.
    """
    table = parse_labels(data, "a.txt", rules, nc, batch=batch)
    no_text = [found.line for found in table.findings if found.id == "not-text"]
    if b"\0" in data:
        assert no_text == [0]
        assert bool(table.failures)
        assert not len(table.rows)
        return
    # a line that is no text becomes one that is no row
    numbered = list(enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1))
    lines = {number: line.split() for number, line in numbered if line.split()}
    assert set(no_text) <= {number for number, line in lines.items() if "\ufffd" in "".join(line)}
    said = {(found.line, found.id) for found in table.findings}
    named = {found.line for found in table.findings if found.grade == ERROR or found.id == "duplicate-box"}
    blank = {number for number, line in numbered if line.isspace() and min(lines, default=number) < number < max(lines)}
    assert {line for line, kind in said if kind == "blank-row"} == (blank if rules.blank_is_a_row else set())
    read = dict(zip(table.lines.tolist(), table.rows, strict=True))
    assert len(read) == len(table.rows), "a line twice"
    assert set(read) <= set(lines), "a row from nowhere"
    assert set(lines) - set(read) <= named, "a line in neither"
    for number, row in read.items():
        with np.errstate(over="ignore"):
            expected = np.array([float(word) for word in lines[number]], dtype=np.float32)
        assert (row == as_box(expected, table.form)).all(), "another number than in the file"
        assert ((number, "class-truncated") in said) == (row[1] != int(row[1])), "a class that the loss cuts"
        misread = table.form == POLYGONS and len(lines[number]) == 5
        assert ((number, "row-misread") in said) == misread, "a box that is read as points"
    order = table.lines.tolist()
    if not any(found.id == "duplicate-box" for found in table.findings):
        assert order == sorted(order), "another order than in the file"
    if not table.findings and lines:
        assert len(read) == len(lines)
    assert bool(table.failures) == any(found.grade == ERROR for found in table.findings)


def as_box(numbers: np.ndarray, form: str) -> np.ndarray:
    """Image, class, cx, cy, w, h of a row's numbers."""
    if form == BATCH:
        return numbers
    if form == BOXES:
        return np.concatenate([[np.float32(0)], numbers])
    assert form == POLYGONS
    x, y = numbers[1::2], numbers[2::2]
    left, top, right, bottom = x.min(), y.min(), x.max(), y.max()
    half = np.float32(2)
    box = [(left + right) / half, (top + bottom) / half, right - left, bottom - top]
    return np.array([0, numbers[0], *box], dtype=np.float32)


def label_file_strategy() -> st.SearchStrategy[bytes]:
    """Files from noise over words that look like numbers to rows that are nearly right."""
    words = st.one_of(
        st.sampled_from(
            ["0", "1", "2", "0.5", "0.25", "1.0", "1.01", "-0.01", "-0", "1.0100001", "1.5", "nan", "1e39"]
        ),
        st.sampled_from(["inf", "1e-50", "1_0", "٠.٥", "x", "#", "0,", "-1", "+.5", "1e5", "\ufeff0", "100001", "0x1"]),
        st.floats(-0.125, 1.125, width=32).map(repr),
        st.floats().map(repr),
        st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4),
    )
    good = st.sampled_from(["0 .5 .5 .25 .25", "1 .5 .5 .25 .25", "2 .1 .2 .3 .4", "0 .1 .1 .2 .1 .2 .2"])
    rows = st.one_of(
        good, good, st.lists(words, max_size=9).map(" ".join), st.lists(words, min_size=5, max_size=6).map(" ".join)
    )
    ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n", "\n\t", "\n \n", "\x0c", "\x85", "\u2028"])
    files = st.tuples(st.lists(st.tuples(rows, ends).map("".join), max_size=7).map("".join), st.booleans())
    texts = files.map(lambda file: ("\ufeff" * file[1] + file[0]).encode())
    return st.one_of(texts, texts, texts, st.text().map(str.encode), st.binary(max_size=60))


OWN = (
    b"45 0.479492 0.688771 0.955609 0.595500\n45 0.736516 0.247188 0.498875 0.476417\n",
    b"3 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n1 0.1 0.1 0.2 0.1 0.2 0.2\n",
    b"0 0 0.5 0.5 0.25 0.25\n1 2 0.5 0.5 0.25 0.25\n",
)
PIECES = (
    *(
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b"\x0c",
        b"\x1f",
        b"\xc2\x85",
        b",",
        b"-",
        b".",
        b"e",
        b"_",
        b"#",
        b"\x00",
        b"\xff",
    ),
    *(b"0", b"1", b"9", b"0.5", b"1.01", b"-0.01", b"80", b"1e39", b"nan", b"inf", b"\xd9\xa1", b"\xef\xbb\xbf"),
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """``data`` with one to four places overwritten, cut, doubled or filled."""
    lines = data.split(b"\n")
    start = chance.randrange(len(lines))
    file = bytearray(
        b"\n".join(lines[start : start + chance.randint(1, 6)])
    )  # a part, so that more inputs fit into a run
    for _ in range(chance.randint(1, 4)):
        at, kind = chance.randrange(len(file) + 1), chance.randrange(6)
        length = chance.randint(1, 12)
        if kind == 0:
            file[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del file[at : at + length]
        elif kind == 2:
            file[at:at] = file[at : at + 8 * length]
        elif kind == 3:
            file[at:at] = chance.choice(PIECES)
        elif kind == 4:
            file[at : at + 1] = chance.choice(PIECES)
        else:
            file += b"\n" + file[chance.randrange(len(file) + 1) :]
    return bytes(file)


RELEASES = [rules_as(text) for text in RULED_BY]
COUNTS = (None, 3, 80)


def with_damaged_files(inputs: int, seed: int, files: list[bytes]) -> None:
    """Feed damaged copies of ``files`` to the reader."""
    chance = random.Random(seed)
    for number in range(inputs):
        data, rules, nc = mutated(chance.choice(files), chance), chance.choice(RELEASES), chance.choice(COUNTS)
        batch = chance.random() < 0.2
        try:
            nothing_is_silent(data, rules, nc, batch)
        except BaseException:
            print(f"input {number}: {data!r} as {rules.name}, nc {nc}, batch {batch}")
            raise


def with_invented_files(inputs: int, seed: int) -> None:
    """Feed what hypothesis invents to the reader."""

    @hypothesis.seed(seed)
    @settings(max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(label_file_strategy(), st.sampled_from(RELEASES), st.sampled_from(COUNTS), st.booleans())
    def check(data: bytes, rules: LabelRules, nc: int | None, batch: bool) -> None:
        nothing_is_silent(data, rules, nc, batch)

    check()


def main() -> None:
    parser = argparse.ArgumentParser(description="Feed strange label files to the reader.")
    parser.add_argument("inputs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="label files to damage")
    parser.add_argument("--hypothesis", action="store_true", help="let hypothesis invent files instead")
    options = parser.parse_args()
    start = time.monotonic()
    if options.hypothesis:
        what = "invented files"
        with_invented_files(options.inputs, options.seed)
    else:
        paths = sorted(options.folder.rglob("*.txt")) if options.folder else []
        files = [data for data in [*(path.read_bytes() for path in paths), *OWN] if data]
        what = f"damaged copies of {len(files)} files"
        with_damaged_files(options.inputs, options.seed, files)
    print(f"{options.inputs:,} {what}, seed {options.seed}, {time.monotonic() - start:.0f} s: no defect")


if __name__ == "__main__":
    main()
