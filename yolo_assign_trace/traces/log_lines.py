"""The lines of a log, one after the other, so that it is never in memory as a whole; what may be made of them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..basics.errors import InputError
from ..formats.log_grammar import parse_values_of
from ..inputs.reading.files import decode_text, room_of

_BLOCK = 1 << 20
_INCOMPLETE = "trace again; this one is not complete"


class LogLines:
    """Reads line by line, but knows how many lines there are before the first one is read.

    Attributes:
        at: lines read, so also the number of the line that was read last.
        total: lines of the file.
        room: bytes of arrays that may still be made of it.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path
        self.at = size = newlines = 0
        last = b""
        while block := file.read(_BLOCK):
            size, newlines, last = size + len(block), newlines + block.count(b"\n"), block
        file.seek(0)
        self.total = max(1, newlines + (not last.endswith(b"\n")))
        self.room = room_of(size)
        self._ahead: str | None = None

    @property
    def left(self) -> int:
        """Lines that are still to come."""
        return self.total - self.at

    def peek(self) -> str | None:
        """The next line without its end, None behind the last one.

        Raises:
            InputError: it is no text.
        """
        if self._ahead is None and self.left:
            raw = self.file.readline().removesuffix(b"\n")
            self._ahead = decode_text(raw, self.path, "log", line=self.at + 1)
        return self._ahead

    def next(self) -> str:
        """The next line, which is then read.

        Raises:
            InputError: there is none, or it is no text.
        """
        line = self.peek()
        if line is None:
            raise self.error("the log breaks off here", self.at + 1, hint=_INCOMPLETE)
        self._ahead = None
        self.at += 1
        return line

    def after(self, start: bytes) -> str:
        """The values of the next line, which must begin with ``start``."""
        values = parse_values_of(self.next(), start)
        if values is None:
            raise self.error(f"expected a line that begins with {start.decode()!r}")
        return values

    def require(self, count: int, what: str, line: int = 0) -> None:
        """Nothing is made for lines that cannot follow.

        Args:
            count: how many are announced.
            what: each of them holds.
            line: that announces them, by default the one that was read last.

        Raises:
            InputError: so many do not follow.
        """
        if count > self.left:
            announced = f"line {line or self.at} announces {count} lines of {what}, and {self.left} follow"
            raise self.error(f"the log breaks off here: {announced}", self.total + 1, hint=_INCOMPLETE)

    def take(self, name: str, size: int) -> None:
        """Room for the ``size`` bytes of the array ``name``.

        Raises:
            InputError: a log of so many bytes cannot hold that much.
        """
        if size > self.room:
            raise self.error(f"{name} would take {size:,} bytes, and the rest of this log can hold {self.room:,}")
        self.room -= size

    def error(
        self, message: str, line: int = 0, hint: str = "trace again; a log is not meant to be edited"
    ) -> InputError:
        """An error in a line, by default in the one that was read last."""
        return InputError("wrong-log", message, where=f"{self.path}:{line or self.at}", hint=hint)
