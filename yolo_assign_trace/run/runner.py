"""Runs the stages, frees what no later stage needs, hands records to tracers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from ..assignment.arithmetic import PORTABLE
from ..assignment.assigner import Assigner, Gains, Stage
from ..assignment.call import CALL, FIRST, RESULTS, Captured, state_of_call
from ..assignment.generations import YOLOV8
from ..assignment.grid import Grid
from ..assignment.loss.choice import with_loss
from ..assignment.outputs import FIXED_SIZES
from ..assignment.swap import check_swapped
from ..assignment.untraced.assign import assign_untraced
from ..assignment.untraced.rules import Rules
from ..basics.arrays import Array
from .facts import FactFinder
from .given import Call, Inputs
from .record import Record, Run, StageStart, Tracer


def trace(
    inputs: Inputs | Call,
    assigner: Assigner | None = None,
    tracers: Iterable[Tracer] = (),
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    use_up: bool = False,
    loss: bool | Gains = False,
) -> dict[str, Tensor]:
    """Run all stages on ``inputs`` and show every output to ``tracers``.

    Args:
        inputs: what to run on; a captured call begins with the stage ``capture`` instead of those before ``screen``.
        assigner: which stages and parameters; by default those of the release that read the inputs, or yolov8.
        tracers: who watches.
        dtype: of every float tensor, torch.float32 or torch.float64; by default that of the inputs.
        device: where to compute.
        use_up: empty ``inputs.maps``, so that their memory can go as soon as they are flattened.
        loss: run the stage ``loss`` too, as the release of the inputs has it, with these gains or those of training.

    Returns:
        The five tensors of :data:`~yolo_assign_trace.assignment.call.RESULTS` by name.

    Raises:
        InputError: the grid has fewer anchors than the assigner selects per box, or a captured call whose tensors
            do not fit together, or whose loss is asked for.
    """
    if assigner is None:
        assigner = inputs.release.assigner if inputs.release else YOLOV8
    assigner, dtype, device = inputs.begin(assigner), dtype or inputs.dtype, torch.device(device)
    if loss:
        release = inputs.release.release if inputs.release else None
        assigner = with_loss(assigner, release, loss if isinstance(loss, Gains) else None)
    run = Run.of(inputs, assigner, str(dtype).removeprefix("torch."), device.type)
    state = dict(run.settings) | inputs.state(dtype, device, use_up=use_up)
    return run_stages(assigner, state, RESULTS, last=assigner.stages[-1].name, run=run, tracers=tuple(tracers))


def run_to_call(inputs: Inputs | Call, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> Call:
    """The assigner call that ``inputs`` lead to, for running several assigners on it.

    Args:
        inputs: what to run on; its maps are used up.
        dtype: of every float tensor; by default that of the inputs.
        device: where to compute.
    """
    assigner = inputs.begin(YOLOV8.with_parameters(topk=1))  # nothing is selected, so few anchors will do
    state = assigner.settings | inputs.settings
    state |= inputs.state(dtype or inputs.dtype, torch.device(device), use_up=True)
    names = [stage.name for stage in assigner.stages]
    six = run_stages(assigner, state, list(CALL), last=names[names.index(FIRST) - 1])
    return Call(
        inputs.grid,
        Captured(**six),
        inputs.about,
        images=inputs.images,
        class_names=inputs.class_names,
        release=inputs.release,
        synthetic=inputs.synthetic,
    )


def assign(
    pd_scores: Tensor,
    pd_bboxes: Tensor,
    anc_points: Tensor,
    gt_labels: Tensor,
    gt_bboxes: Tensor,
    mask_gt: Tensor,
    *,
    grid: Grid,
    assigner: Assigner = YOLOV8,
) -> dict[str, Tensor]:
    """Run the stages from screen to normalize on tensors, untraced: the assigner itself.

    Args:
        pd_scores: (image, anchor, class) scores 0..1.
        pd_bboxes: (image, anchor, xyxy) px.
        anc_points: (anchor, xy) px, the centres of ``grid``.
        gt_labels: (image, gt, 1) class indices.
        gt_bboxes: (image, gt, xyxy) px, padded with zeros.
        mask_gt: (image, gt, 1) true for real boxes.
        grid: the levels that the anchors come from.
        assigner: which stages and parameters.

    Returns:
        The five tensors of :data:`~yolo_assign_trace.assignment.call.RESULTS` by name.

    Raises:
        InputError: tensors whose axes or dtypes do not fit, or fewer anchors than the assigner selects per box.
    """
    six = dict(zip(CALL, (pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt), strict=True))
    state = state_of_call(six, grid)
    rules = Rules.of(assigner, grid.strides, PORTABLE)
    if rules is None or not gt_bboxes.shape[1]:
        return run_stages(assigner, assigner.settings | state, RESULTS, first=FIRST)
    grid.require_anchors(rules.topk)
    return assign_untraced(**{name: state[name] for name in CALL}, rules=rules, nc=state["nc"])._asdict()


def run_stages(
    assigner: Assigner,
    state: dict[str, Any],
    keep: Sequence[str],
    *,
    first: str | None = None,
    last: str = "normalize",
    run: Run | None = None,
    tracers: Sequence[Tracer] = (),
) -> dict[str, Tensor]:
    """Run the stages from ``first``, or the very first, to ``last``; ``state`` holds tensors and settings by name.

    It is used up: a name leaves it as soon as no later stage takes it, unless it is in ``keep``.
    """
    grid: Grid = state["grid"]
    grid.require_anchors(state["topk"])
    names = [stage.name for stage in assigner.stages]
    stages = assigner.stages[names.index(first or names[0]) : names.index(last) + 1]
    expected = _Expected(state)
    show = _Show(run, tracers) if run is not None and tracers else _ShowNothing()
    try:
        show.run_start()
        for number, stage in enumerate(stages, 1):
            show.stage_start(number, stage)
            made = {output.name for output in stage.outputs}
            needed = {name for later in stages[number:] for name in later.inputs}.union(keep)
            result = stage.call(**{name: state[name] for name in stage.inputs})
            state.update(expected.by_name(stage, result))
            del result
            _forget(state, needed.union(made))  # before showing, so that what is shown may take the memory
            show.stage_end(stage, state)
            _forget(state, needed)
        show.run_end()
    except BaseException:
        show.run_failed()
        raise
    return {name: state[name] for name in keep}


class _Expected:
    """What the outputs of a swapped stage are held to; grows as axes become known."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        grid: Grid = state["grid"]
        first = state["maps"][0] if "maps" in state else state["pd_scores"]
        self.dtype, self.device = first.dtype, first.device
        self.sizes = {"image": state["batch"], "class": state["nc"], **FIXED_SIZES}
        self.sizes |= {"anchor": grid.anchors, "level": len(grid.levels)}
        if "gt_bboxes" in state:
            self.sizes["gt"] = state["gt_bboxes"].shape[1]
        elif len(state["label_rows"]):
            self.sizes["gt"] = int(state["label_rows"][:, 0].long().bincount().max())

    def by_name(self, stage: Stage, result: Any) -> dict[str, Tensor]:
        """The outputs of a stage; those of a swapped one are checked."""
        if stage.swapped is None:
            made = {output.name: getattr(result, output.name) for output in stage.outputs}
        else:
            made = result
            check_swapped(stage, made, self.sizes, self.dtype, self.device)
            if "pairs" in made and "mask_in_gts" not in made:  # it says no more, but pictures and log need it
                made["mask_in_gts"] = torch.ones(len(made["pairs"]), dtype=torch.bool, device=self.device)
        for name, axis, place in (("gt_bboxes", "gt", 1), ("pairs", "pair", 0), ("pred_distri", "channel", 2)):
            if name in made:
                self.sizes[axis] = made[name].shape[place]
        return made


