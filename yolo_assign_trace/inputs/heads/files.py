"""Files of arrays, whatever their container: .npz, .npy, .safetensors, .pt. No code in a file is ever run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...basics.arrays import Array
from ...basics.errors import InputError
from ..reading.files import LARGEST, display_name, refusal, room_of
from .torch_file import NeedsCodeError, TooMuchError, read_torch

_LEGACY_TORCH = (
    b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"  # what torch.save wrote before its zip files
)
_SUFFIXES = {".npz": "npz", ".npy": "npy", ".safetensors": "safetensors", ".pt": "torch", ".pth": "torch"}
_HINTS = {
    "npz": "save with numpy.savez(path, p3=..., p4=..., p5=...)",
    "npy": "save with numpy.save(path, array)",
    "safetensors": "save with safetensors.torch.save_file({...}, path)",
    "torch": 'save with torch.save({"boxes": ..., "scores": ...}, path)',
}
_SAFETENSORS_TYPES = {
    "BOOL": "?",
    **{f"U{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"I{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    "BF16": "<u2",
}


@dataclass(frozen=True)
class ArrayFile:
    """The arrays of a file.

    Attributes:
        name: of the file, without its folders.
        path: as the user gave it.
        digest: first 12 hex digits of the file's sha256.
        arrays: by name; nested structures have dotted names such as ``feats.0``, a lone array is called ``array``.
            float16 and bfloat16 are widened to float32, which is exact; other types are as stored.
        note: what was left out of a nested structure, empty if nothing.
        texts: texts and lists of texts beside the arrays, by name.
    """

    name: str
    path: str
    digest: str
    arrays: Mapping[str, Array]
    note: str = ""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, *names: str) -> tuple[str, ...]:
        """The first of ``names`` that there is; empty if there is none."""
        return next((self.texts[name] for name in names if name in self.texts), ())


def read_arrays(path: Path, what: str = "heads file") -> ArrayFile:
    """All arrays of an .npz, .npy, .safetensors or torch file; its content tells which it is, not its name.

    Args:
        path: the file.
        what: what it should hold, for messages.

    Raises:
        InputError: missing, damaged, of another kind, or in need of code that would have to be run.
    """
    start, digest = _start_and_digest(path, what)
    kind = _kind(path, start, what)
    size = _unpacked_size(path) if kind == "npz" else path.stat().st_size
    if size > LARGEST:
        message = f"this {what} holds {size / 2**30:.1f} GiB, more than {LARGEST >> 30} GiB"
        raise InputError("too-large", message, where=str(path), hint="save fewer images at a time")
    if kind == "npz" and size > (room := room_of(packed := path.stat().st_size)):
        message = f"its {packed:,} bytes would become {size:,} bytes of arrays; {room:,} are the limit"
        raise InputError("too-large", message, where=str(path), hint="numpy.savez does not compress")
    note = ""
    texts: dict[str, tuple[str, ...]] = {}
    try:
        if kind == "torch":
            arrays, texts, note = read_torch(path)
        elif kind == "safetensors":
            arrays, texts = _read_safetensors(path)
        else:
            arrays = _READERS[kind](path)
    except InputError:
        raise
    except TooMuchError as error:
        raise InputError("too-large", f"{error}", where=str(path), hint="save plain tensors: clone() them") from None
    except NeedsCodeError:
        raise _pickled(path, "this file holds Python objects beside tensors") from None
    except Exception as error:  # a damaged file fails in any way that zip, zlib, numpy, json and torch know
        if "allow_pickle" in str(error):
            raise _pickled(path, "this file holds Python objects") from None
        suffix = ".pt" if kind == "torch" else f".{kind}"
        raise _not_readable(path, kind, f"this is not a readable {suffix} file") from None
    texts |= {name: tuple(map(str, array.reshape(-1))) for name, array in arrays.items() if array.dtype.kind == "U"}
    numbers = {name: array for name, array in arrays.items() if name not in texts}
    widened = {n: array.astype(np.float32) if array.dtype == np.float16 else array for n, array in numbers.items()}
    return ArrayFile(display_name(path), str(path), digest, widened, note, texts)


def _start_and_digest(path: Path, what: str) -> tuple[bytes, str]:
    """The first bytes of a file, and the first hex digits of its sha256."""
    try:
        if path.exists() and not path.is_dir() and not path.is_file():  # a pipe can be read only once
            raise InputError("not-readable", f"this {what} is no regular file", where=str(path))
        with path.open("rb") as file:
            start = file.read(32)
            file.seek(0)
            return start, hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except (OSError, ValueError) as error:
        raise refusal(path, what, error) from None


def _kind(path: Path, start: bytes, what: str) -> str:
    """Which of the four kinds a file is, by its first bytes; by its suffix if they tell nothing."""
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except Exception:  # a damaged directory; what reads it by its name says so
            return _SUFFIXES.get(path.suffix.lower(), "npz")
        if any(name.endswith("constants.pkl") for name in names):
            raise _pickled(path, "this is a TorchScript model, not its outputs")
        return "torch" if any(name.endswith("data.pkl") for name in names) else "npz"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 32:  # the length of its header; no text
        return "safetensors"
    if start.startswith(_LEGACY_TORCH):
        return "torch"
    if start[:1] == b"\x80" and start[1:2] <= bytes([pickle.HIGHEST_PROTOCOL]):
        raise _pickled(path, "this is a Python pickle")
    if kind := _SUFFIXES.get(path.suffix.lower()):
        return kind
    raise InputError(
        "unknown-file-kind",
        f"this {what} is none of .npz, .npy, .safetensors, .pt",
        where=str(path),
        hint="save plain tensors: " + _HINTS["torch"].removeprefix("save with "),
    )


def _unpacked_size(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except Exception:  # the reader says what is wrong with it
        return 0


def _read_npz(path: Path) -> dict[str, Array]:
    if not zipfile.is_zipfile(path):  # np.load would take it for a pickle
        raise _not_readable(path, "npz", "this is not a readable .npz file")
    # numpy leaves a damaged file open if it opened the file itself
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise _not_readable(path, "npz", "this holds no numpy arrays")
    return arrays


def _read_npy(path: Path) -> dict[str, Array]:
    with path.open("rb") as file:
        return {"array": np.lib.format.read_array(file, allow_pickle=False)}


def _read_safetensors(path: Path) -> tuple[dict[str, Array], dict[str, tuple[str, ...]]]:
    """The tensors, and the metadata as texts."""
    # deserialize gives raw bytes: numpy has no bfloat16, so the library's numpy form cannot read it
    import safetensors

    arrays = {}
    tensors: list[tuple[str, dict[str, Any]]] = safetensors.deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    for name, tensor in tensors:
        code = tensor["dtype"]
        if code not in _SAFETENSORS_TYPES:
            hint = "save it as float32: tensor.float()"
            raise InputError("not-a-map", f"this tensor is {code}", where=f"{path}[{name}]", hint=hint)
        array = np.frombuffer(tensor["data"], _SAFETENSORS_TYPES[code])
        if code == "BF16":  # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = array.reshape(tensor["shape"])
    with safetensors.safe_open(path, framework="numpy") as file:
        texts = {name: _listed(text) for name, text in (file.metadata() or {}).items()}
    return arrays, texts


def _listed(text: str) -> tuple[str, ...]:
    """A text, or the texts in a JSON list."""
    if text.startswith("["):
        with contextlib.suppress(ValueError):
            return tuple(map(str, json.loads(text)))
    return (text,)


_READERS: Mapping[str, Callable[[Path], dict[str, Array]]] = {
    "npz": _read_npz,
    "npy": _read_npy,
}


def _not_readable(path: Path, kind: str, problem: str) -> InputError:
    return InputError(f"not-{kind}", problem, where=str(path), hint=_HINTS[kind])


def _pickled(path: Path, problem: str) -> InputError:
    hint = f"pickled objects are never loaded; {_HINTS['torch']}, or plain arrays with numpy.savez"
    return InputError("pickled", problem, where=str(path), hint=hint)
