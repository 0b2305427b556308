"""Files that torch.save wrote, as numpy arrays; the only reader that needs torch, and only when it is called."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...basics.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor


class NeedsCodeError(Exception):
    """The file holds objects that could only be rebuilt by running code."""


def read_torch(path: Path) -> tuple[dict[str, Array], dict[str, tuple[str, ...]], str]:
    """Tensors and numbers by name, texts by name, and what was left out, as :class:`.files.ArrayFile` has them.

    Raises:
        NeedsCodeError: objects beside tensors, numbers, lists, tuples and dictionaries.
        Exception: whatever torch says about a damaged file.
    """
    import torch

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
    arrays: dict[str, Array] = {}
    for name, tensor in _leaves(content, ""):
        if name in arrays:
            raise ValueError(f"two tensors are called {name}")
        arrays[name] = _array(tensor)
    return arrays, dict(_texts(content)), note


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Every tensor and number in lists, tuples and dictionaries, under its dotted name; the rest is passed over."""
    import torch

    if isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
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
    tensor = tensor.detach()
    if tensor.is_floating_point() and tensor.element_size() < 4:  # numpy has no bfloat16
        tensor = tensor.float()
    array: Array = tensor.contiguous().numpy()
    return array
