"""Damage to files, in their bytes and in what they mean: lines and words of logs, arrays and settings of others."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

_WORDS = [
    "x",
    "",
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1",
    "2",
    "99",
    "1e400",
    "0.5",
    "999999999",
    "9" * 25,
    "0.0*9999999",
]
_VALUES = ["null", "-1", "0", "1", "3", "99", "2147483648", "9" * 25, "0.5", "1e308", "1e999", "NaN", "true"]
_VALUES += ['""', '"x"', '"topk"', "[]", "[1]", "[[]]", "{}", '{"a": 1}', '"8.4.190"']
_DTYPES = ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64"]
_LONG = 400


def damaged(path: Path, chance: random.Random) -> bytes:
    """The bytes of ``path`` with some damage."""
    data = path.read_bytes()
    if path.suffix == ".log":
        return damaged_text(data.decode(), chance).encode() if chance.random() < 0.9 else damaged_bytes(data, chance)
    if chance.random() < 0.25:
        return damaged_bytes(data, chance)
    return damaged_arrays(path, chance)


def damaged_bytes(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled or put in; more often in the first ones, where headers stand."""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        start = chance.randrange(min(len(data), chance.choice((16, 2000, len(data)))) or 1)
        length = chance.choice((0, 1, 1, 4, 50))
        part = chance.choice(
            (b"", data[start : start + length] * 2, chance.randbytes(length), chance.choice(_WORDS).encode())
        )
        data = data[:start] + part + data[start + length :]
    return data[: chance.randrange(len(data) + 1)] if chance.random() < 0.1 else data


def damaged_text(text: str, chance: random.Random) -> str:
    """Lines of a log lost, doubled or swapped, words and settings replaced."""
    lines = text.split("\n")
    header = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(header) if chance.random() < 0.3 else chance.randrange(len(lines))
        kind = chance.random()
        if kind < 0.1:
            del lines[at]
        elif kind < 0.15:
            lines.insert(at, chance.choice(lines))
        elif kind < 0.2:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif lines[at].startswith("# settings ") and kind < 0.9:
            start = "# settings  "
            lines[at] = start + json.dumps(damaged_json(lines[at].removeprefix(start).strip(), chance))
        else:
            words = re.split(r"([\w.+-]+)", lines[at])
            places = range(1, len(words), 2)
            if places:
                words[chance.choice(places)] = chance.choice(_WORDS)
            lines[at] = "".join(words)
    return "\n".join(lines)


def damaged_json(text: str, chance: random.Random) -> Any:
    """JSON with one value replaced, lost or doubled."""
    try:
        document = json.loads(text)
    except ValueError:
        return json.loads(chance.choice(_VALUES))
    holders: list[Any] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict | list) and value:
            holders.append(value)
            for inner in value.values() if isinstance(value, dict) else value:
                collect(inner)

    collect(document)
    if not holders or chance.random() < 0.02:
        return json.loads(chance.choice(_VALUES))
    holder = chance.choice(holders)
    key = chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    if chance.random() < 0.2:
        del holder[key]
    elif isinstance(holder, list) and chance.random() < 0.2:
        holder.append(holder[key])
    else:
        holder[key] = json.loads(chance.choice(_VALUES))
    return document


def damaged_arrays(path: Path, chance: random.Random) -> bytes:
    """A file of arrays of which some are lost, or have other names, types, shapes or values."""
    arrays, texts = arrays_of(path)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if texts and chance.random() < 0.3:
            key = chance.choice(list(texts))
            texts[key] = json.dumps(damaged_json(texts[key], chance))
            continue
        if not arrays:
            break
        name = chance.choice(list(arrays))
        kind = chance.random()
        if kind < 0.08:
            del arrays[name]
        elif kind < 0.12:
            arrays[chance.choice([*arrays, "x", ""])] = arrays.pop(name)
        else:
            arrays[name] = damaged_array(arrays[name], chance)
    return bytes_of(arrays, texts, path.suffix)


def damaged_array(array: Any, chance: random.Random) -> Any:
    kind = chance.random()
    with np.errstate(all="ignore"):
        if kind < 0.15:
            return array.astype(chance.choice(_DTYPES))
        if kind < 0.25:
            return array.T
        if kind < 0.35 and array.ndim:
            return array[: chance.randrange(len(array) + 1)]
        if kind < 0.45 and array.ndim:
            return np.concatenate([array, array], axis=chance.randrange(array.ndim))[:_LONG]
        if kind < 0.5:
            return array.reshape(-1) if array.ndim != 1 else array[None]
        array = np.array(array)
        for _ in range(chance.choice((1, 1, 3))):
            if array.size:
                value = chance.choice((-1, 0, 1, 2, 3, 7, 99, 1 << 30, 1 << 62, np.nan, np.inf, -np.inf, 1e30, 0.5))
                place = chance.randrange(array.size)
                if array.dtype == np.bool_ and chance.random() < 0.5:
                    array.reshape(-1).view(np.uint8)[place] = chance.choice((0, 1, 2, 255))
                else:
                    array.reshape(-1)[place] = np.array(value).astype(array.dtype)
        return array


def arrays_of(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays, and texts of the metadata, of a file that is whole."""
    if path.suffix == ".safetensors":
        with safe_open(path, framework="numpy") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    if path.suffix == ".npz":
        return dict(np.load(path)), {}
    if path.suffix == ".npy":
        return {"array": np.load(path)}, {}
    return {name: tensor.numpy() for name, tensor in torch.load(path).items()}, {}


def bytes_of(arrays: Mapping[str, Any], texts: Mapping[str, str], suffix: str) -> bytes:
    """The inverse of :func:`arrays_of`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        if suffix == ".safetensors":
            save_file(whole, path, dict(texts))
        elif suffix == ".npz":
            with path.open("wb") as file:
                np.savez(file, **{name or "empty": array for name, array in whole.items()})  # type: ignore[arg-type]
        elif suffix == ".npy":
            np.save(path, next(iter(whole.values()), np.zeros(0)))
        else:
            torch.save({name: torch.from_numpy(np.array(array)) for name, array in whole.items()}, path)
        return path.read_bytes()
