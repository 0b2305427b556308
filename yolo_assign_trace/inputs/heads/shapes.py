"""Feature-map shapes from a name or a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...assignment.grid import Grid
from ...basics.errors import InputError, Parameter, did_you_mean
from ..labels.row import LARGEST_INDEX
from ..reading.files import display_name, exists
from ..reading.yaml_file import read_yaml, short
from .points import grid_of_strides

STUDY = "study"
STUDY_IMGSZ = (640, 640)
STUDY_GRID = Grid.of(STUDY_IMGSZ, ((8, 8), (4, 4), (2, 2)))
LAYOUTS: Mapping[str, tuple[int, ...]] = {
    "yolov8": (8, 16, 32),
    "yolov8-p2": (4, 8, 16, 32),
    "yolov8-p6": (8, 16, 32, 64),
}
"""Strides of the named heads; a level has ceil(imgsz / stride) cells a side."""

KEYS = ("imgsz", "maps", "strides", "nc", "reg_max", "batch")
DEFAULT_REG_MAX = 16
LARGEST_REG_MAX, LARGEST_NC = 1024, 100_000
"""Bins and classes beyond which a number is taken for a mistake."""


@dataclass(frozen=True)
class Shapes:
    """The grid and, where the file says so, classes, bins and images. ``name`` is how the user called it.

    ``fits_any`` says that the levels are those of a head, so that an input of any size has them.
    """

    name: str
    grid: Grid
    nc: int | None = None
    reg_max: int | None = None
    batch: int | None = None
    fits_any: bool = False

    @classmethod
    def of_strides(
        cls,
        name: str,
        imgsz: tuple[int, int],
        strides: Sequence[int],
        nc: int | None = None,
        reg_max: int | None = None,
    ) -> Shapes:
        """The levels that a head with these strides has at an input (height, width)."""
        return cls(name, grid_of_strides(imgsz, strides), nc, reg_max, fits_any=True)

    def at(self, imgsz: tuple[int, int]) -> Shapes:
        """The same head at another input (height, width)."""
        return Shapes.of_strides(self.name, imgsz, self.strides, self.nc, self.reg_max)

    @property
    def strides(self) -> tuple[int, ...]:
        return tuple(level.stride for level in self.grid.levels)

    @property
    def is_study(self) -> bool:
        """Are these the maps of the tutorial's sample, by whatever name?"""
        return self.grid == STUDY_GRID


def parse_imgsz(text: str) -> tuple[int, int]:
    """``640`` or ``height,width`` in px.

    >>> parse_imgsz("384,640")
    (384, 640)
    """
    try:
        sizes = [int(word) for word in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or min(sizes) < 1:
        raise InputError(
            "wrong-imgsz",
            f"{text!r} is no input size",
            where=Parameter("imgsz"),
            hint="write one number of px, or height,width such as 384,640",
        )
    return sizes[0], sizes[-1]


def read_shapes(name: str, imgsz: tuple[int, int] | None = None, *, round_up: bool = False) -> Shapes:
    """The shapes called ``name``: a layout of :data:`LAYOUTS` at ``imgsz``, ``study``, or a YAML file.

    Training rounds input sizes up to the largest stride; ``round_up`` does so.

    Raises:
        InputError: unknown name, unreadable file, wrong key or value (with its line), maps that do not tile.
    """
    if name == STUDY:
        if imgsz not in (None, STUDY_IMGSZ):
            raise InputError(
                "fixed-imgsz",
                "the study grid is always 640x640 px",
                where=Parameter("imgsz"),
                hint=f"leave `imgsz` out, or choose a head: `shapes={', '.join(LAYOUTS)}`",
            )
        return Shapes(name, STUDY_GRID)
    if name in LAYOUTS:
        height, width = imgsz or (640, 640)
        if round_up:
            height, width = rounded_up((height, width), max(LAYOUTS[name]))
        return Shapes.of_strides(name, (height, width), LAYOUTS[name])
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or exists(path):
        if imgsz is not None:
            raise InputError(
                "fixed-imgsz", "the shapes file says the input size", where=Parameter("imgsz"), hint="leave it out"
            )
        return _from_yaml(path)
    raise InputError(
        "unknown-shapes",
        f"{name!r} is neither a named layout nor a file",
        where=Parameter("shapes"),
        hint=did_you_mean(name, [STUDY, *LAYOUTS]) + " A file ends in .yaml",
    )


def rounded_up(imgsz: tuple[int, int], stride: int) -> tuple[int, int]:
    """Both sides in whole largest strides, as training has them.

    >>> rounded_up((650, 640), 32)
    (672, 640)
    """
    height, width = (-(-side // stride) * stride for side in imgsz)
    return height, width


def about_rounding(asked: tuple[int, int], imgsz: tuple[int, int]) -> str:
    """That an input that was asked for became another, in a sentence."""
    text, whole = (str(a) if a == b else f"{a}x{b}" for a, b in (asked, imgsz))
    return f"imgsz {text} is rounded up to {whole}, whole largest strides, as training does"


def layout_grid(name: str, imgsz: tuple[int, int]) -> Grid:
    """The grid of a named layout at an input size (height, width)."""
    return Shapes.of_strides(name, imgsz, LAYOUTS[name]).grid


def _from_yaml(path: Path) -> Shapes:
    values, lines = read_yaml(path, "shapes file", "docs/shapes.md")

    def fail(key: str, expected: str) -> InputError:
        return InputError(
            "wrong-value", f"{key} is {short(values[key])}, expected {expected}", where=f"{path}:{lines[key]}"
        )

    _check_keys(path, lines)
    imgsz = values["imgsz"]
    imgsz = [imgsz, imgsz] if _is_count(imgsz) else imgsz
    maps, strides = values["maps"], values.get("strides")
    if not _are_counts(imgsz, 2):
        raise fail("imgsz", "a number of px or [height, width]")
    if not isinstance(maps, list) or not maps or not all(_are_counts(size, 2) for size in maps):
        raise fail("maps", "a list of [height, width] in cells, fine level first")
    if strides is not None and not _are_counts(strides, len(maps)):
        raise fail("strides", f"a list of {len(maps)} numbers of px")
    for key, most in {"nc": LARGEST_NC, "reg_max": LARGEST_REG_MAX, "batch": LARGEST_INDEX + 1}.items():
        if key in values and not (_is_count(values[key]) and values[key] <= most):
            raise fail(key, f"a whole number from 1 to {most}")
    try:
        grid = Grid.of((imgsz[0], imgsz[1]), [(size[0], size[1]) for size in maps], strides)
    except InputError as error:
        line = lines["strides" if error.where.startswith("strides") else "maps"]
        error.where = f"{path}:{line}: {error.where}".removesuffix(": ")
        raise
    return Shapes(display_name(path), grid, values.get("nc"), values.get("reg_max"), values.get("batch"))


def _check_keys(path: Path, lines: Mapping[str, int]) -> None:
    for key, line in lines.items():
        if key not in KEYS:
            message = f"{key!r} is no key of a shapes file"
            raise InputError("unknown-key", message, where=f"{path}:{line}", hint=did_you_mean(key, KEYS))
    for key in ("imgsz", "maps"):
        if key not in lines:
            raise InputError("missing-key", f"{key} is missing", where=str(path), hint="see docs/shapes.md")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _are_counts(value: object, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(map(_is_count, value))
