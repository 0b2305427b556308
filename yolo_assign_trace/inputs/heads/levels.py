"""Which levels head outputs come from, told by the sizes of their maps or the number of their anchors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...assignment.grid import Grid
from ...basics.errors import InputError
from .shapes import LAYOUTS, STUDY, STUDY_GRID, STUDY_IMGSZ, Shapes, layout_grid

Sizes = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Levels:
    """A reading: the name of the shapes, their grid, and the options that ask for it."""

    name: str
    grid: Grid
    options: str
    note: str = ""


def fitting_levels(
    shapes: Shapes | None, imgsz: tuple[int, int] | None, anchors: int, sizes: Sizes | None
) -> list[Levels]:
    """The readings of ``anchors`` cells, or of maps of ``sizes`` (height, width), that fit what was said.

    Without an input size, maps are taken for those of the largest input that has them, and a number of anchors for
    that of a square input that the largest stride divides. 8x8, 4x4 and 2x2 cells are the study grid unless
    something else was said.
    """
    fit = [levels for levels in _candidates(shapes, imgsz, anchors, sizes) if _fits(levels.grid, anchors, sizes)]
    study = [levels for levels in fit if levels.name == STUDY]
    if shapes is None and study and len(fit) > 1:
        others = ", ".join(f"{other.name} at {other.grid.height} px" for other in fit if other.name != STUDY)
        return [Levels(STUDY, study[0].grid, study[0].options, f" ({others} would fit too)")]
    return fit


def require_levels(
    shapes: Shapes | None, imgsz: tuple[int, int] | None, anchors: int, sizes: Sizes | None, where: str
) -> Levels:
    """The only reading that fits.

    Raises:
        InputError: none does, or several do; the message lists them.
    """
    fit = fitting_levels(shapes, imgsz, anchors, sizes)
    if len(fit) == 1:
        return fit[0]
    if fit:
        raise InputError(
            "ambiguous-heads",
            f"{_found(anchors, sizes)} can be {' or '.join(levels.options for levels in fit)}",
            where=where,
            hint="say which with `imgsz`, or with `shapes` and `imgsz`",
        )
    raise _none_fits(shapes, imgsz, anchors, sizes, where)


def _none_fits(
    shapes: Shapes | None, imgsz: tuple[int, int] | None, anchors: int, sizes: Sizes | None, where: str
) -> InputError:
    others = fitting_levels(None, None, anchors, sizes)
    hint = ""
    if others:
        thing = f"these {anchors} anchors" if sizes is None else "these maps"
        hint = f"{thing} fit {' or '.join(levels.options for levels in others)}"
    if shapes is None:
        size = "" if imgsz is None else f" at {_size(imgsz)} px"
        message = f"no named layout has {_found(anchors, sizes)}{size}"
        if sizes is None and imgsz is None:
            message += " for a square input"
            hint = hint or "say `imgsz=height,width`; describe other levels in a shapes file: `shapes=my.yaml`"
        hint = hint or "describe these levels in a shapes file: `shapes=my.yaml`"
    else:
        levels = [(level.height, level.width) for level in shapes.grid.levels]
        expected = f"{shapes.grid.anchors} anchors" if sizes is None else _found(0, levels)
        actual = f"{anchors}" if sizes is None else f"{len(sizes)} of {_cells(sizes)}"
        message = f"expected {expected} for `shapes={shapes.name}`, found {actual}"
    return InputError("heads-do-not-fit", message, where=where, hint=hint)


def _candidates(
    shapes: Shapes | None, imgsz: tuple[int, int] | None, anchors: int, sizes: Sizes | None
) -> list[Levels]:
    if shapes is not None:
        imgsz_text = f"{shapes.grid.height}x{shapes.grid.width} px"
        size = f" `imgsz={_size((shapes.grid.height, shapes.grid.width))}`" if shapes.name in LAYOUTS else ""
        return [Levels(shapes.name, shapes.grid, f"`shapes={shapes.name}`{size}", "" if size else f" ({imgsz_text})")]
    levels = []
    if imgsz in (None, STUDY_IMGSZ):
        levels.append(Levels(STUDY, STUDY_GRID, f"`shapes={STUDY}`"))
    for name, strides in LAYOUTS.items():
        size_px = imgsz or _likely_imgsz(strides, anchors, sizes)
        if size_px is not None:
            levels.append(Levels(name, layout_grid(name, size_px), f"`shapes={name}` `imgsz={_size(size_px)}`"))
    return levels


def _likely_imgsz(strides: Sequence[int], anchors: int, sizes: Sizes | None) -> tuple[int, int] | None:
    """The input that these levels would belong to; None if there is none."""
    if sizes is not None:
        return sizes[0][0] * strides[0], sizes[0][1] * strides[0]
    largest = strides[-1]
    smallest = sum((largest // stride) ** 2 for stride in strides)  # anchors of an input of one coarse cell
    times = math.isqrt(anchors // smallest)
    return (times * largest, times * largest) if times and times * times * smallest == anchors else None


def _fits(grid: Grid, anchors: int, sizes: Sizes | None) -> bool:
    levels = [(level.height, level.width) for level in grid.levels]
    return grid.anchors == anchors and (sizes is None or levels == list(sizes))


def _found(anchors: int, sizes: Sizes | None) -> str:
    if sizes is None:
        return f"{anchors} anchors"
    return f"{len(sizes)} map{'s' if len(sizes) != 1 else ''} of {_cells(sizes)} cells"


def _cells(sizes: Sizes) -> str:
    return ", ".join(f"{height}x{width}" for height, width in sizes)


def _size(imgsz: tuple[int, int]) -> str:
    return f"{imgsz[0]}" if imgsz[0] == imgsz[1] else f"{imgsz[0]},{imgsz[1]}"
