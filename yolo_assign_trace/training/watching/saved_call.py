"""A call as tensors and texts of a .safetensors file. docs/watch.md lists the names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ...assignment.grid import Grid
from ...formats.call_file import Raw
from .call import Call, is_plain, plain
from .pictures import Batch

PARAMETERS = {"topk": torch.int64, "topk2": torch.int64, "alpha": torch.float64, "beta": torch.float64}
_CODES: Mapping[torch.dtype, str] = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def tensors_of(call: Call, grid: Grid, batch: Batch, *, pictures: bool) -> dict[str, Raw]:
    """Everything of a call that is a tensor, those with the widest elements first."""
    found: dict[str, Tensor] = dict(_within(call.inputs))
    found |= {f"output.{name}": tensor for name, tensor in _within(call.outputs)}
    found |= {f"assigner.{name}": tensor for name, tensor in call.who.tensors.items()}
    for name, dtype in PARAMETERS.items():
        value = call.who.parameters.get(name)
        # a topk2 equal to topk keeps all of them, as releases do that have none
        if isinstance(value, int | float) and not (name == "topk2" and value == call.who.parameters.get("topk")):
            found[name] = torch.tensor(value, dtype=dtype)
    found["strides"] = torch.tensor(grid.strides)
    if batch.imgsz == (grid.height, grid.width):
        found["imgsz"] = torch.tensor(batch.imgsz)
    if pictures and batch.pictures is not None:
        found["pictures"] = as_bytes(batch.pictures)
    raw = {name: _raw(tensor) for name, tensor in found.items() if tensor.dtype in _CODES}
    width = {code: dtype.itemsize for dtype, code in _CODES.items()}
    return dict(sorted(raw.items(), key=lambda item: -width[item[1].dtype]))


def texts_of(call: Call, batch: Batch, more: Mapping[str, Any]) -> dict[str, str]:
    """Everything else, as JSON wherever it is no plain text."""
    others = {name: plain(value) for name, value in call.inputs.items() if not isinstance(value, Tensor)}
    texts = {
        "assigner": call.who.name,
        "package": call.who.package,
        "release": call.who.release,
        "head": call.who.head,
        "parameters": call.who.parameters,
        "arguments": {name: value for name, value in others.items() if is_plain(value)},
        "images": batch.files,
        **more,
    }
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in texts.items()}


def as_bytes(pictures: Tensor) -> Tensor:
    """Pictures as uint8: training hands them over as floats, of 0..1."""
    if pictures.dtype == torch.uint8:
        return pictures
    return (pictures.detach().float() * 255).round().clamp(0, 255).to(torch.uint8)


def _within(named: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Tensors by name; those of a list or dictionary as ``name.0``, ``name.key``."""
    for name, value in named.items():
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _within({f"{name}.{key}": inner for key, inner in value.items()})
        elif isinstance(value, list | tuple):
            yield from _within({f"{name}.{i}": inner for i, inner in enumerate(value)})


def _raw(tensor: Tensor) -> Raw:
    own = tensor.detach().cpu().contiguous()
    elements = own.reshape(-1).view(torch.uint8).numpy().data if own.numel() else memoryview(b"")
    return Raw(_CODES[own.dtype], tuple(own.shape), elements.cast("B"))
