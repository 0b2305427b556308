"""Compares one output of two traces: same axes, shape and dtype, same rows, and then the values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError
from ..traces.stored import StoredOutput, StoredTrace
from .align_rows import Rows
from .consequences import Consequences, find_consequences, owners
from .elements import ElementDiff, InMemory, Readable, compare_elements
from .results import DIFFERENT, ONLY_A, ONLY_B, SAME, OutputDiff, Place
from .rules import Rule, Tolerances
from .ties import Side

OF_THE_OWNER = frozenset({"target_gt_idx", "target_labels", "target_bboxes"})
"""Outputs that training reads on positive anchors only; on background they carry gt 0."""


class Comparer:
    """Compares the outputs of two traces; knows what they share: the pairs and who is positive."""

    def __init__(self, a: StoredTrace, b: StoredTrace, tolerances: Tolerances) -> None:
        self.a = a
        self.b = b
        self.tolerances = tolerances

    def output(self, a: StoredOutput | None, b: StoredOutput | None) -> OutputDiff:
        """Compare one output; a side that has none gives None."""
        if a is None or b is None:
            only = b if a is None else a
            assert only is not None
            what = _what(only)
            verdict = ONLY_B if a is None else ONLY_A
            return OutputDiff(
                only.stage, only.name, only.output.unit, verdict, (), *(("", what) if a is None else (what, ""))
            )
        result = OutputDiff(a.stage, a.name, a.output.unit, SAME, (), _what(a), _what(b))
        if a.stage != b.stage:
            result = replace(result, other_stage=b.stage)
        if a.values is b.values:  # recorded inputs that a rerun was given
            return replace(result, elements=ElementDiff(int(np.prod(a.shape, dtype=np.int64))))
        reasons = ["dtype"] if a.dtype != b.dtype else []
        if a.output.axes != b.output.axes:
            return replace(result, verdict=DIFFERENT, reasons=(*reasons, "axes"))
        rows = self.rows if a.output.on_pairs else None
        if a.name == "pairs" and rows is not None:
            return self._pairs(result, rows)
        shapes = (a.shape[1:], b.shape[1:]) if rows is not None else (a.shape, b.shape)
        if shapes[0] != shapes[1]:
            return replace(result, verdict=DIFFERENT, reasons=(*reasons, "shape"))
        if not _comparable(a.dtype, b.dtype):
            return replace(result, verdict=DIFFERENT, reasons=tuple(reasons))
        x, y, pairs = self._aligned(a, b)
        matters = self._matters(a, x.shape) if a.name in OF_THE_OWNER else None
        by_size = a.output.unit not in ("mask", "index")
        elements = compare_elements(x, y, self._rule(a), by_size=by_size, matters=matters)
        if elements.differing:
            reasons.append("values")
        place = self._place(elements.worst, a, x.shape, pairs) if elements.worst is not None else None
        return replace(
            result,
            verdict=DIFFERENT if reasons else SAME,
            reasons=tuple(reasons),
            elements=elements,
            place=place,
        )

    def differing_at(self, name: str) -> Array:
        """Flat positions of the elements of ``name`` that differ; both sides must have them in one shape."""
        a, b = self.a.by_name[name], self.b.by_name[name]
        differing: list[Array] = []
        compare_elements(a, b, self._rule(a), each=differing.append)
        return np.concatenate(differing) if differing else np.zeros(0, dtype=np.int64)

    def consequences(self) -> Consequences | None:
        """Who owns which anchor on both sides; None if they do not tell, or for different anchors."""
        if self.owners is None:
            return None
        return find_consequences(*self.owners, self.a.grid)

    @cached_property
    def owners(self) -> tuple[Array, Array] | None:
        """(image, anchor) the owners in A and in B."""
        names = ("fg_mask", "target_gt_idx")
        if self.a.grid != self.b.grid or not all(name in side.by_name for side in (self.a, self.b) for name in names):
            return None
        shapes = {side.by_name[name].shape for side in (self.a, self.b) for name in names}
        if len(shapes) != 1 or len(shape := shapes.pop()) != 2 or shape[1] != self.a.grid.anchors:
            return None
        before, after = (owners(*(side.array(name) for name in names)) for side in (self.a, self.b))
        return before, after

    @cached_property
    def rows(self) -> Rows | None:
        """The pairs of both sides; None if one of them has none."""
        sides = [side.by_name.get("pairs") for side in (self.a, self.b)]
        if any(side is None or side.shape[1:] != (3,) for side in sides):
            return None
        return Rows(_pairs_of(self.a), _pairs_of(self.b))

    def side(self, trace: StoredTrace) -> Side:
        """What :mod:`.ties` looks at."""
        return Side(trace, None if self.owners is None else self.owners[0 if trace is self.a else 1])

    def _rule(self, output: StoredOutput) -> Rule:
        return self.tolerances.rule(output.name, self.a.digits, self.b.digits)

    def _pairs(self, result: OutputDiff, rows: Rows) -> OutputDiff:
        if rows.equal:
            return replace(result, elements=ElementDiff(rows.a.size))
        only_a, only_b = rows.only_a, rows.only_b
        pairs = np.concatenate([only_a, only_b])
        if not len(pairs):  # the same pairs in another order: a trace that nobody here wrote
            return replace(result, verdict=DIFFERENT, reasons=("shape",))
        image, gt, anchor = pairs[np.lexsort(pairs.T[::-1])[0]].tolist()
        place = Place((image, gt, anchor), image, self.a.grid.address(anchor))
        result = replace(result, verdict=DIFFERENT, reasons=("pairs",), place=place)
        return replace(result, pairs_only_a=len(only_a), pairs_only_b=len(only_b))

    def _aligned(self, a: StoredOutput, b: StoredOutput) -> tuple[Readable, Readable, Array | None]:
        """Both sides in the same rows, and the pairs of these rows."""
        if not a.output.on_pairs or self.rows is None:
            return a, b, None
        rows = self.rows
        for output, pairs in ((a, rows.a), (b, rows.b)):
            if output.shape[0] != len(pairs):
                message = f"{output.name} has {output.shape[0]} rows, but there are {len(pairs)} pairs"
                raise InputError("wrong-trace-file", message, where=output.name)
        if rows.equal:
            return a, b, rows.a
        if a.dtype == b.dtype == np.bool_ and a.stage != self.a.by_name["pairs"].stage and len(a.shape) == 1:
            wide = [InMemory(rows.dense(side.array, side_b=side is b)) for side in (a, b)]
            return wide[0], wide[1], rows.all_pairs
        in_a, in_b = rows.common
        return InMemory(a.array[in_a]), InMemory(b.array[in_b]), rows.a[in_a]

    def _matters(self, output: StoredOutput, shape: tuple[int, ...]) -> Callable[[Array], Array] | None:
        """Of flat positions, which stand on an anchor that is positive on one side at least."""
        if self.owners is None or output.output.axes[:2] != ("image", "anchor") or shape[:2] != self.owners[0].shape:
            return None
        positive = (self.owners[0] >= 0) | (self.owners[1] >= 0)
        width = int(np.prod(shape[2:], dtype=np.int64))
        return lambda positions: positive.reshape(-1)[positions // width]

    def _place(self, flat: int, output: StoredOutput, shape: tuple[int, ...], pairs: Array | None) -> Place:
        index = tuple(int(i) for i in np.unravel_index(flat, shape))
        axes = output.output.axes
        image = index[axes.index("image")] if "image" in axes else None
        anchor = index[axes.index("anchor")] if "anchor" in axes else None
        if pairs is not None:
            image, _, anchor = row = tuple(int(i) for i in pairs[index[0]])
            index = (*row, *index[1:])
        known = anchor is not None and 0 <= anchor < self.a.grid.anchors
        return Place(index, image, self.a.grid.address(anchor) if known and anchor is not None else None)


def _pairs_of(trace: StoredTrace) -> Array:
    """(pair, 3) image, gt, anchor of the candidate pairs.

    Raises:
        InputError: a pair beyond the images, gts or anchors of the trace.
    """
    pairs = trace.array("pairs")
    sizes: dict[str, int] = {"anchor": trace.grid.anchors}
    for stored in trace.outputs.values():
        for axis, size in zip(stored.output.axes, stored.shape, strict=True):
            sizes.setdefault(axis, size)
    for column, axis in enumerate(("image", "gt", "anchor")):
        limit = sizes.get(axis, 1 << 20)
        if pairs.dtype.kind != "i" or ((pairs[:, column] < 0) | (pairs[:, column] >= limit)).any():
            message = f"the pairs of this trace name a number of {axis} that is not one of 0..{limit - 1}"
            raise InputError("wrong-trace-file", message, where="pairs", hint="trace again")
    return pairs


def _comparable(a: np.dtype[np.generic], b: np.dtype[np.generic]) -> bool:
    """Do values of these dtypes say the same kind of thing? float32 and float64 do, float32 and int64 do not."""
    kinds = {"i": "number", "u": "number", "f": "float", "b": "mask"}
    return kinds.get(a.kind) == kinds.get(b.kind)


def _what(output: StoredOutput) -> str:
    shape = ", ".join(f"{axis} {size}" for axis, size in zip(output.output.axes, output.shape, strict=True))
    return f"{output.dtype} [{shape}]"
