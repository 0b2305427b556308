"""Head outputs: real ones from a file, or synthetic ones that never change."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..arrays import Array
from ..grid import Grid
from .head_channels import Wanted
from .head_files import read_arrays
from .head_layout import Heads, detect_layout

ANYTHING = Wanted()


def read_heads(path: Path, wanted: Wanted = ANYTHING) -> Heads:
    """The head outputs in a .npz, .npy, .safetensors or torch file, in any layout of docs/heads.md.

    Args:
        path: the file.
        wanted: what was said about levels, bins and classes.

    Raises:
        InputError: as :func:`.head_files.read_arrays` and :func:`.head_layout.detect_layout`.
    """
    return detect_layout(read_arrays(path), wanted)


def synthetic_maps(grid: Grid, batch: int, channels: int, seed: int) -> list[Array]:
    """Standard normal maps (b, channels, h, w) from numpy's frozen RandomState, fine level first.

    numpy promises never to change this stream, so the same seed gives the same maps with every version.
    """
    random = np.random.RandomState(seed)
    maps = []
    for level in grid.levels:
        shape = (batch, channels, level.height, level.width)
        values = np.empty(shape, dtype=np.float32)
        for i in range(batch):  # image by image: the stream is the same, its float64 form is smaller
            values[i] = random.standard_normal(shape[1:])
        maps.append(values)
    return maps
