"""Pages of text: what stands below each other lines up in terminal cells, of which a Chinese character takes two."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from yolo_assign_trace.tracers.text_page import Column, Page, Part

NAMES = ("person", "人", "交通信号灯", "a 人 b", "")
NUMBERS = ("1", "20", "300", "4", "50")


def page(columns: int | None) -> Page:
    """A page for a terminal of so many cells, or for a pipe."""
    terminal = {"force_terminal": True, "width": columns, "color_system": None} if columns else {}
    return Page(Console(file=io.StringIO(), **terminal))


def lines(page: Page) -> list[str]:
    page.print()
    assert isinstance(page.console.file, io.StringIO)
    return page.console.file.getvalue().splitlines()


def ends(rows: list[str], words: tuple[str, ...]) -> set[int]:
    """The cells at which the words end, each in its row."""
    return {cell_len(row[: row.rindex(word)]) + cell_len(word) for row, word in zip(rows, words, strict=True)}


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [None, 80, 200])
@pytest.mark.parametrize("right", [True, False])
def test_what_stands_behind_a_wide_name_lines_up(columns, right):
    mine = page(columns)
    mine.table([Column("class", NAMES, right=right), Column("类别", NUMBERS), Column("", NAMES, right=False)])
    head, *rows = lines(mine)
    tails = [row[: len(row) - len(name)].rstrip() if name else row for row, name in zip(rows, NAMES, strict=True)]
    assert ends([head, *tails], ("类别", *NUMBERS)) == {2 + 10 + 2 + 4}  # indent, 交通信号灯, gap, 类别
    assert [row == row.rstrip() for row in rows] == [True] * len(rows)


def test_a_right_column_ends_at_the_same_cell():
    mine = page(None)
    mine.table([Column("name", NAMES[:4]), Column("", ("x",) * 4)])
    assert ends(lines(mine)[1:], ("x",) * 4) == {2 + 10 + 2 + 1}


def test_a_table_without_titles_has_no_row_of_them():
    mine = page(None)
    mine.table([Column("", ("grid", "图像"), right=False), Column("", ("8x8", "5"), right=False)], indent=0)
    assert lines(mine) == ["grid  8x8", "图像  5"]


NARROW = [
    # cells of the terminal, the row
    (60, "  #1 P3 (4, 4 px)  交通信号灯    0.5  lost to gt 3"),
    (45, "  #1 P3   交通信号灯    0.5  lost to gt 3"),  # shorter cells
    (40, "  #1 P3   交通信号灯  lost to gt 3"),  # a column less
]


@pytest.mark.parametrize(("columns", "row"), NARROW)
def test_a_table_that_does_not_fit_is_shortened_then_loses_columns(columns, row):
    mine = page(columns)
    mine.table(
        [
            Column("anchor", ("#1 P3 (4, 4 px)",), right=False, narrow=("#1 P3",)),
            Column("class", ("交通信号灯",), right=False),
            Column("score", ("0.5",), narrow=[]),
            Column("", ("lost to gt 3",), right=False),
        ]
    )
    assert lines(mine)[1] == row
    assert cell_len(row) <= columns


def test_columns_stand_closer_when_nothing_else_helps():
    wide = [Column("", ("十" * 9,), right=False), Column("", ("5" * 18,)), Column("", ("x",))]
    mine = page(41)
    mine.table(wide)
    assert lines(mine) == [f"  {'十' * 9} {'5' * 18} x"]


def test_a_cell_that_may_wrap_wraps_in_its_column():
    mine = page(40)
    note = "一个很长的说明 with words 和更多的说明文字"
    mine.table([Column("", ("name",), right=False), Column("", (note,), right=False, wrap=True)])
    rows = lines(mine)
    assert len(rows) > 1
    assert max(map(cell_len, rows)) <= 40
    assert {row[:8] for row in rows[1:]} == {" " * 8}
    assert "".join(row[8:] for row in rows).replace(" ", "") == note.replace(" ", "")


# --- paragraphs ------------------------------------------------------------------------------------------------------

CHINESE = "分配器为每个真实框选择十个最佳候选锚点，" * 8
PARAGRAPHS: list[tuple[tuple[Part, ...], str]] = [
    # parts, the same as one text
    (("word " * 40,), "word " * 40),
    ((CHINESE,), CHINESE),
    ((("image 0  ", "bold"), CHINESE, ("x " * 30, "red")), f"image 0  {CHINESE}{'x ' * 30}"),
    (("long/" * 60,), "long/" * 60),  # a path without spaces is broken where the terminal would break it
    (("",), ""),
]


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(("parts", "text"), PARAGRAPHS, ids=["words", "chinese", "parts", "path", "nothing"])
def test_a_paragraph_fits_the_terminal_and_loses_nothing(columns, parts, text):
    mine = page(columns)
    mine.line(*parts, indent=2, hang=3)
    first, *more = lines(mine)
    assert max(map(cell_len, [first, *more])) < columns
    assert {line[:5].strip() for line in more} <= {""}
    assert "".join([first, *more]).replace(" ", "") == text.replace(" ", "")


def test_a_pipe_gets_it_uncut():
    mine = page(None)
    mine.line(CHINESE * 5)
    mine.heading("标题", CHINESE * 5)
    assert lines(mine) == [f"  {CHINESE * 5}", "", f"标题  {CHINESE * 5}"]


def test_a_heading_stands_apart_and_its_rest_hangs():
    mine = page(40)
    mine.heading("标题")
    mine.heading("标题", "short words " * 6)
    assert lines(mine) == [
        "标题",
        "",
        "标题  short words short words short",
        "  words short words short words short",
        "  words",
    ]


def test_a_last_line_is_never_broken_so_that_a_command_can_be_copied():
    mine = page(40)
    mine.closing("yolo-assign explain " + "long/" * 40)
    assert lines(mine) == ["", "yolo-assign explain " + "long/" * 40]


# --- text of others --------------------------------------------------------------------------------------------------

FOREIGN = [
    # text, as it is shown
    ("[image, gt] [bold]x[/bold]", "[image, gt] [bold]x[/bold]"),  # no markup
    (":mask: :smiley:", ":mask: :smiley:"),  # no emoji
    ("a\nb\x1b[2J\t人", "a\\nb\\x1b[2J\\t人"),  # neither breaks a line nor steers the terminal
]


@pytest.mark.parametrize(("text", "shown"), FOREIGN)
def test_text_is_shown_as_it_is(text, shown):
    """Also on a console of somebody else's, where markup and emoji are on."""
    mine = Page(Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None))
    mine.line(text, indent=0)
    mine.table([Column(text, (text,), right=False)], indent=0)
    assert lines(mine) == [shown] * 3
