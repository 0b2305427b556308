"""Two finished traces, output by output: aligned by stage and name, judged in order of execution. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..basics.errors import InputError, Parameter, did_you_mean
from ..traces.stored import StoredOutput, StoredTrace
from .comparer import Comparer
from .inherit import may_inherit
from .results import BY_TIES, FIRST, INDEPENDENT, INHERITED, OutputDiff, TraceDiff
from .rules import Tolerances
from .ties import explained_by_ties


def compare_traces(
    a: StoredTrace, b: StoredTrace, tolerances: Tolerances | None = None, *, only: Sequence[str] = ()
) -> TraceDiff:
    """Compare every output that both traces have.

    Outputs are aligned by stage and name; one whose stage has another name on the other side, by its name alone.
    Rows over candidate pairs are aligned by image, gt and anchor.

    Args:
        a: one trace.
        b: the other.
        tolerances: of floats; by default they must be equal.
        only: compare only the outputs of these stages; empty for all.

    Raises:
        InputError: a tolerance for an output or a stage that neither has, or nothing to compare.
    """
    tolerances = tolerances or Tolerances()
    _require_known(tolerances.by_name, [*a.by_name, *b.by_name], "output", Parameter("tol"))
    _require_known(only, [out.stage for trace in (a, b) for out in trace.outputs.values()], "stage", Parameter("only"))
    comparer = Comparer(a, b, tolerances)
    aligned = [(x, y) for x, y in align_outputs(a, b) if not only or _stage(x, y) in only]
    if not any(x is not None and y is not None and (np.prod(x.shape) or np.prod(y.shape)) for x, y in aligned):
        message = "there is nothing to compare: no output with a value in it is in both traces"
        raise InputError("nothing-to-compare", message, hint="a trace of the same inputs has outputs of the same names")
    outputs = _with_marks([comparer.output(x, y) for x, y in aligned])
    ties = explained_by_ties(comparer.side(a), comparer.side(b), comparer.rows, outputs, comparer.differing_at)
    outputs = [replace(output, mark=BY_TIES) if output.key in ties else output for output in outputs]
    lines = [line for line in dict.fromkeys([*a.header, *b.header]) if a.header.get(line) != b.header.get(line)]
    header = {line: (a.header.get(line, ""), b.header.get(line, "")) for line in lines}
    return TraceDiff(tuple(outputs), header, tolerances, comparer.consequences())


def _require_known(names: Iterable[str], known: Sequence[str], what: str, where: str) -> None:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, dict.fromkeys(known))
            raise InputError(f"unknown-{what}", f"neither trace has the {what} {name!r}", where=where, hint=hint)


def _stage(a: StoredOutput | None, b: StoredOutput | None) -> str:
    return a.stage if a is not None else b.stage if b is not None else ""


def align_outputs(a: StoredTrace, b: StoredTrace) -> list[tuple[StoredOutput | None, StoredOutput | None]]:
    """Outputs of both side by side, in the order of A; what only B has stands behind what precedes it there."""
    partner = {key: key for key in a.outputs if key in b.outputs}
    left = {b.outputs[key].name: key for key in b.outputs if key not in partner}
    partner |= {key: left[out.name] for key, out in a.outputs.items() if key not in partner and out.name in left}
    of_b = {theirs: ours for ours, theirs in partner.items()}
    order: list[tuple[StoredOutput | None, StoredOutput | None]] = []
    place: dict[str, int] = {}
    for key, output in a.outputs.items():
        order.append((output, b.outputs[partner[key]] if key in partner else None))
    at = 0
    for key, output in b.outputs.items():
        if key in of_b:
            place[key] = next(i for i, (_, other) in enumerate(order) if other is output)
            at = max(at, place[key] + 1)
        else:
            order.insert(at, (None, output))
            at += 1
    return order


def _with_marks(outputs: list[OutputDiff]) -> list[OutputDiff]:
    """The same, with where each difference comes from: a stage that takes nothing that differs did not inherit."""
    first = next((output.stage for output in outputs if output.differs), None)
    marked: list[OutputDiff] = []
    unequal: set[str] = set()
    for output in outputs:
        if output.differs:
            of_others = {name for name in unequal if name not in {o.name for o in outputs if o.stage == output.stage}}
            mark = (
                FIRST if output.stage == first else INHERITED if may_inherit(output.stage, of_others) else INDEPENDENT
            )
            marked.append(replace(output, mark=mark))
        else:
            marked.append(output)
        if output.unequal:
            unequal.add(output.name)
    return marked
