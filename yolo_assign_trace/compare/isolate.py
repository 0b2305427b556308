"""Runs every stage of one trace's assigner on what the other trace recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..assignment.assigner import Stage
from ..basics.errors import InputError
from ..traces.rebuild import Rebuilt, rebuild_assigner
from ..traces.stored import StoredOutput, StoredTrace
from .comparer import Comparer
from .recorded import require_exact, settings_of, tensor_of
from .results import INHERITED, INTRODUCED, NOT_REPRODUCED, NOT_RERUN, OutputDiff, TraceDiff
from .rules import Tolerances

_FROM_FILES = frozenset({"maps", "label_rows"})


@dataclass(frozen=True)
class _Remade:
    """What a stage of B makes of A's inputs, against what A recorded; or why that cannot be told."""

    outputs: Mapping[str, OutputDiff]
    takes: frozenset[str] = frozenset()
    why: str = ""


def isolate(diff: TraceDiff, a: StoredTrace, b: StoredTrace, *, where: str) -> TraceDiff:
    """Say of every difference whether its stage introduces it.

    Each stage of B's assigner runs on A's recorded inputs. If it makes something else than A has, the difference is
    introduced there. If it makes the same and its inputs differ between A and B, the difference is inherited. If it
    makes the same although the inputs are the same, B's values cannot be reproduced here: another device or version
    made them, or they were changed.

    Args:
        diff: the comparison of A and B.
        a: must be exact.
        b: its settings say which assigner made it.
        where: the name of A, for errors.

    Raises:
        InputError: A is a log with too few digits.
    """
    require_exact(a, where)
    rebuilt = rebuild_assigner(b)
    unequal = {output.name for output in diff.outputs if output.unequal}
    remade: dict[str, _Remade] = {}
    outputs = []
    for output in diff.outputs:
        if not output.differs:
            outputs.append(output)
            continue
        if output.stage not in remade:
            swapped = b.settings.swapped.get(output.stage)
            remade[output.stage] = (
                _Remade({}, why=f"B ran {swapped} here, a user's own function, which a trace does not hold")
                if swapped
                else _remake(output.stage, a, rebuilt, diff.tolerances)
            )
        isolated, why = _verdict(output, remade[output.stage], unequal)
        outputs.append(replace(output, isolated=isolated, why=why))
    return replace(diff, outputs=tuple(outputs))


def _verdict(output: OutputDiff, remade: _Remade, unequal: set[str]) -> tuple[str, str]:
    if remade.why:
        return NOT_RERUN, remade.why
    if output.name not in remade.outputs:
        return NOT_RERUN, f"B's stage does not put out {output.name}"
    if remade.outputs[output.name].differs:
        return INTRODUCED, ""
    if not remade.takes.isdisjoint(unequal):
        return INHERITED, ""
    why = "on the same inputs this machine gets what A has: B was made by other code, elsewhere, or was changed"
    return NOT_REPRODUCED, why


def _remake(name: str, a: StoredTrace, rebuilt: Rebuilt, tolerances: Tolerances) -> _Remade:
    """Run stage ``name`` of B on A's inputs and compare with A's outputs."""
    if rebuilt.assigner is None:
        return _Remade({}, why=rebuilt.why)
    stage = next((stage for stage in rebuilt.assigner.stages if stage.name == name), None)
    if stage is None:
        return _Remade({}, why=f"{rebuilt.assigner.name} has no such stage")
    given = settings_of(a) | rebuilt.assigner.settings
    missing = [taken for taken in stage.inputs if taken not in given and taken not in a.by_name]
    if not _FROM_FILES.isdisjoint(missing):
        return _Remade({}, why="it starts from files, which a trace does not hold")
    if missing:
        return _Remade({}, why=f"A has not recorded {', '.join(missing)}")
    taken = frozenset(stage.inputs) - given.keys()
    try:
        a.grid.require_anchors(rebuilt.assigner.parameters.topk)
        state = {key: given[key] if key in given else tensor_of(a, key) for key in stage.inputs}
        result = stage.call(**state)
    except InputError as error:
        return _Remade({}, why=error.message)
    except (RuntimeError, IndexError, ValueError) as error:  # recorded inputs that no run could have made
        reason = str(error).partition("\n")[0]
        return _Remade({}, why=f"it fails on A's inputs: {reason}")
    outputs = _as_outputs(stage, result, a)
    comparer = Comparer(a, replace(a, outputs={**a.outputs, **outputs}), tolerances)
    compared = {stored.name: comparer.output(a.outputs[key], stored) for key, stored in outputs.items()}
    return _Remade(compared, taken)


def _as_outputs(stage: Stage, result: object, a: StoredTrace) -> dict[str, StoredOutput]:
    """The outputs of a stage that A has too, as stored ones."""
    return {
        key: StoredOutput(stage.name, output, getattr(result, output.name).numpy())
        for output in stage.outputs
        if (key := f"{stage.name}.{output.name}") in a.outputs
    }
