"""Runs another assigner on the inputs that a trace recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..assignment.assigner import Assigner
from ..assignment.call import CALL, FIRST, state_of_call
from ..assignment.generations import ASSIGNERS
from ..assignment.loss.choice import with_loss
from ..assignment.loss.outputs import Loss
from ..assignment.releases import parse_release
from ..basics.errors import InputError
from ..run.record import assigner_line, versions, versions_line
from ..traces.rebuild import rebuild_assigner
from ..traces.stored import StoredOutput, StoredTrace
from .recorded import require_exact, settings_of, tensor_of

if TYPE_CHECKING:
    from torch import Tensor

_BEFORE = ("flatten", "anchors", "decode", "ground_truth", "scale")
"""Stages that do not run again."""


def rerun(trace: StoredTrace, assigner: Assigner, *, where: str) -> tuple[StoredTrace, list[str]]:
    """A trace of ``assigner`` on the six tensors that the assigner of ``trace`` was called with.

    A release or generation stands for stages, so it runs with the parameters of ``trace``; a name such as tood or
    yolo26-one2one stands for parameters too, and brings its own. Stages before the call are the same for all
    assigners and are taken over as they are.

    Args:
        trace: an exact trace that holds the six tensors.
        assigner: what to run on them.
        where: the name of the trace, for errors.

    Returns:
        The new trace, in memory, and remarks that a user should read.

    Raises:
        InputError: a trace that is not exact or lacks one of the tensors, or tensors that no run could have made.
    """
    from ..run.runner import run_stages

    require_exact(trace, where)
    missing = [name for name in CALL if name not in trace.by_name]
    if missing:
        message = f"the trace has not recorded {', '.join(missing)}, which an assigner is called with"
        raise InputError("no-recorded-inputs", message, where=where)
    chosen, remarks = _with_its_parameters(trace, assigner)
    state = state_of_call({name: tensor_of(trace, name) for name in CALL}, trace.grid)
    chosen, of_loss = _with_its_loss(trace, chosen)
    stages = chosen.stages[[stage.name for stage in chosen.stages].index(FIRST) :]
    names = [output.name for stage in stages for output in stage.outputs]
    dtype = str(state["pd_scores"].dtype).removeprefix("torch.")
    state |= settings_of(trace) | chosen.settings | of_loss
    made = run_stages(chosen, state, names, first=FIRST, last=stages[-1].name)
    run = {stage.name for stage in stages} | {Loss.stage}
    outputs = {key: stored for key, stored in trace.outputs.items() if stored.stage not in run}
    for stage in stages:
        for output in stage.outputs:
            outputs[f"{stage.name}.{output.name}"] = StoredOutput(stage.name, output, made[output.name].numpy())
    header = {**trace.header, "assigner": assigner_line(chosen, dtype, "cpu"), "versions": versions_line(versions())}
    if release := trace.settings.release_choice:
        header["release"] = release.line(chosen)
    settings = replace(trace.settings, dtype=dtype, device="cpu").made_by(chosen)
    return StoredTrace(header, trace.grid, outputs, settings=settings), remarks


def _with_its_loss(trace: StoredTrace, assigner: Assigner) -> tuple[Assigner, dict[str, Tensor]]:
    """The assigner with the loss of the trace, and what that takes of what is recorded; without where there is none."""
    settings = trace.settings
    if settings.gains is None:
        return assigner, {}
    wider = with_loss(assigner, parse_release(settings.loss_since), settings.gains)
    made = {output.name for stage in assigner.stages for output in stage.outputs if stage.name not in _BEFORE}
    known = {*made, *CALL, *wider.settings, *settings_of(trace)}
    taken = [name for name in wider.stages[-1].inputs if name not in known]
    if any(name not in trace.by_name for name in taken):
        return assigner, {}
    return wider, {name: tensor_of(trace, name) for name in taken}


def _with_its_parameters(trace: StoredTrace, assigner: Assigner) -> tuple[Assigner, list[str]]:
    """The assigner with the parameters that it should run with, and what to tell about them."""
    if assigner.name in ASSIGNERS:
        return assigner, []
    old = rebuild_assigner(trace)
    if old.assigner is None:
        return assigner, [f"{old.why}; {assigner.name} runs with its own parameters: {assigner.parameters}"]
    settings = {name: value for name, value in old.assigner.settings.items() if name != "gains"}
    remarks = []
    if settings["topk2"] is not None and not assigner.has_topk2:
        remarks.append(f"{assigner.name} has no topk2; A's topk2 {settings.pop('topk2')} is left out")
    return assigner.with_parameters(**settings), remarks
