"""The layout of head outputs: maps of levels, one concatenated tensor, or boxes and scores. docs/heads.md.

b images, R bins per side, c classes, a anchors, h x w cells of a level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...assignment.grid import Grid
from ...basics.arrays import Array
from ...basics.errors import InputError
from ...basics.plural import count
from .channels import NOTHING, Channels, Expectations, joint_channels, separate_channels
from .files import ArrayFile, read_arrays
from .levels import Levels, Sizes, fitting_levels, require_levels

SEPARATE = ("boxes", "scores")
EXPECTED = "maps (b, 4·R+c, h, w), one tensor (b, 4·R+c, a), or boxes (b, 4·R, a) and scores (b, c, a)"


@dataclass(frozen=True)
class Heads:
    """Head outputs as the stages take them.

    Attributes:
        name: of the file, without its folders.
        path: as the user gave it.
        maps: one (b, 4·R+c, h, w) float32 per level, fine level first, logits.
        digest: first 12 hex digits of the file's sha256.
        grid: the levels.
        shapes_name: what ``shapes`` would call them.
        reg_max: bins per side R.
        nc: number of classes c.
        reading: how the file was read, in one sentence.
        images: names of the images that the outputs belong to, if the file has them.
    """

    name: str
    path: str
    maps: list[Array]
    digest: str
    grid: Grid
    shapes_name: str
    reg_max: int
    nc: int
    reading: str
    images: tuple[str, ...] = ()

    @property
    def batch(self) -> int:
        return int(self.maps[0].shape[0])

    @property
    def channels(self) -> int:
        return int(self.maps[0].shape[1])


def read_heads(path: Path, expected: Expectations = NOTHING) -> Heads:
    """The head outputs in a .npz, .npy, .safetensors or torch file, in any layout of docs/heads.md.

    Args:
        path: the file.
        expected: what is known about levels, bins and classes.

    Raises:
        InputError: as :func:`.files.read_arrays` and :func:`detect_layout`.
    """
    return detect_layout(read_arrays(path), expected)


def detect_layout(file: ArrayFile, expected: Expectations) -> Heads:
    """The maps in a file of arrays, in whichever layout they are.

    Raises:
        InputError: arrays of no known layout, levels or channels that contradict each other or what was said,
            several readings that fit, or predictions that are decoded already.
    """
    arrays = {name: _checked(file, name, array) for name, array in file.arrays.items()}
    if not arrays:
        raise InputError("no-maps", "this file holds no array", where=file.path)
    _require_one_head(file, arrays)
    feats = {name: array for name, array in arrays.items() if "feats" in name.split(".") and array.ndim == 4}
    rest = {name: array for name, array in arrays.items() if name not in feats}
    separate = {part: name for name in rest for part in SEPARATE if name.split(".")[-1].lower() == part}
    if len(separate) == len(SEPARATE):
        parts = [(name, rest[name]) for name in separate.values()]
        others = [name for name in rest if name not in separate.values()]
        if others:
            raise _no_layout(file, others[0], rest[others[0]], "beside boxes and scores")
        parts = [(separate[part], rest[separate[part]]) for part in SEPARATE]
        return _from_anchors(file, parts, _sizes_of(feats), expected)
    flat = [name for name, array in rest.items() if array.ndim == 3]
    if not flat:
        return _from_maps(file, rest or feats, expected)
    if len(rest) > 1:
        raise _no_layout(file, flat[0], rest[flat[0]], f"beside {next(name for name in rest if name != flat[0])}")
    return _from_anchors(file, [(flat[0], rest[flat[0]])], _sizes_of(feats), expected)


def _checked(file: ArrayFile, name: str, array: Array) -> Array:
    if array.ndim not in (3, 4) or array.dtype.kind not in "fiu" or not array.size:
        raise _no_layout(file, name, array)
    return array


def _no_layout(file: ArrayFile, name: str, array: Array, beside: str = "") -> InputError:
    return InputError(
        "not-a-map",
        f"this array is {array.dtype} {list(array.shape)}{f' {beside}' if beside else ''}, expected {EXPECTED}",
        where=f"{file.path}[{name}]",
        hint="keep one array per level in the file and nothing else, or call two of them boxes and scores",
    )


def _require_one_head(file: ArrayFile, arrays: Mapping[str, Array]) -> None:
    """Models with two heads return both while they train."""
    heads = sorted({part for name in arrays for part in name.split(".") if part in ("one2many", "one2one")})
    named = [name for name in arrays if name.split(".")[-1].lower() == "boxes"]
    several = heads if len(heads) > 1 else named if len(named) > 1 else []
    if several:
        message = f"this file holds the outputs of {len(several)} heads: {', '.join(several)}"
        hint = f'save one of them: torch.save(outputs["{several[0].removesuffix(".boxes")}"], path)'
        raise InputError("ambiguous-heads", message, where=file.path, hint=hint)


def _sizes_of(maps: Mapping[str, Array]) -> list[tuple[int, int]] | None:
    """Height and width of maps, fine level first."""
    return sorted(((m.shape[2], m.shape[3]) for m in maps.values()), key=lambda s: -s[0] * s[1]) or None


def _from_maps(file: ArrayFile, maps: Mapping[str, Array], expected: Expectations) -> Heads:
    # fine level first: the one with most cells
    ordered = sorted(maps.items(), key=lambda item: -item[1].shape[2] * item[1].shape[3])
    first_name, first = ordered[0]
    for name, level in ordered[1:]:
        if level.shape[:2] != first.shape[:2]:
            raise InputError(
                "heads-disagree",
                f"batch and channels are {level.shape[0]}, {level.shape[1]}, "
                f"but {first.shape[0]}, {first.shape[1]} in {first_name}",
                where=f"{file.path}[{name}]",
                hint="every level has the shape (b, 4·R+c, h, w) with the same b, R and c",
            )
    sizes = _sizes_of(maps)
    assert sizes is not None
    levels = require_levels(expected.shapes, expected.imgsz, sum(h * w for h, w in sizes), sizes, file.path)
    channels = joint_channels(first.shape[1], expected, file.path)
    what = f"{count(len(ordered), 'map')} {', '.join(_shape(level) for _, level in ordered)}"
    return _heads(file, [_float32(level) for _, level in ordered], levels, channels, what)


def _from_anchors(
    file: ArrayFile, parts: Sequence[tuple[str, Array]], sizes: Sizes | None, expected: Expectations
) -> Heads:
    """From tensors whose anchors stand in one axis, cells row by row, fine level first."""
    for name, array in parts:
        if array.ndim != 3:
            raise _no_layout(file, name, array)
    levels, transposed = _orientation(file, parts, sizes, expected)
    turned = [np.swapaxes(array, 1, 2) if transposed else array for _, array in parts]  # (b, channels, a)
    names = [name for name, _ in parts]
    for name, array in zip(names[1:], turned[1:], strict=True):
        if (array.shape[0], array.shape[2]) != (turned[0].shape[0], turned[0].shape[2]):
            message = f"batch and anchors are {array.shape[0]}, {array.shape[2]}, but "
            message += f"{turned[0].shape[0]}, {turned[0].shape[2]} in {names[0]}"
            raise InputError("heads-disagree", message, where=f"{file.path}[{name}]")
    _require_raw(file, turned, levels.grid)
    if len(turned) == 1:
        channels = joint_channels(turned[0].shape[1], expected, file.path)
        what = f"one tensor {_shape(parts[0][1])}"
    else:
        channels = separate_channels(turned[0].shape[1], turned[1].shape[1], expected, file.path)
        what = " + ".join(f"{word} {_shape(array)}" for word, (_, array) in zip(SEPARATE, parts, strict=True))
    if transposed:
        what += ", anchors before channels"
    maps = []
    for level in levels.grid.levels:
        here = slice(level.first, level.first + level.anchors)
        joined = np.concatenate([_float32(array[..., here]) for array in turned], axis=1)
        maps.append(joined.reshape(*joined.shape[:2], level.height, level.width))
    return _heads(file, maps, levels, channels, what)


def _orientation(
    file: ArrayFile, parts: Sequence[tuple[str, Array]], sizes: Sizes | None, expected: Expectations
) -> tuple[Levels, bool]:
    """The levels, and whether anchors stand before channels.

    They do only if no levels fit the last axis. If both axes fit, the last one has to be the longer one, as there
    are hardly more channels than anchors.
    """
    name, first = parts[0]
    _, channels, anchors = first.shape
    where = f"{file.path}[{name}]" if len(parts) > 1 else file.path
    if sizes is not None and sum(h * w for h, w in sizes) not in (channels, anchors):
        message = f"the feats have {sum(h * w for h, w in sizes)} cells, but {name} is {_shape(first)}"
        raise InputError("heads-disagree", message, where=where)
    across, along = (fitting_levels(expected.shapes, expected.imgsz, n, sizes) for n in (channels, anchors))
    if len(parts) > 1 and first.shape[1] == parts[1][1].shape[1] and first.shape[2] != parts[1][1].shape[2]:
        along = []  # what both have in common are the anchors
    if across and along and channels > anchors:
        readings = " or ".join(
            f"{n} anchors, {other} channels ({levels[0].options})"
            for n, other, levels in ((anchors, channels, along), (channels, anchors, across))
        )
        message = f"{_shape(first)} can be {readings}"
        raise InputError("ambiguous-heads", message, where=where, hint="say which with `shapes` and `imgsz`")
    if across and not along:
        return require_levels(expected.shapes, expected.imgsz, channels, sizes, where), True
    try:
        return require_levels(expected.shapes, expected.imgsz, anchors, sizes, where), False
    except InputError as error:
        if error.id == "heads-do-not-fit" and 6 in (channels, anchors) and len(parts) == 1:
            error.hint = "rows of six numbers are final detections; a trace needs the raw outputs of the head"
        raise


def _require_raw(file: ArrayFile, turned: Sequence[Array], grid: Grid) -> None:
    """Raw distances are cells and raw scores logits; boxes in px and scores in 0..1 have been decoded.

    A distance larger than the finest map is wide would be a box larger than the image.
    """
    boxes, scores = (turned[0][:, :4], turned[0][:, 4:]) if len(turned) == 1 else (turned[0], turned[1])
    if boxes.shape[1] != 4 or not scores.size or boxes.max() <= max(grid.levels[0].height, grid.levels[0].width):
        return
    if scores.min() >= 0 and scores.max() <= 1:
        raise InputError(
            "decoded-heads",
            f"these are decoded predictions: boxes up to {boxes.max():g} px and all scores within 0..1",
            where=file.path,
            hint="a trace needs what the detection head puts out before decoding: hook the head while the model is in "
            "train mode and save that (docs/heads.md), or save the assigner's call for `capture`",
        )


def _float32(array: Array) -> Array:
    with np.errstate(over="ignore"):  # what float32 does not hold becomes infinite, and the trace says so
        return np.ascontiguousarray(array, dtype=np.float32)


def _heads(file: ArrayFile, maps: list[Array], levels: Levels, channels: Channels, what: str) -> Heads:
    reg_max = f"reg_max {channels.reg_max}{' by default' if channels.default else ''}"
    classes = count(channels.nc, "class")
    note = f", {file.note}," if file.note else ""
    reading = f"read as {what}{note}: {levels.options}{levels.note}, {reg_max}, {classes}"
    whole = next((array.dtype for array in file.arrays.values() if array.dtype.kind in "iu"), None)
    if whole is not None:
        reading += f"; these are whole numbers ({whole}), and logits hardly are"
    images = file.text("images", "im_file")
    if images and len(images) != len(maps[0]):
        message = f"{count(len(images), 'image')} named, but there are heads of {count(len(maps[0]), 'image')}"
        hint = "name the images of the batch in their order, or none"
        raise InputError("heads-of-other-images", message, where=f"{file.path}[images]", hint=hint)
    return Heads(
        name=file.name,
        path=file.path,
        maps=maps,
        digest=file.digest,
        grid=levels.grid,
        shapes_name=levels.name,
        reg_max=channels.reg_max,
        nc=channels.nc,
        reading=reading,
        images=images,
    )


def _shape(array: Array) -> str:
    return f"({', '.join(map(str, array.shape))})"