def _forget(state: dict[str, Any], needed: set[str]) -> None:
    for name in [name for name in state if name not in needed]:
        del state[name]


class _ShowNothing:
    """A run that nobody watches: nothing is computed for show."""

    def run_start(self) -> None: ...
    def stage_start(self, number: int, stage: Stage) -> None: ...
    def stage_end(self, stage: Stage, state: Mapping[str, Any]) -> None: ...
    def run_end(self) -> None: ...
    def run_failed(self) -> None: ...


class _Show(_ShowNothing):
    """Turns a stage's tensors into records and hands them to every tracer."""

    def __init__(self, run: Run, tracers: Sequence[Tracer]) -> None:
        self.run = run
        self.tracers = tracers
        self.facts = FactFinder(run)
        self.pairs: Array | None = None
        self.sizes: Mapping[str, int] = run.sizes
        self.start: StageStart

    def run_start(self) -> None:
        for tracer in self.tracers:
            tracer.run_start(self.run)

    def stage_start(self, number: int, stage: Stage) -> None:
        settings = self.run.settings
        self.start = StageStart(number, stage, stage.title(settings), stage.formula(settings))
        for tracer in self.tracers:
            tracer.stage_start(self.start)

    def stage_end(self, stage: Stage, state: Mapping[str, Any]) -> None:
        for output in stage.outputs:
            if output.name not in state:  # a swapped stage may leave out what no later stage needs
                continue
            array = read_only(state[output.name])
            if output.name == "pairs":
                self.pairs, self.sizes = array, MappingProxyType({**self.sizes, "pair": len(array)})
            pairs = self.pairs if output.on_pairs else None
            record = Record(stage.name, output, array, pairs, self.run.grid, self.sizes)
            self.facts.output(record)
            for tracer in self.tracers:
                tracer.output(record)
        facts = self.facts.of_stage(stage.name)
        for tracer in self.tracers:
            tracer.stage_end(self.start, facts)

    def run_end(self) -> None:
        boxes = self.facts.boxes()
        for tracer in self.tracers:
            tracer.run_end(boxes)

    def run_failed(self) -> None:
        for tracer in self.tracers:
            # the first error is the one to report; a tracer that cannot clean up must not hide it
            with contextlib.suppress(Exception):
                tracer.run_failed()


def read_only(tensor: Tensor) -> Array:
    """The tensor as a numpy array that cannot be written to; shares memory if it is on the CPU."""
    array: Array = tensor.detach().cpu().numpy()
    array.flags.writeable = False  # for good: torch's memory cannot be made writable through numpy again
    return array
