"""What tests read of a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from yolo_assign_trace.formats.recording import CALLS, entry_file, read_lines


def lines(folder: Path, entry: str, rank: int = 0) -> list[dict[str, Any]]:
    return list(read_lines(folder / entry_file(entry, rank)))


def kinds(folder: Path, rank: int = 0) -> list[str]:
    """Of the lines about the run."""
    return [line["kind"] for line in lines(folder, "run", rank)]


def calls(folder: Path) -> dict[str, tuple[dict[str, torch.Tensor], dict[str, Any]]]:
    """Tensors and texts of every saved call, by file name."""
    found = {}
    for path in sorted((folder / CALLS).glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            texts = {name: _read(text) for name, text in file.metadata().items()}
            found[path.name] = {name: file.get_tensor(name) for name in file.keys()}, texts  # noqa: SIM118
    return found


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """The same weights, to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
