"""Everything wrong that a user can hand in, one row each: labels and options here; test_errors.py runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Bad:
    """Bad input and the error that it must give.

    Attributes:
        id: of the error.
        place: what the message begins with.
        says: part of the message.
        arguments: of ``yolo-assign trace``.
        hint: part of the hint; empty where none is due.
        files: to write before, by name.
        heads: what to write to heads.npz: shapes of maps of zeros by name, or a function that writes the file.
        about: tells rows of the same id apart.
    """

    id: str
    place: str
    says: str
    arguments: Sequence[str]
    hint: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    heads: Mapping[str, Sequence[int]] | Callable[[Path], object] | None = None
    about: str = ""

    def __str__(self) -> str:
        return f"{self.id} {self.about}".strip()


GOOD = "0 0.5 0.5 0.5 0.5\n"
GOOD_HEADS = {"p3": (1, 65, 8, 8), "p4": (1, 65, 4, 4), "p5": (1, 65, 2, 2)}


def named(id: str, place: str, says: str, *arguments: str, hint: str = "") -> Bad:
    """Good labels, wrong options."""
    return Bad(id, place, says, ["--labels", "one.txt", *arguments], hint, {"one.txt": GOOD}, about=" ".join(arguments))


def label_row(id: str, row: str | bytes, says: str, hint: str = "", *, line: int = 2, before: str = GOOD) -> Bad:
    """A label file with a good row and then a bad one, read as the newest release does."""
    content = before.encode() + (row if isinstance(row, bytes) else row.encode())
    arguments = ["--labels", "my.txt", "--release", "8.4.190"]
    return Bad(id, f"my.txt:{line}", says, arguments, hint, {"my.txt": content}, about=repr(row)[:40])


LABELS = [
    Bad("no-such-file", "missing.txt", "no such label file", ["--labels", "missing.txt"]),
    Bad("no-such-file", "", "no such label file", ["--labels", "a" * 200 + "/x.txt"], about="in a missing folder"),
    Bad(
        "empty-folder", "a_folder", "neither images nor label files lie here", ["--labels", "a_folder"], "labels in txt"
    ),
    Bad("not-text", "my.txt", "a binary file", ["--labels", "my.txt"], "", {"my.txt": b"\x89PNG\r\n\x1a\n\0\0"}),
    label_row("not-text", b"0 .5 .5 .5 .5 \xe9", "not UTF-8 text: byte 0xe9", "UTF-8"),
    # columns
    label_row("wrong-column-count", "0 .5 .5 .5", "expected 5 numbers (class cx cy w h), found 4"),
    label_row("confidence-column", "0 0 .5 .5 .5 .5", "expected 5 numbers (class cx cy w h), found 6", "leave it out"),
    label_row("wrong-column-count", "0 .5 .5 .5 .5", "expected 6", before="0 0 .5 .5 .5 .5\n"),
    label_row("wrong-column-count", "0 .5 .5", "expected 5 numbers (class cx cy w h)", before="", line=1),
    label_row("wrong-column-count", "0,.5,.5,.5,.5", "found 1", "commas", before="", line=1),
    label_row("box-in-polygon-file", "0 .1 .1 .2 .1 .2 .2 .1 .2", "a box of 5 numbers in a file of polygons", line=1),
    label_row("odd-coordinates", "0 .1 .1 .2 .1 .2 .2 .1", "found 7 coordinates", before="", line=1),
    # numbers
    label_row("not-a-number", "person .5 .5 .5 .5", "'person' is not a number"),
    label_row("not-a-number", "0 .5 .5 1__0 .5", "'1__0' is not a number"),
    label_row("not-finite", "0 nan .5 .5 .5", "nan is not a finite number"),
    label_row("not-finite", "0 .5 .5 inf .5", "inf is not a finite number"),
    label_row("not-finite", "-inf .5 .5 .5 .5", "-inf is not a finite number"),
    # ranges
    label_row("out-of-range", "0 1.02 .5 .5 .5", "cx is 1.02, expected a number from 0 to 1"),
    label_row("out-of-range", "0 .5 -0.1 .5 .5", "cy is -0.1"),
    label_row("out-of-range", "0 .5 .5 .5 1.5", "h is 1.5"),
    label_row("out-of-range", "0 320 240 64 64", "cx is 320", "fractions of the image's width and height"),
    label_row("negative-size", "0 .5 .5 -.5 .5", "w is -0.5"),
    label_row("class-not-an-integer", "1.5 .5 .5 .5 .5", "class is 1.5, expected a whole number"),
    label_row("negative-class", "-1 .5 .5 .5 .5", "class is -1", "counted from 0"),
    label_row("class-too-large", "1e6 .5 .5 .5 .5", "class is 1e+06"),
    label_row("image-not-an-integer", "0.5 0 .5 .5 .5 .5", "image is 0.5", before="0 0 .5 .5 .5 .5\n"),
    label_row("negative-image", "-1 0 .5 .5 .5 .5", "image is -1", "counted from 0", before="0 0 .5 .5 .5 .5\n"),
    label_row("image-too-large", "1e9 0 .5 .5 .5 .5", "image is 1e+09", before="0 0 .5 .5 .5 .5\n"),
    # labels against the rest
    Bad(
        "class-too-large",
        "labels.txt:4",
        "class is 2, but there are 2 classes, 0 to 1, according to --nc",
        ["--labels", "labels.txt", "--nc", "2"],
        about="--nc",
    ),
    Bad(
        "class-too-large",
        "labels.txt:1",
        "according to my.yaml",
        ["--labels", "labels.txt", "--shapes", "my.yaml"],
        files={"my.yaml": "imgsz: 640\nmaps: [[8, 8]]\nnc: 1\n"},
        about="shapes file",
    ),
    Bad(
        "wrong-channels",
        "heads.npz",
        "found 65: 1 class at reg_max 16; the labels need at least 3 classes",
        ["--labels", "labels.txt", "--heads", "heads.npz"],
        "channels = 4·reg_max + nc",
        heads=GOOD_HEADS,
        about="labels",
    ),
    Bad(
        "image-too-large",
        "labels.txt:3",
        "image is 1, but the batch has 1 image, 0, according to heads.npz",
        ["--labels", "labels.txt", "--heads", "heads.npz"],
        heads={"p3": (1, 67, 8, 8), "p4": (1, 67, 4, 4), "p5": (1, 67, 2, 2)},
        about="heads",
    ),
    Bad(
        "image-too-large",
        "labels.txt:4",
        "the batch has 2 images",
        ["--labels", "labels.txt", "--shapes", "my.yaml"],
        files={"my.yaml": "imgsz: 640\nmaps: [[8, 8]]\nbatch: 2\n"},
        about="shapes file",
    ),
]


USAGE = "yolo-assign trace --help"

ARGUMENTS = [
    Bad("no-labels", "", "neither --labels nor --data was given", [], "--data a data.yaml"),
    named("usage", "", "No such option: --label-file", "--label-file", "x", hint=USAGE),
    named("usage", "", "--nc", "--nc", "0", hint=USAGE),
    named("usage", "", "'many' is not a valid int", "--nc", "many", hint=USAGE),
    named("usage", "", "--digits", "--digits", "18", hint=USAGE),
    named("usage", "", "--seed", "--seed", "-1", hint=USAGE),
    named("unknown-release", "--release", "'newest' is no release", "--release", "newest", hint="--release 8.4.190"),
    named("unknown-release", "--release", "ultralytics 7.0.0 has no", "--release", "7.0", hint="8.0.0"),
    named("unknown-mode", "--mode", "'test' is no mode", "--mode", "test", hint="val, train"),
    named("wrong-limit", "--max-log", "nan is no size", "--max-log", "nan", hint="0 means no limit"),
    named("options-exclude", "more.txt", "stands for --labels", "more.txt", hint="leave one of them out"),
    named("usage", "", "unexpected extra argument", "more.txt", "other.txt", hint=USAGE),
    named("unknown-stage", "--stage", "has no stage 'topp'", "--stage", "topp", hint="did you mean topk?"),
    named(
        "unknown-tracer",
        "--tracer",
        "no installed tracer is called 'mine'",
        "--tracer",
        "mine",
        hint="package.module:Class",
    ),
    named("unknown-tracer", "--tracer", "there is no module 'no_such_module'", "--tracer", "no_such_module:Class"),
    named("unknown-tracer", "--tracer", "has no attribute 'Absent'", "--tracer", "json:Absent"),
    named("broken-tracer", "--tracer", "expected a subclass of yolo_assign_trace.Tracer", "--tracer", "json:__doc__"),
]
