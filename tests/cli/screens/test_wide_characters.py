"""Chinese names of classes and files on every screen: columns line up, and lines fit, in cells of the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len

from tests.commands import Outcome

CLASSES = ("行人", "交通信号灯和路牌", "car", "自行车")
FILES = ("街道.png", "a.png", "很长的图像文件名字.png")
SMALL = ("--data", "数据集.yaml", "--shapes", "yolov8", "--imgsz", "64")
COLUMNS = (None, 80, 200)


@pytest.fixture
def dataset(folder: Path) -> Path:
    """Three images of 80x40 px whose boxes lie upon each other, so that every table of `explain` has rows."""
    for name in ("images", "labels"):
        (folder / "街景" / name).mkdir(parents=True)
    for number, name in enumerate(FILES):
        Image.new("RGB", (80, 40)).save(folder / "街景/images" / name)
        rows = [f"{(number + k) % 4} .5 .5 .6 {0.5 + k / 10}\n" for k in range(4)]
        (folder / "街景/labels" / name).with_suffix(".txt").write_text("".join(rows))
    content = {"path": "街景", "train": "images", "names": CLASSES}
    (folder / "坏标签").mkdir()
    (folder / "坏标签/第一个.txt").write_text("0 .5 .5 .5\n")
    (folder / "数据集.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    return folder


@pytest.fixture
def traced(dataset: Path, yolo_assign: Callable[..., Outcome], save_heads: Callable[..., str]) -> Path:
    """Traces of the dataset, with heads as of a model: 追踪 and, with other parameters, 另一个."""
    files = ("--log", "追踪.log", "--save", "追踪.safetensors")
    asked = ("trace", *SMALL, "--heads", save_heads(channels=68, batch=3), "--quiet")
    assert yolo_assign(*asked, *files).code == 0
    assert yolo_assign(*asked, "--no-log", "--save", "另一个.safetensors", "--topk", "3").code == 0
    return dataset


def cells(line: str) -> str:
    """The line with a second character for the second cell of every wide one, so that places are cells."""
    return "".join(char + "~" * (cell_len(char) - 1) for char in line)


def table(lines: list[str], rows: int, *titles: str) -> list[str]:
    """Head and so many rows of the table with these titles, in cells."""
    start = next(n for n, line in enumerate(lines) if all(f" {title} " in f" {line} " for title in titles))
    return [cells(line) for line in lines[start : start + 1 + rows]]


def assert_right_aligned(rows: list[str], *titles: str) -> None:
    """Every cell of these columns ends where its title ends: a character there, a space or nothing behind it."""
    head, *others = rows
    assert others
    for title in titles:
        end = f" {head} ".index(f" {title} ") + len(title)
        for row in others:
            assert row[end - 1 : end].strip(), (title, row)
            assert not row[end : end + 1].strip(), (title, row)


def assert_left_aligned(rows: list[str], title: str, names: tuple[str, ...]) -> None:
    """One of the names begins in every row where the title begins."""
    start = f" {rows[0]} ".index(f" {title} ")
    for row in rows[1:]:
        assert any(row[start:].startswith(cells(name)) for name in names), row


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", COLUMNS)
def test_explain_by_class(traced, on_screen, columns):
    lines = on_screen(columns, "explain", "追踪.safetensors")
    rows = table(lines, len(CLASSES), "class", "boxes", "without positives")
    assert_left_aligned(rows, "class", tuple(f"{i} {name}" for i, name in enumerate(CLASSES)))
    assert_right_aligned(rows, "boxes", "positives", "without positives")


@pytest.mark.parametrize("columns", COLUMNS)
def test_explain_the_boxes_that_claim_an_anchor(traced, on_screen, columns):
    lines = on_screen(columns, "explain", "追踪.log", "--image", "0", "--at", "32,32")
    assert_right_aligned(table(lines, 4, "gt", "class", "rank"), "gt", "class", "rank", "score", "overlap", "metric")


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_line_per_image_when_several_batches_are_traced(dataset, on_screen, columns):
    shown = on_screen(columns, "trace", *SMALL, "--no-log", "--batch", "2")
    lines = [line for line in shown if line.startswith("image ")]
    assert len(lines) == len(FILES)
    starts = [cells(line).index("4 boxes") for line in lines]
    assert starts[:2] == [len("image 0  ") + cell_len("很长的图像文件名字.png") + 2] * 2  # of one batch


# --- every screen fits -----------------------------------------------------------------------------------------------

SCREENS = [
    # arguments, what must be on the screen
    (("trace", *SMALL, "--no-log"), FILES),
    (("trace", *SMALL, "--no-log", "--stage", "topk"), FILES),
    (("explain", "追踪.safetensors"), (CLASSES[1],)),
    (("explain", "追踪.log", "--image", "0", "--gt", "0"), (CLASSES[1],)),
    (("explain", "追踪.log", "--image", "0", "--at", "32,32"), CLASSES),
    (("explain", "追踪.log", "--image", "0", "--gt", "0", "--at", "32,32"), (CLASSES[1],)),
    (("diff", "追踪.safetensors", "另一个.safetensors"), ("追踪.safetensors", "另一个.safetensors")),
    (("diff", "追踪.log", "另一个.safetensors"), ("追踪.log",)),
    (("labels", "坏标签"), ("坏标签/第一个.txt:1:",)),
    (("plan", *SMALL), ("64x64 px",)),
    (("sweep", *SMALL, "--topk", "3,10"), ("candidates",)),
]


@pytest.mark.parametrize(("arguments", "shown"), SCREENS, ids=[row[0][0] for row in SCREENS])
@pytest.mark.parametrize("columns", [80, 200])
def test_every_line_fits_and_names_are_whole(traced, on_screen, columns, arguments, shown):
    lines = on_screen(columns, *arguments)
    commands = ("next: ", "yolo-assign ")  # are not broken, so that they can be copied
    assert max(cell_len(line) for line in lines if not line.startswith(commands)) <= columns
    text = "".join(line.strip() for line in lines)  # a long name may go on in the next line
    assert all(name in text for name in shown)


@pytest.mark.parametrize(("arguments", "shown"), SCREENS, ids=[row[0][0] for row in SCREENS])
def test_piped_nothing_is_cut_or_wrapped(traced, on_screen, arguments, shown):
    lines = on_screen(None, *arguments)
    assert all(any(name in line for line in lines) for name in shown)
    assert "…" not in "".join(lines)
