"""Writes tensors to a .safetensors file from their raw bytes: no copy of the whole, no library, any float type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .safe_write import SafeFile


@dataclass(frozen=True)
class Raw:
    """A tensor as bytes: its type as the format names it (``F32``), its shape, and its elements in row-major order."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview


def header_of(tensors: Mapping[str, Raw], texts: Mapping[str, str]) -> bytes:
    """What stands before the elements: the length of the header, then the header."""
    header: dict[str, object] = {"__metadata__": dict(texts)} if texts else {}
    at = 0
    for name, raw in tensors.items():
        header[name] = {"dtype": raw.dtype, "shape": list(raw.shape), "data_offsets": [at, at + raw.data.nbytes]}
        at += raw.data.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    text += b" " * (-len(text) % 8)  # elements begin at a multiple of 8, so that they can be mapped into memory
    return len(text).to_bytes(8, "little") + text


def write_tensors(path: Path, tensors: Mapping[str, Raw], texts: Mapping[str, str]) -> int:
    """Write a file beside its name and move it into place.

    Args:
        path: of the file.
        tensors: by name; those with the widest elements first keep all of them aligned.
        texts: the file's metadata.

    Returns:
        Its size in bytes.

    Raises:
        InputError: it cannot be written.
    """
    header = header_of(tensors, texts)
    file = SafeFile(path, "recorded call")
    try:
        file.write(header)
        for raw in tensors.values():
            file.write(raw.data)
        file.commit()
    finally:
        file.discard()
    return len(header) + sum(raw.data.nbytes for raw in tensors.values())
