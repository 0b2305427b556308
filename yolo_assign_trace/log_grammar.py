"""The words of run.log, shared by its writer and its reader; docs/run_log.md describes the grammar in full."""

from __future__ import annotations

FORMAT = 1
MAGIC = f"# yolo-assign trace, format {FORMAT}"
END = "# end"
HEADER_KEYS = ("labels", "grid", "heads", "assigner", "digits", "versions")

NOT_A_PAIR, PAIR, CHOSEN = ".", "o", "#"
"""Cells of a mask over pairs: the anchor is no candidate, is one but the mask is false, or it is true."""


def is_layout_by_level(axes: tuple[str, ...]) -> bool:
    """Is a tensor of these axes laid out level by level, one line per row of cells?"""
    return without_one(axes)[-1:] == ("anchor",)


def is_indexed_line_by_line(axes: tuple[str, ...]) -> bool:
    """Does every element stand on a line of its own, because its last axis is one that people look up?"""
    return without_one(axes)[-1] in ("image", "gt", "level")


def without_one(axes: tuple[str, ...]) -> tuple[str, ...]:
    return axes[:-1] if axes[-1] == "one" else axes
