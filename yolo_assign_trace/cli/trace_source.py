"""Where a command gets its trace: from a file, or made on the spot from the inputs that ``trace`` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..assignment.releases import about_newer, parse_release
from ..basics.errors import InputError
from .options.assigner import AssignerOptions
from .options.loss import LossOptions
from .screens.terminal import say

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..basics.arrays import Array
    from ..draw.photos import Pictures
    from ..inputs.labels.places import Places
    from ..inputs.load import Opened
    from ..inputs.request import Request
    from ..traces.stored import StoredTrace


class Batch(NamedTuple):
    """A trace and what is known of where it is from.

    Attributes:
        trace: made on the spot, or read from a file.
        images: numbers of its images as users know them: of several batches those of the dataset.
        of: how many batches it is one of.
        picture: the picture of an image or where it lies, None if that is not known.
        places: where the boxes of every image stand in its label file; empty if that is not known.
    """

    trace: StoredTrace
    images: Sequence[int]
    of: int = 1
    picture: Callable[[int], Path | Array | None] = lambda image: None
    places: Sequence[Places] = ()

    @property
    def pictures(self) -> Pictures | None:
        """Of its images, if there is any."""
        return self.picture if any(self.picture(i) is not None for i in range(len(self.images))) else None


NO_LOSS = LossOptions()


def batch_from(path: Path | None, request: Request, chosen: AssignerOptions, loss: LossOptions = NO_LOSS) -> Batch:
    """The trace in ``path`` or, without one, of the inputs that the options name.

    Raises:
        InputError: both or neither, or whatever is wrong with what is read.
    """
    traces = traces_from(path, request, chosen, loss)
    first = next(traces)
    if first.of > 1:
        message = f"the images make {first.of} batches, and only one is looked at"
        raise InputError("several-batches", message, hint="select the images with --images, or raise --batch")
    return first


def traces_from(
    path: Path | None, request: Request, chosen: AssignerOptions, loss: LossOptions = NO_LOSS, *, tell: bool = True
) -> Iterator[Batch]:
    """The same batch by batch; only one is in memory if the others are let go. ``tell`` as for :func:`opened_with`.

    Raises:
        InputError: as :func:`batch_from`, but for several batches.
    """
    if path is not None:
        if request.files or request.images:
            message = "a finished trace and inputs to trace were both given"
            raise InputError("options-exclude", message, where=str(path), hint="leave one of them out")
        from ..traces.open_trace import open_trace

        trace = open_trace(path)
        yield Batch(trace, range(len(trace.box_counts)))
        return
    if not request.files:
        hint = "give run.log or a .safetensors file of trace --save, or --labels and what else trace takes"
        raise InputError("no-trace", "there is no trace to look at", hint=hint)
    opened, assigner = opened_with(request, chosen, loss, tell=tell)
    from ..tracers.memory import Memory
    from ..traces.in_memory import stored_trace

    for part in opened.parts:
        memory = Memory()
        chosen.run(part, assigner, [memory])
        trace = stored_trace(memory)
        images = part.positions if len(opened.parts) > 1 else None
        images = images or range(len(trace.box_counts))
        yield Batch(trace, images, len(opened.parts), part.picture, part.places)


def opened_with(
    request: Request,
    chosen: AssignerOptions,
    loss: LossOptions = NO_LOSS,
    *,
    to_run: bool = True,
    tell: bool = True,
) -> tuple[Opened, Assigner]:
    """Everything that the options name, read and held against each other, with its remarks said; the stages that run.

    Args:
        request: what to trace.
        chosen: with which assigner.
        loss: is the stage of that name wanted?
        to_run: will the head outputs be made? Then they must fit a machine's memory.
        tell: say its remarks; not if they have been said before.

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
    for remark in (*filter(None, newer), *opened.remarks) if tell else ():
        say(f"note: {remark}", "yellow")
    return opened, loss.added_to(opened.begin(assigner), opened.release)
