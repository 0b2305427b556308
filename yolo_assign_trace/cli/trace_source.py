"""Where a command gets its trace: from a file, or made on the spot from the inputs that ``trace`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..basics.errors import InputError
from .input_options import AssignerOptions, InputOptions
from .screens.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..assignment.assigner import Assigner
    from ..inputs.batch import CallPart, Part
    from ..inputs.load import Opened
    from ..run.record import Tracer
    from ..traces.stored import StoredTrace


def trace_from(path: Path | None, given: InputOptions, chosen: AssignerOptions) -> StoredTrace:
    """The trace in ``path`` or, without one, of the inputs that the options name.

    Raises:
        InputError: both or neither, or whatever is wrong with what is read.
    """
    if path is not None:
        if given.files:
            message = "a finished trace and inputs to trace were both given"
            raise InputError("options-exclude", message, where=str(path), hint="leave one of them out")
        from ..traces.open_trace import open_trace

        return open_trace(path)
    if not given.files:
        hint = "give run.log or a .safetensors file of trace --save, or --labels and what else trace takes"
        raise InputError("no-trace", "there is no trace to look at", hint=hint)
    opened, assigner = opened_with(given, chosen)
    if len(opened.parts) > 1:
        message = f"the images make {len(opened.parts)} batches, and only one is looked at"
        raise InputError("several-batches", message, hint="select images with --images, or raise --batch")
    from ..tracers.memory import Memory
    from ..traces.in_memory import stored_trace

    memory = Memory()
    run_part(opened.parts[0], assigner, chosen, [memory])
    return stored_trace(memory)


def opened_with(given: InputOptions, chosen: AssignerOptions) -> tuple[Opened, Assigner]:
    """Everything that the options name, read and held against each other, with its remarks said; the stages that run.

    Raises:
        InputError: whatever is wrong with it.
    """
    from ..inputs.load import open_inputs

    request = given.request()
    chosen.chosen()  # a wrong name is told before anything is read
    opened = open_inputs(request)
    assigner = chosen.chosen(opened.parameters)
    opened.require_anchors(assigner.parameters.topk)
    opened.require_memory()
    for remark in opened.remarks:
        say(f"note: {remark}", "yellow")
    return opened, opened.begin(assigner)


def run_part(part: Part | CallPart, assigner: Assigner, chosen: AssignerOptions, tracers: Sequence[Tracer]) -> None:
    """Trace one batch as the options say; ``assigner`` has the stages that run, none of them swapped yet."""
    import torch

    from ..assignment.call import RESULTS
    from ..assignment.swap import swap_named
    from ..run.runner import trace
    from .devices import require_device

    require_device(chosen.device)
    for text in chosen.swap or ():
        assigner = swap_named(assigner, text, RESULTS)
    dtype = getattr(torch, chosen.dtype) if chosen.dtype else None
    trace(part.inputs(), assigner, tracers, dtype=dtype, device=chosen.device, use_up=True)
