"""Reading whole files, with the file system's refusals put into words."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from ...basics.errors import InputError, near_file, reason_of
from ...basics.printable import printable

LARGEST = 8 << 30
"""Bytes of arrays beyond which a file is taken for a mistake."""

_LARGEST_PIPE = 1 << 30
_BYTES_PER_BYTE, _ALWAYS = 64, 64 << 20


def room_of(size: int) -> int:
    """Bytes of arrays that may be made of a file of ``size`` bytes: packed, expanded or folded."""
    return min(LARGEST, max(_ALWAYS, _BYTES_PER_BYTE * size))


def display_name(path: Path) -> str:
    """The name of a file without its folders, with what cannot be printed on one line escaped."""
    return printable(path.name)


def exists(path: Path) -> bool:
    """Does the file exist? A name that is too long for a file does not."""
    try:
        return path.exists()
    except OSError:
        return False


def open_regular(path: Path, what: str, *, pipe: bool = False) -> BinaryIO:
    """``path`` opened for reading, if it is a regular file: a device may never end, and a pipe may never begin.

    Args:
        path: of the file.
        what: it holds, for messages.
        pipe: may it be a pipe, because a user named it?

    Raises:
        InputError: missing, a folder, no regular file, or not readable.
    """
    try:
        # a pipe without a writer is waited for only if it may be one
        descriptor = os.open(path, os.O_RDONLY | (0 if pipe else getattr(os, "O_NONBLOCK", 0)))
    except (OSError, ValueError) as error:
        raise refusal(path, what, error) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (pipe and stat.S_ISFIFO(mode)):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise refusal(path, what, IsADirectoryError())
    raise InputError("not-a-file", f"this is no regular file, so no {what} is read from it", where=str(path))


def read_bytes(path: Path, what: str, *, pipe: bool = False) -> bytes:
    """The content of ``path``, which holds ``what`` (for messages).

    Raises:
        InputError: as :func:`open_regular`, or a pipe that does not end.
    """
    try:
        with open_regular(path, what, pipe=pipe) as file:
            if not pipe or stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read()
            sent = bytearray()
            while block := file.read(1 << 16):
                sent += block
                if len(sent) > _LARGEST_PIPE:
                    message = f"this pipe sends more than {_LARGEST_PIPE >> 30} GiB"
                    raise InputError("too-large", message, where=str(path))
            return bytes(sent)
    except (OSError, ValueError) as error:
        raise refusal(path, what, error) from None


def refusal(path: Path, what: str, error: OSError | ValueError) -> InputError:
    """Why the file system does not give ``path``, which should hold ``what``, in words."""
    if isinstance(error, FileNotFoundError):
        return InputError("no-such-file", f"there is no such {what}", where=str(path), hint=near_file(str(path)))
    if isinstance(error, IsADirectoryError):
        return InputError("is-a-folder", f"this is a folder, not a {what}", where=str(path))
    return InputError("not-readable", f"this {what} cannot be read: {reason_of(error)}", where=str(path))


def read_text(path: Path, what: str) -> str:
    """The content of ``path`` as UTF-8 text; a byte order mark is dropped.

    Raises:
        InputError: as :func:`read_bytes`, or no text.
    """
    return decode_text(read_bytes(path, what), path, what)


def decode_text(data: bytes, path: Path, what: str, *, line: int = 1) -> str:
    """As :func:`read_text`, of a file that has been read, from its line number ``line`` on."""
    if b"\0" in data:
        raise InputError("not-text", f"this is a binary file, not a {what}", where=str(path))
    try:
        return data.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        message = f"this {what} is not UTF-8 text: byte {data[error.start]:#04x}"
        raise InputError("not-text", message, where=f"{path}:{line}", hint="save it as UTF-8") from None
