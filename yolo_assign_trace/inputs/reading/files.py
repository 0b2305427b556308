"""Reading whole files, with the file system's refusals put into words."""

from __future__ import annotations

from pathlib import Path

from ...basics.errors import InputError, reason_of
from ...basics.printable import printable


def display_name(path: Path) -> str:
    """The name of a file without its folders, with what cannot be printed on one line escaped."""
    return printable(path.name)


def exists(path: Path) -> bool:
    """Does the file exist? A name that is too long for a file does not."""
    try:
        return path.exists()
    except OSError:
        return False


def read_bytes(path: Path, what: str) -> bytes:
    """The content of ``path``, which holds ``what`` (for messages).

    Raises:
        InputError: missing, a folder, or not readable.
    """
    try:
        with path.open("rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise refusal(path, what, error) from None


def refusal(path: Path, what: str, error: OSError | ValueError) -> InputError:
    """Why the file system does not give ``path``, which should hold ``what``, in words."""
    if isinstance(error, FileNotFoundError):
        return InputError("no-such-file", f"there is no such {what}", where=str(path))
    if isinstance(error, IsADirectoryError):
        return InputError("is-a-folder", f"this is a folder, not a {what}", where=str(path))
    return InputError("not-readable", f"this {what} cannot be read: {reason_of(error)}", where=str(path))


def read_text(path: Path, what: str) -> str:
    """The content of ``path`` as UTF-8 text; a byte order mark is dropped.

    Raises:
        InputError: as :func:`read_bytes`, or no text.
    """
    return decode_text(read_bytes(path, what), path, what)


def decode_text(data: bytes, path: Path, what: str) -> str:
    """As :func:`read_text`, of a file that has been read."""
    if b"\0" in data:
        raise InputError("not-text", f"this is a binary file, not a {what}", where=str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"this {what} is not UTF-8 text: byte {data[error.start]:#04x}"
        raise InputError("not-text", message, where=f"{path}:{line}", hint="save it as UTF-8") from None
