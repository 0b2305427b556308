"""The layout of a saved trace: a .safetensors file whose metadata declares every tensor. docs/trace_file.md."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

FORMAT = "yolo-assign trace 1"
ROOM_FOR_DECLARATIONS = 1 << 16
"""Bytes that a file keeps free for axes, units and meanings, besides twice what is known when it is begun."""

DTYPES: Mapping[str, str] = {
    "bool": "BOOL",
    "uint8": "U8",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}
"""numpy's names of types and those of the safetensors format."""


def type_code(dtype: np.dtype[np.generic]) -> str:
    return DTYPES[dtype.name]
