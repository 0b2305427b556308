"""Head outputs that come from no model and never change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...assignment.grid import Grid
from ...basics.arrays import Array
from ...basics.errors import InputError
from ...basics.plural import count

LARGEST = 8 << 30
"""Bytes of synthetic heads beyond which the request is taken for a mistake."""


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


def synthetic_images(grid: Grid, images: Sequence[int], channels: int, seed: int) -> list[Array]:
    """Likewise for ``images`` of a dataset, by position; an image has the same maps in whichever batch it comes."""
    maps = [np.empty((len(images), channels, level.height, level.width), np.float32) for level in grid.levels]
    for at, image in enumerate(images):
        random = np.random.RandomState([seed, image])
        for level in maps:
            level[at] = random.standard_normal(level.shape[1:])
    return maps


def require_memory(grid: Grid, batch: int, channels: int) -> None:
    """Would synthetic heads of this size be made?

    Raises:
        InputError: they would take more than :data:`LARGEST` bytes.
    """
    size = 4 * batch * channels * grid.anchors
    if size > LARGEST:
        raise InputError(
            "too-large",
            f"synthetic heads for {count(batch, 'image')}, {channels} channels and {grid.anchors} anchors "
            f"would take {size / 2**30:.1f} GiB",
            hint="trace fewer images, classes or a smaller input at a time",
        )
