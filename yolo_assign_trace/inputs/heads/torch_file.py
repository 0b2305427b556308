"""Files that torch.save wrote, as numpy arrays; the only reader that needs torch, and only when it is called."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...basics.arrays import Array
from ..reading.files import room_of

if TYPE_CHECKING:
    from torch import Tensor


MOST = 10_000
"""Tensors, numbers and containers of a file; a few lists that share each other can stand for any number of them."""


class TooMuchError(Exception):
    """The file would become more than anyone means; the text says what, and which limit it breaks."""


class NeedsCodeError(Exception):
    """The file holds objects that could only be rebuilt by running code."""


def read_torch(path: Path) -> tuple[dict[str, Array], dict[str, tuple[str, ...]], str]:
    """Tensors and numbers by name, texts by name, and what was left out, as :class:`.files.ArrayFile` has them.

    Raises:
        NeedsCodeError: objects beside tensors, numbers, lists, tuples and dictionaries.
        TooMuchError: more tensors, or more bytes of them, than a file of its size can be meant to hold.
        Exception: whatever torch says about a damaged file.
    """
    import torch

    size = path.stat().st_size
    _require_uncompressed(path, size)
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        if re.search("unsupported (global|class)", str(error), re.IGNORECASE):
            raise NeedsCodeError from None
        raise
    note = ""
    if isinstance(content, tuple | list) and len(content) == 2:
        first, second = content
        if isinstance(first, torch.Tensor) and first.ndim == 3 and isinstance(second, tuple | list | dict):
            content = second
            note = "the raw part of (predictions, raw) as a model in eval mode returns it"
    tensors = _tensors(content)
    total = sum(max(4, tensor.element_size()) * tensor.numel() for tensor in tensors.values())
    limit = room_of(size)
    if total > limit:
        raise TooMuchError(f"its {size:,} bytes would become {total:,} bytes of arrays; {limit:,} are the limit")
    return {name: _array(tensor) for name, tensor in tensors.items()}, dict(_texts(content)), note


def arrays_in(content: Any) -> dict[str, Array]:
    """Every tensor and number of a nested structure by its dotted name, such as ``feats.0``.

    Raises:
        ValueError: two of one name.
    """
    return {name: _array(tensor) for name, tensor in _tensors(content).items()}


def _tensors(content: Any) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, tensor in _leaves(content, "", count(1)):
        if name in tensors:
            raise ValueError(f"two tensors are called {name}")
        tensors[name] = tensor
    return tensors


def _require_uncompressed(path: Path, size: int) -> None:
    """torch.save packs without compressing, so what comes out of a file is no more than the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError):  # of the older kind, or damaged, which torch says
        return
    if unpacked > size:
        raise TooMuchError(f"its {size:,} bytes unpack to {unpacked:,}, and torch.save does not compress")


def _leaves(value: Any, name: str, visited: Iterator[int]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor and number in lists, tuples and dictionaries, under its dotted name; the rest is passed over."""
    import torch

    if next(visited) > MOST:
        raise TooMuchError(f"its lists and dictionaries hold more than {MOST:,} things")
    if isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            yield from _leaves(inner, f"{name}.{key}" if name else str(key), visited)
    elif isinstance(value, torch.Tensor):
        yield name or "array", value
    elif isinstance(value, float):
        yield name or "array", torch.tensor(value, dtype=torch.float64)
    elif isinstance(value, int):
        yield name or "array", torch.tensor(value)


def _texts(content: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Texts, and lists of nothing but texts, of a dictionary."""
    for key, value in content.items() if isinstance(content, Mapping) else ():
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list | tuple) and texts and all(isinstance(text, str) for text in texts):
            yield str(key), tuple(texts)


def _array(tensor: Tensor) -> Array:
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.element_size() < 4:  # numpy has no bfloat16
        tensor = tensor.float()
    array: Array = tensor.contiguous().numpy()
    return array
