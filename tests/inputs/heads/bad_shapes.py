"""Rows of bad input about feature-map shapes; test_errors.py runs them."""

from __future__ import annotations

from tests.inputs.bad_input import GOOD, Bad, named


def shapes(id: str, text: str, says: str, line: int | None = None, hint: str = "") -> Bad:
    """A bad shapes file."""
    place = "my.yaml" if line is None else f"my.yaml:{line}"
    arguments = ["--labels", "one.txt", "--shapes", "my.yaml"]
    return Bad(
        id, place, says, arguments, hint, {"my.yaml": text, "one.txt": GOOD}, about=repr(text.removeprefix(START))[:50]
    )


START = "imgsz: 640\nmaps: [[8, 8]]\n"

SHAPES = [
    named(
        "unknown-shapes", "--shapes", "'yolo8' is neither a named layout nor a file", "--shapes", "yolo8", hint="yolov8"
    ),
    named("no-such-file", "my.yaml", "no such shapes file", "--shapes", "my.yaml"),
    named("is-a-folder", "a_folder", "a folder, not a shapes file", "--shapes", "a_folder"),
    Bad(
        "unknown-shapes",
        "--shapes",
        "neither a named layout nor a file",
        ["--labels", "one.txt", "--shapes", "a" * 300],
        files={"one.txt": GOOD},
        about="longer than a file name may be",
    ),
    # text that is no shapes file
    shapes("wrong-yaml", "", "keys and values", hint="docs/shapes.md"),
    shapes("wrong-yaml", "[640, 640]", "keys and values", hint="docs/shapes.md"),
    shapes("wrong-yaml", "imgsz: 640\nmaps: [[8, 8]", "not valid YAML", 2),
    shapes("wrong-yaml", "imgsz: \x07", "not valid YAML"),
    shapes("not-text", "imgsz: \0", "a binary file"),
    shapes("wrong-yaml", START + "nc: !!python/object:os.system x", "not valid YAML", 3),
    # scalars that YAML announces as numbers and dates, but that are none
    shapes("wrong-yaml", START + "nc: 2020-99-99", "", 3),
    shapes("wrong-yaml", START + "nc: 0x_", "", 3),
    shapes("wrong-yaml", START + "nc: !!int abc", "", 3),
    shapes("wrong-yaml", START + "nc: !!bool maybe", "", 3),
    shapes("wrong-yaml", START + "nc: !!timestamp soon", "", 3),
    shapes("wrong-yaml", START + "nc: " + "9" * 5000, "", 3),
    # keys
    shapes("unknown-key", START + "reg-max: 16", "'reg-max' is no key of a shapes file", 3, "did you mean reg_max"),
    shapes("missing-key", "imgsz: 640", "maps is missing", hint="docs/shapes.md"),
    shapes("missing-key", "maps: [[8, 8]]", "imgsz is missing", hint="docs/shapes.md"),
    shapes("duplicate-key", START + "imgsz: 320", "imgsz stands here and in line 1", 3),
    # values
    shapes(
        "wrong-value", "imgsz: big\nmaps: [[8, 8]]", "imgsz is 'big', expected a number of px or [height, width]", 1
    ),
    shapes("wrong-value", "imgsz: [640]\nmaps: [[8, 8]]", "imgsz is [640]", 1),
    shapes("wrong-value", "imgsz: 640\nmaps: 8", "maps is 8, expected a list of [height, width]", 2),
    shapes("wrong-value", "imgsz: 640\nmaps: []", "maps is []", 2),
    shapes("wrong-value", "imgsz: 640\nmaps: [[8, 0]]", "maps is [[8, 0]]", 2),
    shapes("wrong-value", START + "strides: [80, 160]", "expected a list of 1 numbers of px", 3),
    shapes("wrong-value", START + "nc: 0", "nc is 0, expected a whole number from 1", 3),
    shapes("wrong-value", START + "nc: yes", "nc is True", 3),
    shapes("wrong-value", START + "reg_max: 1.5", "reg_max is 1.5", 3),
    shapes("wrong-value", START + "batch: [4]", "batch is [4]", 3),
    # maps against the input
    shapes("maps-do-not-tile", "imgsz: 640\nmaps: [[8, 8], [3, 3]]", "maps[1]: a map of 3x3 cells", 2, "height, width"),
    shapes("maps-do-not-tile", "imgsz: [320, 640]\nmaps: [[8, 8]]", "40 px high and 80 px wide", 2, "height, width"),
    shapes("maps-do-not-tile", START + "strides: [100]", "at stride 100 a map over 640x640 px has 7x7 cells", 2),
    shapes(
        "wrong-level-order", "imgsz: 640\nmaps: [[4, 4], [8, 8]]", "stride 80 after one of stride 160", 2, "fine first"
    ),
    named("fixed-imgsz", "--imgsz", "the study grid is always 640x640", "--imgsz", "320", hint="--shapes yolov8"),
    Bad(
        "fixed-imgsz",
        "--imgsz",
        "the shapes file says the input size",
        ["--labels", "one.txt", "--shapes", "my.yaml", "--imgsz", "640"],
        "leave it out",
        {"one.txt": GOOD, "my.yaml": START},
        about="shapes file",
    ),
    named("wrong-imgsz", "--imgsz", "'big' is no input size", "--shapes", "yolov8", "--imgsz", "big", hint="384,640"),
    named("wrong-imgsz", "--imgsz", "'0' is no input size", "--shapes", "yolov8", "--imgsz", "0", hint="384,640"),
    named("wrong-imgsz", "--imgsz", "no input size", "--shapes", "yolov8", "--imgsz", "1,2,3", hint="384,640"),
    named("too-large", "", "GiB", "--shapes", "yolov8", "--imgsz", "9999999", hint="smaller input"),
    shapes(
        "fewer-anchors-than-k",
        "imgsz: 640\nmaps: [[3, 3]]\nstrides: [214]",
        "the grid has 9 anchors",
        hint="larger maps",
    ),
]
