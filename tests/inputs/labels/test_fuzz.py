"""Whatever stands in a file, a reader gives its content or an InputError with the file's name, and nothing else."""

from __future__ import annotations

import math
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.file_batch import read_labels
from yolo_assign_trace.inputs.heads.channels import Expectations
from yolo_assign_trace.inputs.heads.layout import read_heads
from yolo_assign_trace.inputs.heads.shapes import KEYS, Shapes, read_shapes

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "my.yaml"


def content_or_error(reader, path: Path):
    """What the reader returns; None after an InputError, which must name the file."""
    try:
        return reader()
    except InputError as error:
        problem = error
    assert problem.id
    assert problem.message
    assert problem.where.startswith(str(path))
    return None


words = st.one_of(
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4),
    st.floats().map(repr),
    st.integers().map(str),
    st.floats(0, 1).map(repr),
    st.sampled_from(["0", "1", "nan", "-0", "1e5", "0x1", "1_0", "١", "infinity", "1e400"]),
)
label_texts = st.lists(st.lists(words, max_size=7).map(" ".join), max_size=5).map("\n".join)
like_rows = st.lists(st.lists(st.sampled_from(["0", "1", "0.5", "1.0", "2"]), min_size=5, max_size=6), max_size=4)


@EXAMPLES
@given(st.one_of(st.binary(), st.text().map(str.encode), label_texts.map(str.encode)))
@example(b"\xef\xbb\xbf0 .5 .5 .5 .5")  # a byte order mark
@example(b"\x0c\x1c\xc2\x85")  # line ends that only Python knows
def test_labels(path, data):
    path.write_bytes(data)
    labels = content_or_error(lambda: read_labels(path), path)
    if labels is not None:
        assert labels.rows.shape == (len(labels.table.lines), 6)
        assert np.isfinite(labels.rows).all()
        assert (labels.rows[:, [0, 1, 4, 5]] >= 0).all()
        assert (labels.rows[:, 2:4] >= np.float32(-0.01)).all()
        assert (labels.rows[:, 2:] <= np.float32(1.01)).all()
        assert (labels.rows[:, :2] == np.floor(labels.rows[:, :2])).all()


@EXAMPLES
@given(like_rows)
def test_labels_are_read_as_a_plain_split_reads_them(path, rows):
    path.write_text("\n".join(" ".join(row) for row in rows))
    labels = content_or_error(lambda: read_labels(path), path)
    numbers = [[float(word) for word in row] for row in rows]
    good = len({len(row) for row in rows}) <= 1 and all(max(row[-4:]) <= 1 for row in numbers)
    good = good and all(value == int(value) for row in numbers for value in row[:-4])
    assert (labels is not None) == good
    if good:
        lines = [f"{path}:{line}" for line in range(1, len(rows) + 1)]
        expected = dict(zip(lines, [row if len(row) == 6 else [0.0, *row] for row in numbers], strict=True))
        places = [labels.table.place(row) for row in range(len(labels.rows))]
        read = dict(zip(places, labels.rows.tolist(), strict=True))
        assert read.items() <= expected.items()
        if len({tuple(row) for row in expected.values()}) == len(rows) or labels.has_images:  # nothing twice
            assert list(read.items()) == list(expected.items())
        else:  # one of each, sorted
            assert list(read.values()) == sorted({tuple(row): row for row in expected.values()}.values())


scalars = st.sampled_from(
    [
        *(
            "640",
            "[640, 320]",
            "[[8, 8], [4, 4]]",
            "[[8, 8]]",
            "[80]",
            "3",
            "-1",
            "0.5",
            "yes",
            "~",
            "'8'",
            "1e3",
            ".nan",
        ),
        *(
            "2020-99-99",
            "0b_",
            "!!float x",
            "!!binary '!'",
            "&a [*a]",
            "*b",
            "{a: 1}",
            "12:30:45",
            "[[1, 1]",
            "%",
            "\t1",
        ),
    ]
)
entries = st.tuples(st.sampled_from([*KEYS, "<<", "? [1]", "1", "key"]), scalars).map(": ".join)
shapes_texts = st.lists(entries, max_size=6).map("\n".join)


@EXAMPLES
@given(st.one_of(st.binary(), st.text(string.printable).map(str.encode), shapes_texts.map(str.encode)))
@example(b"imgsz: 640\nmaps: [[8, 8]]\nnc: 2020-99-99")
@example(b"imgsz: &a [*a]\nmaps: [[8, 8]]")
@example(b"[" * 2000)
def test_shapes(path, data):
    path.write_bytes(data)
    shapes = content_or_error(lambda: read_shapes(str(path)), path)
    if shapes is not None:
        assert shapes.grid.anchors > 0
        assert all(value is None or value >= 1 for value in (shapes.nc, shapes.reg_max, shapes.batch))


@EXAMPLES
@given(st.integers(0, 1 << 16), st.binary(max_size=40), st.booleans())
def test_heads_with_damage_anywhere(path, start, damage, compressed):
    maps = {"p3": np.arange(256, dtype=np.float32).reshape(1, 16, 4, 4)}
    with path.open("wb") as file:
        (np.savez_compressed if compressed else np.savez)(file, **maps)
    data = bytearray(path.read_bytes())
    start %= len(data)
    data[start : start + len(damage)] = damage
    path.write_bytes(data)
    expected = Expectations(Shapes("one map", Grid.of((32, 32), [(4, 4)])), reg_max=1)
    heads = content_or_error(lambda: read_heads(path, expected), path)
    if heads is not None:
        assert math.prod(heads.maps[0].shape) > 0
        assert heads.maps[0].dtype == np.float32
