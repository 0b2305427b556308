"""A page of text for people: headings, paragraphs and tables that fit the terminal; uncut where there is none.

Widths are cells of the terminal as Rich measures them: a Chinese character takes two.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..basics.printable import printable

NARROWEST = 40
SHORTEST = 16
"""Cells that a paragraph or a column that wraps gets, however narrow the terminal is."""

Part = str | tuple[str, str]
"""Text, or text and its style. It is shown as it is: no markup, no emoji, no line breaks but those of the page."""


def styled(*parts: Part) -> Text:
    """The parts behind each other."""
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(printable(words), style)
    return text


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        title: empty in all columns: the table has no row of titles.
        cells: from the first row to the last.
        right: justified to the right, as numbers are?
        narrow: shorter cells for when the table does not fit; an empty list means that the column can go then.
        wrap: may its cells take several lines if the table still does not fit?
        styles: of its cells, where the style of the row is not enough.
    """

    title: str
    cells: Sequence[str]
    right: bool = True
    narrow: Sequence[str] | None = None
    wrap: bool = False
    styles: Sequence[str] = ()

    @cached_property
    def width(self) -> int:
        """Cells of the widest cell."""
        return max(cell_len(printable(cell)) for cell in [self.title, *self.cells])

    @property
    def least(self) -> int:
        return min(self.width, SHORTEST) if self.wrap else self.width

    def texts(self) -> list[Text]:
        return [styled((cell, style)) for cell, style in zip(self.cells, self.styles or repeat(""), strict=False)]


class Page:
    """Collects text, then prints it in one go."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = max(console.width, NARROWEST) if console.is_terminal else sys.maxsize
        self.text = Text()

    def heading(self, title: str, *rest: Part, hang: int = 2) -> None:
        """A blank line, a title and perhaps what stands beside it."""
        if self.text:
            self.gap()
        parts = [(part, "bold") if isinstance(part, str) else part for part in rest if part]
        self.line((f"{title}  " if parts else title, "bold cyan"), *parts, indent=0, hang=hang)

    def line(self, *parts: Part, indent: int = 2, hang: int = 2) -> None:
        """A paragraph, wrapped; lines after the first are ``hang`` further in."""
        text = styled(*parts)
        room = self.width - 1 - indent
        first = text.wrap(self.console, max(SHORTEST, room))[0]
        first.rstrip()
        self.add(first, indent)
        rest = text.plain[len(first) :].lstrip()
        if rest:
            for line in text[-len(rest) :].wrap(self.console, max(SHORTEST, room - hang)):
                line.rstrip()
                self.add(line, indent + hang)

    def formula(self, text: str) -> None:
        """A formula; several in a line stand apart by gaps, and a narrow terminal takes them one by one."""
        for part in [text] if 3 + cell_len(text) < self.width else text.split("     "):
            self.line((part.strip(), "green"), indent=3)

    def table(self, columns: Sequence[Column], styles: Sequence[str] = (), indent: int = 2) -> None:
        """Columns side by side under dim titles; ``styles`` are those of the rows."""
        for row in self.rows(columns, styles, indent):
            self.add(row, indent)

    def tables(self, first: Sequence[Column], columns: Sequence[Column]) -> None:
        """``first``, then ``columns`` side by side as far as the terminal is wide; the rest below, behind ``first``."""
        block: list[Column] = []
        for column in columns:
            if block and not self.fits([*first, *block, column]):
                self.table([*first, *block])
                self.gap()
                block = []
            block.append(column)
        self.table([*first, *block])

    def rows(self, columns: Sequence[Column], styles: Sequence[str] = (), indent: int = 2) -> list[Text]:
        """The lines of such a table, for what puts others between them: one for a row unless its cells wrap."""
        columns = self._fitting(list(columns), indent)
        gap = 2 if self.fits(columns, indent) else 1
        titled = any(column.title for column in columns)
        table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), show_header=titled, header_style="dim")
        for column in columns:
            table.add_column(
                styled(column.title),
                justify="right" if column.right else "left",
                width=None if column.wrap else column.width,
                no_wrap=not column.wrap,
            )
        rows = zip(*(column.texts() for column in columns), strict=True)
        for cells, style in zip(rows, styles or repeat(""), strict=False):
            table.add_row(*cells, style=style)
        room = max(self.width - indent, sum(column.least + gap for column in columns))
        lines = []
        for segments in self.console.render_lines(table, self.console.options.update(width=room), pad=False):
            line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
            line.rstrip()
            lines.append(line)
        return lines

    def fits(self, columns: Sequence[Column], indent: int = 2) -> bool:
        """Is there room for these columns side by side?"""
        return indent + sum(column.least + 2 for column in columns) - 2 <= self.width

    def add(self, line: Text, indent: int = 2) -> None:
        """A line that is laid out already."""
        self.text.append(" " * indent).append_text(line).append("\n")

    def gap(self) -> None:
        """A blank line."""
        self.text.append("\n")

    def closing(self, text: str) -> None:
        """A quiet last line, not wrapped: a command that is copied from it must stay whole."""
        self.gap()
        self.add(styled((text, "dim")), indent=0)

    def print(self) -> None:
        self.console.print(self.text, soft_wrap=True, end="")

    def _fitting(self, columns: list[Column], indent: int) -> list[Column]:
        """Shorten columns, then leave some out, last ones first, until the table fits."""
        shorter = [column for column in columns if column.narrow]
        needless = [column for column in columns if column.narrow is not None and not column.narrow]
        for column in [*reversed(shorter), *reversed(needless)]:
            if self.fits(columns, indent):
                break
            place = columns.index(column)
            columns[place : place + 1] = [replace(column, cells=column.narrow, narrow=None)] if column.narrow else []
        return columns
