"""Write beside the final name, move into place at the end; what was there before is whole until then."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import stat
from pathlib import Path
from typing import IO

from ..basics.errors import InputError, reason_of

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


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
            _remove_abandoned(self._final)
            mode = stat.S_IMODE(self._final.stat().st_mode) if self._final.exists() else None
            self._part, self.file = _begin(self._final, mode)
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


_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
_CUT = 50  # characters of a name, so that the longer one is none too long


def _begin(final: Path, mode: int | None) -> tuple[Path, IO[bytes]]:
    """A new file beside ``final`` that nobody could foresee, with these permissions before anything is in it.

    It is locked as long as it is open, which tells everybody that it is not abandoned.
    """
    while True:
        part = final.with_name(f".{final.name[:_CUT]}.{secrets.token_hex(8)}.part")
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(part, _NEW, 0o666 if mode is None else mode & 0o777)
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)  # what the umask took away
            _lock(descriptor)
            if part.exists():  # nobody took it for abandoned before it was locked
                return part, os.fdopen(descriptor, "wb+")
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file that nobody else has locked; False if somebody has, or if it cannot be known."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_abandoned(final: Path) -> None:
    """Partial files of processes that were killed: those of this user that nobody has locked."""
    for part in final.parent.glob(f".{glob.escape(final.name[:_CUT])}.{'[0-9a-f]' * 16}.part"):
        with contextlib.suppress(OSError):
            descriptor = os.open(part, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
            try:
                told = os.fstat(descriptor)
                if stat.S_ISREG(told.st_mode) and told.st_uid == os.geteuid() and _lock(descriptor):
                    part.unlink()
            finally:
                os.close(descriptor)
