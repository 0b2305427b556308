"""The lines of run.log; docs/run_log.md describes the grammar in full.

Every kind of line is written by one function here and read by the one below it, so that the writer and the reader
of logs cannot disagree. Every value line begins with its own name, index and address: the functions in the second
half list those beginnings in the order of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise

import numpy as np

from ..assignment.grid import Grid
from ..basics.arrays import Array
from .number_text import grid_text

FORMAT = 2
READABLE = ("1", "2")
"""Formats that can be read. In format 1 there is no line of settings."""

_TITLE = "# yolo-assign trace, format "
_SUMMARY = "== boxes: what became of every ground-truth box"
_TABLE = "-- one line a pair: "
GLYPHS = b".o#"
"""Cells of a mask over pairs: no candidate, a candidate but false, true."""
_CODES = {chr(glyph): code for code, glyph in enumerate(GLYPHS)}
_GAP = "  "  # between the beginning of a value line and its values


def title_line() -> str:
    """``# yolo-assign trace, format 2``: the first line."""
    return f"{_TITLE}{FORMAT}"


def parse_title(line: str) -> str | None:
    """The format of a log with this first line, None if it is none."""
    return line.removeprefix(_TITLE) if line.startswith(_TITLE) else None


def header_line(key: str, text: str) -> str:
    """``# grid      640x640 px: ...``: one line of the header."""
    return f"# {key:<9} {text}"


def parse_header(line: str) -> tuple[str, str] | None:
    """Key and text of a line of the header."""
    key, _, text = line[2:].partition(" ")
    return (key, text.strip()) if line.startswith("# ") else None


def stage_line(number: int, name: str, title: str) -> str:
    """``== 6 screen: title``: a stage begins."""
    return f"== {number} {name}: {title}"


def parse_stage(line: str) -> tuple[int, str] | None:
    """Number and name of the stage that begins here."""
    match = re.fullmatch(r"== ([0-9]+) (\w+): .*", line)
    return (int(match[1]), match[2]) if match else None


def summary_line() -> str:
    """``== boxes: ...``: the closing lines of the boxes begin."""
    return _SUMMARY


def is_summary(line: str) -> bool:
    return line.partition(": ")[0] == _SUMMARY.partition(": ")[0]


def remark_line(text: str) -> str:
    """``-- text``: something that only people read."""
    return f"-- {text}"


def fact_line(text: str, *, notable: bool) -> str:
    """``-- = text`` or, if it is worth a look, ``-- ! text``."""
    return remark_line(f"{'!' if notable else '='} {text}")


def is_remark(line: str) -> bool:
    return line.startswith("-- ")


def meaning_line(name: str, meaning: str) -> str:
    """``-- name: meaning``: what the tensor below is."""
    return remark_line(f"{name}: {meaning}")


def parse_meaning(line: str) -> tuple[str, str] | None:
    """Name and meaning in a remark that may be such a line."""
    name, colon, meaning = line[3:].partition(": ")
    return (name, meaning) if is_remark(line) and colon else None


def table_line(names: Sequence[str]) -> str:
    """``-- one line a pair: class_scores, overlaps``: the columns of the table below."""
    return _TABLE + ", ".join(names)


def parse_table(line: str) -> list[str] | None:
    """The columns of the table that begins here."""
    return line.removeprefix(_TABLE).split(", ") if line.startswith(_TABLE) else None


@dataclass(frozen=True)
class TensorLine:
    """``name  dtype [axes and sizes] unit  statistics``: a tensor whose values follow.

    ``axes`` and ``dense`` are (axis, size) as written; ``dense`` are those that the pairs of a tensor over pairs are
    pairs of, and empty for all others.
    """

    name: str
    dtype: str
    axes: tuple[tuple[str, str], ...]
    dense: tuple[tuple[str, str], ...]
    unit: str


