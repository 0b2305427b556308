"""A trace that was read back, held against what the stages declare: nothing that a file says is taken on trust.

Axes, units, types and sizes of every output, settings that agree with them, and indices that point at something.
What comes through here can be looked at by every answer without a further question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import numpy as np

from ..assignment.call import CALL, LIMITS, shape_problem
from ..assignment.generations import GENERATIONS
from ..assignment.loss.outputs import Loss
from ..assignment.outputs import AXES, FIXED_SIZES, PARTS, Output
from ..basics.arrays import Array
from ..basics.errors import InputError
from .stored import StoredOutput, StoredTrace

DECLARED: Mapping[str, Output] = {
    output.name: output
    for output in chain(
        CALL.values(),
        Loss.outputs(),
        (output for one in GENERATIONS.values() for stage in one.stages for output in stage.outputs),
    )
}
"""Every output that a stage of any generation puts out, by name; a name has the same axes and unit everywhere."""

_TYPES: Mapping[str, tuple[str, ...]] = {"mask": ("bool",), "index": ("int64",), "count": ("int64",)}
_FLOATS = ("float32", "float64")


def require_declared(trace: StoredTrace, id: str, place: Callable[[str], str]) -> None:
    """Hold ``trace`` against the declarations.

    Args:
        trace: as it was read.
        id: of the error.
        place: where in the file an output stands, by its name; with an empty name, where the settings do.

    Raises:
        InputError: the first output, element or setting that no run could have written, and what was expected.
    """
    sizes = {**FIXED_SIZES, "anchor": trace.grid.anchors, "level": len(trace.grid.levels)}
    seen: set[str] = set()
    for stored in trace.outputs.values():
        again = f"{stored.name} stands here a second time" if stored.name in seen else ""
        problem = again or _problem(stored, sizes)
        if problem:
            raise InputError(id, problem, where=place(stored.name))
        seen.add(stored.name)
        sizes |= dict(zip(stored.output.axes, stored.shape, strict=True))
    for problem in _settings_problems(trace, sizes):
        raise InputError(id, problem, where=place(""))
    for stored in trace.outputs.values():
        if problem := _value_problem(stored, sizes):
            raise InputError(id, problem, where=place(stored.name))


def _problem(stored: StoredOutput, sizes: Mapping[str, int]) -> str:
    """What is wrong with the declaration, shape or type of an output; empty if nothing."""
    output, name = stored.output, stored.name
    declared = DECLARED.get(name, output)
    if unknown := [axis for axis in output.axes if axis not in AXES]:
        return f"{name} has an axis {unknown[0]!r}, which nothing has"
    if (output.axes, output.unit) != (declared.axes, declared.unit):
        return f"{name} is {_declaration(output)}, expected {_declaration(declared)}"
    if len(set(output.axes)) < len(output.axes):
        return f"{name} has an axis twice: {', '.join(output.axes)}"
    if problem := shape_problem(output, stored.shape, sizes):
        return f"{name}: {problem}"
    types = _TYPES.get(output.unit, _FLOATS)
    return "" if stored.dtype.name in types else f"{name} is {stored.dtype}, expected {' or '.join(types)}"


def _declaration(output: Output) -> str:
    return f"[{', '.join(output.axes)}] {output.unit}"


def _settings_problems(trace: StoredTrace, sizes: Mapping[str, int]) -> Iterator[str]:
    """Settings that contradict the outputs."""
    settings = trace.settings
    bins = settings.reg_max and 4 * settings.reg_max
    told = [("batch", settings.batch, "image"), ("nc", settings.nc, "class"), ("4·reg_max", bins, "channel")]
    boxes = None if settings.boxes is None else len(settings.boxes)
    told += [("the number of boxes", boxes, "image"), ("the number of images", len(settings.images) or None, "image")]
    for name, value, axis in told:
        if value is not None and value != sizes.get(axis, value):
            yield f"{name} is {value} in the settings, expected {sizes[axis]}, as the outputs have it"
    longest = sizes.get("gt", 0)
    for image, number in enumerate(settings.boxes or ()):
        if not 0 <= number <= longest:
            yield f"boxes[{image}] is {number} in the settings, expected 0..{longest}"


def _value_problem(stored: StoredOutput, sizes: Mapping[str, int]) -> str:
    """The first index of an output that points at nothing, and where it may point."""
    name, output = stored.name, stored.output
    if output.unit not in ("index", "count"):
        return ""
    values = stored.read(0, int(np.prod(stored.shape, dtype=np.int64))).reshape(stored.shape)
    if name == "pairs":
        return _pairs_problem(values, sizes)
    least, most = (1 if name == "rank" else 0), None
    if name in LIMITS:
        axis, more = LIMITS[name]
        most = max(sizes.get(axis, 0) + more, 1) - 1
    elif name == "claims":
        most = sizes.get("gt", 0)
    wrong = values < least if most is None else (values < least) | (values > most)
    expected = f"at least {least}" if most is None else f"{least}..{most}"
    return _first(name, values, wrong, expected)


def _pairs_problem(pairs: Array, sizes: Mapping[str, int]) -> str:
    limits = np.array([sizes.get(axis, 0) for axis in PARTS["triple"]])
    beyond = (pairs < 0) | (pairs >= limits)
    if beyond.any():
        axis = int(np.argwhere(beyond)[0][1])
        return _first("pairs", pairs, beyond, f"{PARTS['triple'][axis]} 0..{limits[axis] - 1}")
    steps = np.diff(pairs, axis=0)  # the first axis that changes must grow
    leading = np.where(steps[:, 0] != 0, steps[:, 0], np.where(steps[:, 1] != 0, steps[:, 1], steps[:, 2]))
    if (leading <= 0).any():
        at = int(np.argmax(leading <= 0)) + 1
        return f"pairs[{at}] is {pairs[at].tolist()}, expected one behind {pairs[at - 1].tolist()}: they are sorted"
    return ""


def _first(name: str, values: Array, wrong: Array, expected: str) -> str:
    if not wrong.any():
        return ""
    index = tuple(np.argwhere(wrong)[0].tolist())
    return f"{name}[{','.join(map(str, index))}] is {values[index]}, expected {expected}"
