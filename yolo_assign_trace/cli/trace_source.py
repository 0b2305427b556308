"""Where a command gets its trace: from a file, or made on the spot from the inputs that ``trace`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..basics.errors import InputError
from .input_options import AssignerOptions, InputOptions
from .screens.terminal import say

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..inputs.load import Opened, OpenedCapture
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
    return traced(opened, assigner, chosen)


def opened_with(given: InputOptions, chosen: AssignerOptions) -> tuple[Opened | OpenedCapture, Assigner]:
    """Everything that the options name, read and held against each other, with its remarks said.

    Raises:
        InputError: whatever is wrong with it.
    """
    from ..inputs.load import open_inputs

    request = given.request()
    chosen.chosen()  # a wrong name is told before anything is read
    opened = open_inputs(request)
    assigner = chosen.chosen(opened.parameters)
    for part in opened.parts:
        part.grid.require_anchors(assigner.parameters.topk, opened.shapes_option)
    opened.require_memory()
    for remark in opened.remarks:
        say(f"note: {remark}", "yellow")
    return opened, assigner


def traced(opened: Opened | OpenedCapture, assigner: Assigner, chosen: AssignerOptions, part: int = 0) -> StoredTrace:
    """One batch traced, in memory."""
    import torch

    from ..assignment.capture import begin_with_capture
    from ..assignment.outputs import RESULTS
    from ..assignment.swap import swap_named
    from ..run.given import Captured
    from ..run.runner import trace as run_trace
    from ..tracers.memory import Memory
    from ..traces.in_memory import stored_trace
    from .devices import require_device

    require_device(chosen.device)
    inputs = opened.inputs(opened.parts[part])
    if isinstance(inputs, Captured):
        assigner = begin_with_capture(assigner)
    for text in chosen.swap or ():
        assigner = swap_named(assigner, text, RESULTS)
    memory = Memory()
    dtype = getattr(torch, chosen.dtype) if chosen.dtype else None
    run_trace(inputs, assigner, [memory], dtype=dtype, device=chosen.device, use_up=True)
    return stored_trace(memory)