def tensor_line(
    name: str, dtype: str, axes: Sequence[tuple[str, int]], dense: Sequence[tuple[str, int]], unit: str, statistics: str
) -> str:
    """A :class:`TensorLine`: ``[image 4, anchor 84]``, or ``[pair 86 of image 4, gt 3, anchor 84, side 4]``."""
    words = [f"{axis} {size}" for axis, size in axes]
    if dense:
        words[0] += " of " + ", ".join(f"{axis} {size}" for axis, size in dense)
    return f"{name}  {dtype} [{', '.join(words)}] {unit}  {statistics}"


def parse_tensor(line: str) -> TensorLine | None:
    """The tensor that begins here; sizes are not looked at."""
    match = re.fullmatch(r"(\w+)  (\w+) \[([^\]]*)\] (\w+)  .*", line)
    if match is None:
        return None
    name, dtype, shape, unit = match.groups()
    first, of, rest = shape.partition(" of ")
    axes = tuple(map(_axis, (rest if of else shape).split(", ")))
    if not of:
        return TensorLine(name, dtype, axes, (), unit)
    return TensorLine(name, dtype, (_axis(first), *axes[3:]), axes[:3], unit)


def _axis(text: str) -> tuple[str, str]:
    axis, _, size = text.partition(" ")
    return axis, size


def value_lines(starts: Iterator[bytes], texts: Sequence[bytes]) -> list[bytes]:
    """A line for each of ``texts`` with the next of ``starts``."""
    return list(map(_GAP.encode().join, zip(islice(starts, len(texts)), texts, strict=True)))


def parse_values_of(line: str, start: bytes) -> str | None:
    """The values of a line that must begin with ``start``; None if it does not."""
    expected = start.decode() + _GAP
    return line.removeprefix(expected) if line.startswith(expected) else None


def column_texts(name: str, texts: Sequence[bytes]) -> list[bytes]:
    """``overlaps=0.28125`` or ``bbox_deltas=1.0,2.0,3.0,4.0`` for every pair of a table."""
    return [b"%s=%s" % (name.encode(), text.replace(b" ", b",")) for text in texts]


def parse_columns(text: str, names: Sequence[str]) -> list[str] | None:
    """The values of one pair apart by spaces, in the order of ``names``; None if these are not its columns."""
    words = [word.partition("=") for word in text.split(" ")]
    return [word[2].replace(",", " ") for word in words] if [word[0] for word in words] == [*names] else None


def mask_texts(rows: Array) -> list[bytes]:
    """A text for every row of (row, cell) codes: 0 no candidate, 1 a candidate but false, 2 true."""
    return grid_text(rows, GLYPHS)


def parse_mask(text: str, width: int) -> list[int]:
    """The codes in a row of ``width`` cells.

    Raises:
        ValueError: it is none.
    """
    cells = text.split(" ")
    if len(cells) != width or not set(cells) <= _CODES.keys():
        raise ValueError(f"expected {width} cells of {' '.join(_CODES)}")
    return [_CODES[cell] for cell in cells]


def end_line(outputs: int, stages: int) -> str:
    """``# end of 36 outputs in 11 stages``: the last line; a log without it is not whole."""
    return f"# end of {outputs} outputs in {stages} stages"


def parse_end(line: str) -> tuple[int, int] | None:
    """Outputs and stages of a log that ends here."""
    match = re.fullmatch(r"# end of ([0-9]+) outputs in ([0-9]+) stages", line)
    return (int(match[1]), int(match[2])) if match else None


# --- beginnings of value lines ---------------------------------------------------------------------------------------


def is_by_level(axes: Sequence[str]) -> bool:
    """Is a tensor of these axes laid out level by level, one line per row of cells?"""
    return _without_one(axes)[-1:] == ("anchor",)


