"""Head outputs: real ones from an .npz file, or synthetic ones that never change."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import InputError
from ..grid import Grid
from .files import display_name
from .shapes import LAYOUTS, layout_grid


@dataclass(frozen=True)
class Heads:
    """Head outputs, fine level first, each (b, 4·R+c, h, w) float32 logits; ``digest`` is of the file."""

    name: str
    path: str
    maps: list[Array]
    digest: str

    @property
    def batch(self) -> int:
        return int(self.maps[0].shape[0])

    @property
    def channels(self) -> int:
        return int(self.maps[0].shape[1])


def read_heads(path: Path) -> Heads:
    """Read one array (b, 4·R+c, h, w) per level from an .npz file, in any order.

    Raises:
        InputError: not an .npz, an array that is no map, or maps of different batch or channels.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except FileNotFoundError:
        raise InputError("no-such-file", "there is no such heads file", where=str(path)) from None
    except IsADirectoryError:
        raise InputError("is-a-folder", "this is a folder, not a heads file", where=str(path)) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError("not-readable", f"these heads cannot be read: {reason}", where=str(path)) from None
    maps = {name: _as_map(path, name, array) for name, array in _arrays(path).items()}
    if not maps:
        raise InputError("no-maps", "this file holds no array", where=str(path))
    # fine level first: the one with most cells
    ordered = sorted(maps.items(), key=lambda item: -item[1].shape[2] * item[1].shape[3])
    first_name, first = ordered[0]
    for name, level in ordered[1:]:
        if level.shape[:2] != first.shape[:2]:
            raise InputError(
                "heads-disagree",
                f"batch and channels are {level.shape[0]}, {level.shape[1]}, "
                f"but {first.shape[0]}, {first.shape[1]} in {first_name}",
                where=f"{path}[{name}]",
                hint="every level has the shape (b, 4·R+c, h, w) with the same b, R and c",
            )
    return Heads(display_name(path), str(path), [level for _, level in ordered], digest)


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


def check_heads(heads: Heads, grid: Grid, *, shapes_name: str, shapes_given: bool) -> None:
    """Do the maps have the sizes of the grid's levels?

    Raises:
        InputError: what was expected and what came; the hint names a layout that fits, if one does.
    """
    found = [tuple(level.shape[2:]) for level in heads.maps]
    expected = [(level.height, level.width) for level in grid.levels]
    if found == expected:
        return
    raise InputError(
        "heads-do-not-fit",
        f"expected {len(expected)} maps of {_sizes(expected)} cells for --shapes {shapes_name}, "
        f"found {len(found)} of {_sizes(found)}",
        where=heads.path,
        hint=_fitting_layout(found) or ("" if shapes_given else "say the shapes of these maps with --shapes"),
    )


def _fitting_layout(found: list[tuple[int, ...]]) -> str:
    for name, strides in LAYOUTS.items():
        imgsz = (found[0][0] * strides[0], found[0][1] * strides[0])
        if [(level.height, level.width) for level in layout_grid(name, imgsz).levels] == found:
            size = f"{imgsz[0]}" if imgsz[0] == imgsz[1] else f"{imgsz[0]},{imgsz[1]}"
            return f"these maps fit --shapes {name} --imgsz {size}"
    return ""


def _sizes(sizes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(f"{size[0]}x{size[1]}" for size in sizes)


def _arrays(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file by name. A damaged archive can fail in any way that zip and zlib know."""
    hint = "save with numpy.savez(path, p3=..., p4=..., p5=...)"
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.lib.npyio.NpzFile):
            with archive:
                found = {name: archive[name] for name in archive.files}
            if all(isinstance(array, np.ndarray) for array in found.values()):
                return found
        problem = "this is a single .npy array" if isinstance(archive, np.ndarray) else "this holds no numpy arrays"
    except Exception as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            hint = "save plain float arrays; pickled objects are never loaded"
            raise InputError("pickled", "this file holds Python objects", where=str(path), hint=hint) from None
        problem = "this is not a readable .npz file"
    raise InputError("not-npz", problem, where=str(path), hint=hint)


def _as_map(path: Path, name: str, array: Array) -> Array:
    if array.ndim != 4 or array.dtype.kind not in "fiu" or not array.size:
        raise InputError(
            "not-a-map",
            f"this array is {array.dtype} {list(array.shape)}, expected floats of shape (b, 4·R+c, h, w)",
            where=f"{path}[{name}]",
            hint="keep one array per level in the file and nothing else",
        )
    return np.ascontiguousarray(array, dtype=np.float32)
