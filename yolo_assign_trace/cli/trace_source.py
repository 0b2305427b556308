"""Where a command gets its trace: from a file, or made on the spot from the inputs that ``trace`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..assignment.releases import about_newer, parse_release
from ..basics.errors import InputError
from .options.assigner import AssignerOptions
from .screens.terminal import say

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..inputs.load import Opened
    from ..inputs.request import Request
    from ..traces.stored import StoredTrace


def trace_from(path: Path | None, request: Request, chosen: AssignerOptions) -> StoredTrace:
    """The trace in ``path`` or, without one, of the inputs that the options name.

    Raises:
        InputError: both or neither, or whatever is wrong with what is read.
    """
    if path is not None:
        if request.files or request.images:
            message = "a finished trace and inputs to trace were both given"
            raise InputError("options-exclude", message, where=str(path), hint="leave one of them out")
        from ..traces.open_trace import open_trace

        return open_trace(path)
    if not request.files:
        hint = "give run.log or a .safetensors file of trace --save, or --labels and what else trace takes"
        raise InputError("no-trace", "there is no trace to look at", hint=hint)
    opened, assigner = opened_with(request, chosen)
    if len(opened.parts) > 1:
        message = f"the images make {len(opened.parts)} batches, and only one is looked at"
        raise InputError("several-batches", message, hint="select images with --images, or raise --batch")
    from ..tracers.memory import Memory
    from ..traces.in_memory import stored_trace

    memory = Memory()
    chosen.run(opened.parts[0], assigner, [memory])
    return stored_trace(memory)


def opened_with(request: Request, chosen: AssignerOptions, *, to_run: bool = True) -> tuple[Opened, Assigner]:
    """Everything that the options name, read and held against each other, with its remarks said; the stages that run.

    Args:
        request: what to trace.
        chosen: with which assigner.
        to_run: will the head outputs be made? Then they must fit a machine's memory.

    Raises:
        InputError: whatever is wrong with it.
    """
    from ..inputs.load import open_inputs

    request.check()
    chosen.chosen(request.release_for())  # a wrong name is told before anything is read
    opened = open_inputs(request)
    assigner = chosen.chosen(opened.release, opened.parameters)
    opened.require_anchors(assigner.parameters.topk)
    if to_run:
        opened.require_memory()
    named = parse_release(chosen.assigner) if chosen.assigner else None
    newer = dict.fromkeys(about_newer(release) for release in (opened.release.release, named) if release)
    for remark in (*filter(None, newer), *opened.remarks):
        say(f"note: {remark}", "yellow")
    return opened, opened.begin(assigner)