def as_rows(axes: Sequence[str], shape: Sequence[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Index axes of the lines of a dense tensor that is not by level, and its shape as (index..., values).

    Axes that people look things up by (image, gt, level) get a line an element; others stand side by side.
    """
    plain = _without_one(axes)
    if len(plain) < len(axes) or plain[-1] in ("image", "gt", "level"):
        return plain, (*shape[: len(plain)], 1)
    return tuple(plain[:-1]), tuple(shape)


def addresses(grid: Grid) -> list[bytes]:
    """``P3 y30 x17`` for every anchor."""
    addresses: list[bytes] = []
    for level in grid.levels:
        columns = [b" x%d" % x for x in range(level.width)]
        for y in range(level.height):
            addresses += map((b"%s y%d" % (level.name.encode(), y)).__add__, columns)
    return addresses


@lru_cache(maxsize=1)
def _anchor_ends(grid: Grid) -> list[bytes]:
    """``2417] P3 y30 x17`` for every anchor; many tensors of a log need the same list."""
    return list(map(b"%d] %s".__mod__, enumerate(addresses(grid))))


def row_starts(name: str, index_axes: Sequence[str], shape: Sequence[int], grid: Grid) -> Iterator[bytes]:
    """``pred_scores[0,2417] P3 y30 x17`` for every line of a dense tensor that is not by level."""
    if not index_axes:  # one line for all
        return iter([name.encode()])
    *outer, rows = shape[: len(index_axes)]
    if index_axes[-1] == "anchor":
        ends = _anchor_ends(grid)
    elif index_axes[-1] == "level":
        ends = [b"%d] %s" % (i, level.name.encode()) for i, level in enumerate(grid.levels)]
    else:
        ends = [b"%d]" % i for i in range(rows)]
    starts = (b"%s[%s" % (name.encode(), b"".join(b"%d," % i for i in place)) for place in np.ndindex(*outer))
    return chain.from_iterable(map(start.__add__, ends) for start in starts)  # half the time of a loop here


def level_starts(name: str, images: int | None, grid: Grid) -> Iterator[bytes]:
    """``fg_mask[0] P3 y30`` for every line of a tensor laid out by level; ``images`` is None without that axis."""
    for image in range(1 if images is None else images):
        start = name.encode() if images is None else b"%s[%d]" % (name.encode(), image)
        for level in grid.levels:
            for y in range(level.height):
                yield b"%s %s y%d" % (start, level.name.encode(), y)


def pair_starts(name: str, pairs: Array, grid: Grid) -> Iterator[bytes]:
    """``align_metric[0,1,2417] P3 y30 x17`` for every pair."""
    address = addresses(grid)
    key = name.encode()
    for image, gt, anchor in pairs.tolist():
        yield b"%s[%d,%d,%d] %s" % (key, image, gt, anchor, address[anchor])


def pair_mask_rows(name: str, pairs: Array, codes: Array, grid: Grid) -> Iterator[tuple[bytes, Array]]:
    """``mask_topk[0,1] P3 y30`` and the cells of that row, for every row of cells that holds a candidate.

    ``codes`` (pair,) are those of :func:`mask_texts`; cells that are no candidates get code 0.
    """
    starts = np.flatnonzero(np.diff(pairs[:, :2], axis=0, prepend=-1).any(axis=1)).tolist()
    for start, stop in pairwise([*starts, len(pairs)]):
        image, gt = pairs[start, :2].tolist()
        here = np.zeros(grid.anchors, dtype=np.uint8)
        here[pairs[start:stop, 2]] = codes[start:stop]
        for level in grid.levels:
            cells = here[level.first : level.first + level.anchors].reshape(level.height, level.width)
            for y in np.flatnonzero(cells.any(axis=1)).tolist():
                yield b"%s[%d,%d] %s y%d" % (name.encode(), image, gt, level.name.encode(), y), cells[y]


def parse_mask_row(name: str, line: str) -> tuple[int, int, str, int, str] | None:
    """Image, gt, name of the level, y and cells of a row of the mask ``name``."""
    match = re.fullmatch(rf"{re.escape(name)}\[([0-9]+),([0-9]+)\] (\w+) y([0-9]+){_GAP}(.*)", line)
    return (int(match[1]), int(match[2]), match[3], int(match[4]), match[5]) if match else None


def _without_one(axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(axes[:-1] if axes[-1] == "one" and len(axes) > 1 else axes)
