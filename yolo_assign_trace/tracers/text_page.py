"""A page of text for people: headings, paragraphs and tables that fit the terminal; uncut where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``narrow`` are shorter cells for when the table does not fit; an empty list means that the column can go then.
    """

    title: str
    cells: Sequence[str]
    right: bool = True
    narrow: Sequence[str] | None = None

    @property
    def width(self) -> int:
        return max(map(len, [self.title, *self.cells]))


class Page:
    """Collects text, then prints it in one go."""

    def __init__(self, console: Console) -> None:
        from rich.text import Text

        self.console = console
        self.width = max(console.width, NARROWEST) if console.is_terminal else None
        self.text = Text()

    def heading(self, title: str, rest: str = "") -> None:
        """A blank line, a title and perhaps what stands beside it."""
        if self.text:
            self.text.append("\n")
        self.text.append(title, "bold cyan")
        first, *more = self._wrapped(" " * (len(title) + 2) + rest, 2) if rest else [""]
        self.text.append(f"  {first.strip()}\n" if rest else "\n", "bold")
        for line in more:
            self.text.append(f"{line}\n", "bold")

    def line(self, text: str, style: str = "", indent: int = 2, hang: int = 2) -> None:
        """A paragraph, wrapped; lines after the first are ``hang`` further in."""
        for line in self._wrapped(" " * indent + text, indent + hang):
            self.text.append(f"{line}\n", style)

    def table(self, columns: Sequence[Column], styles: Sequence[str] = (), indent: int = 2) -> None:
        """Columns side by side under dim titles; ``styles`` are those of the rows."""
        columns = self._fitting(list(columns), indent)
        rows = [[column.title for column in columns], *zip(*(column.cells for column in columns), strict=True)]
        for number, row in enumerate(rows):
            cells = [
                cell.rjust(column.width) if column.right else cell.ljust(column.width)
                for cell, column in zip(row, columns, strict=True)
            ]
            style = "dim" if number == 0 else styles[number - 1] if styles else ""
            self.text.append((" " * indent + "  ".join(cells)).rstrip() + "\n", style)

    def fits(self, columns: Sequence[Column], indent: int = 2) -> bool:
        """Is there room for these columns side by side?"""
        return self.width is None or indent + sum(column.width + 2 for column in columns) - 2 <= self.width

    def gap(self) -> None:
        """A blank line."""
        self.text.append("\n")

    def closing(self, text: str) -> None:
        """A quiet last line."""
        self.gap()
        self.line(text, "dim", indent=0)

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
            columns[place : place + 1] = [Column(column.title, column.narrow, column.right)] if column.narrow else []
        return columns

    def _wrapped(self, text: str, hang: int) -> list[str]:
        if self.width is None:
            return [text]
        room = self.width - 1
        found = textwrap.wrap(
            text,
            room,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        return found or [""]
