"""Write beside the final name, move into place at the end; what was there before is whole until then."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import stat
from pathlib import Path
from typing import IO

from ..basics.errors import InputError, reason_of


class SafeFile:
    """A binary file that appears under its name only when :meth:`commit` is called.

    A device or pipe (``/dev/null``, a FIFO) is written directly; a symbolic link keeps pointing where it points; a
    file that was there before keeps its permissions.
    Errors of the file system come out of every method as :class:`InputError`, with the partial file removed.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what
        self._part: Path | None = None
        try:
            if path.is_dir():
                raise self._error("is-a-folder", "is a folder, not a file", "name a file in it")
            if (path.exists() and not path.is_file()) or path.is_relative_to("/dev"):
                self.file: IO[bytes] = path.open("wb")
                return
            self._final = Path(os.path.realpath(path))  # a link keeps pointing where it points
            if self._final.is_symlink():
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if self._final.exists() and not os.access(self._final, os.W_OK):
                raise self._error("not-writable", "may not be written", "check its permissions or name another file")
            self._part = self._final.with_name(f".{self._final.name}.{os.getpid()}.part")
            _remove_abandoned(self._final)
            self.file = self._part.open("wb+")
            if self._final.exists():
                self._part.chmod(stat.S_IMODE(self._final.stat().st_mode))
        except OSError as error:
            raise self._from_os(error) from error

    def write(self, data: bytes | memoryview) -> None:
        try:
            self.file.write(data)
        except OSError as error:
            raise self._from_os(error) from error

    @property
    def seekable(self) -> bool:
        return self._part is not None

    def write_at(self, position: int, data: bytes) -> None:
        """Overwrite what stands at ``position``."""
        try:
            self.file.seek(position)
        except OSError as error:
            raise self._from_os(error) from error
        self.write(data)

    def commit(self) -> None:
        """Close the file and move it into place."""
        try:
            self.file.close()
            if self._part:
                self._part.replace(self._final)
                self._part = None
        except OSError as error:
            raise self._from_os(error) from error

    def discard(self) -> None:
        """Close and remove the partial file; does nothing after :meth:`commit`."""
        try:
            self.file.close()
        except OSError:
            pass  # a full disk also fails here, flushing what could not be written
        finally:
            if self._part:
                self._part.unlink(missing_ok=True)
                self._part = None

    def _from_os(self, error: OSError) -> InputError:
        if hasattr(self, "file"):
            self.discard()
        kept = "; what was there before is unchanged"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return self._error("disk-full", f"could not be written, the disk is full{kept}", "free space or write less")
        if isinstance(error, FileNotFoundError):
            return self._error(
                "no-such-folder", "cannot be written: its folder does not exist", "make the folder first"
            )
        return self._error("not-writable", f"cannot be written: {reason_of(error)}", "name another file")

    def _error(self, id: str, message: str, hint: str) -> InputError:
        return InputError(id, f"the {self.what} {message}", where=str(self.path), hint=hint)


def write_whole(path: Path, what: str, data: bytes) -> None:
    """A file in one go: under its name it is whole, or what it was before; ``what`` names it in errors.

    Raises:
        InputError: it cannot be written.
    """
    file = SafeFile(path, what)
    try:
        file.write(data)
        file.commit()
    finally:
        file.discard()


def _remove_abandoned(final: Path) -> None:
    """Partial files of processes that were killed."""
    if os.name != "posix":
        return  # elsewhere there is no harmless way to ask whether a process lives
    for part in final.parent.glob(f".{glob.escape(final.name)}.*.part"):
        number = part.name.split(".")[-2]
        if not number.isdigit():
            continue
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            with contextlib.suppress(OSError):
                part.unlink()
        except (OSError, OverflowError):
            continue
