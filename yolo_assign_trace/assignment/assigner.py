"""What an assigner is: a list of stages plus parameters. Needs no torch until a stage is asked for its function."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any

from ..basics.errors import InputError, Parameter, did_you_mean
from .outputs import Output, StageResult

OVERLAP_NAMES = MappingProxyType({"iou": "IoU", "giou": "GIoU", "diou": "DIoU", "ciou": "CIoU"})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What an assigner can be told.

    ``overlap`` is a key of :data:`~yolo_assign_trace.assignment.boxes.OVERLAPS`; ``topk2`` is how many positives a box
    keeps after conflicts, None for all.
    """

    topk: int = 10
    topk2: int | None = None
    alpha: float = 0.5
    beta: float = 6.0
    overlap: str = "ciou"

    def __str__(self) -> str:
        topk2 = "" if self.topk2 is None else f", topk2 {self.topk2}"
        overlap = OVERLAP_NAMES[self.overlap]
        return f"topk {self.topk}{topk2}, alpha {self.alpha:g}, beta {self.beta:g}, {overlap}"


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What the three terms of the loss are multiplied with."""

    box: float = 7.5
    cls: float = 0.5
    dfl: float = 1.5

    def __str__(self) -> str:
        return f"box {self.box:g}, cls {self.cls:g}, dfl {self.dfl:g}"


@dataclass(frozen=True)
class Stage:
    """One step: a function of :mod:`.stages` or :mod:`.variants`, by name, and what it is declared to put out.

    ``swapped`` is a user's function that stands in for it; ``module`` and ``function`` then say where it is from.
    """

    name: str
    result: type[StageResult]
    function: str
    module: str = "stages"
    swapped: Callable[..., Any] | None = None

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        return self.result.outputs()

    @cached_property
    def call(self) -> Callable[..., StageResult]:
        """The function itself; imports torch."""
        if self.swapped is not None:
            return self.swapped
        function: Callable[..., StageResult] = getattr(import_module(f".{self.module}", __package__), self.function)
        return function

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors and settings that the function must be given; imports torch."""
        parameters = inspect.signature(self.call).parameters
        return tuple(name for name, parameter in parameters.items() if parameter.default is parameter.empty)

    def formula(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The stage's formula with the run's own settings put in."""
        if self.swapped is not None:
            return (f"SWAPPED: computed by {self.module}:{self.function}",)
        name = OVERLAP_NAMES[settings["overlap"]]
        return tuple(line.format(**settings, overlap_name=name) for line in self.result.formula)

    def title(self, settings: Mapping[str, Any]) -> str:
        return self.result.title.format(**settings)


@dataclass(frozen=True)
class Assigner:
    """A named list of stages and the parameters they run with.

    Attributes:
        name: what users call it.
        generation: the release of the original that the stages appeared with.
        releases: the releases whose answers the stages reproduce.
        stages: in order.
        parameters: what they run with.
        note: anything a user should know about the name, in a few words.
        gains: of the stage ``loss``; None without it.
    """

    name: str
    generation: str
    releases: str
    stages: tuple[Stage, ...]
    parameters: Parameters = Parameters()
    note: str = ""
    gains: Gains | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters by name, as the stages take them."""
        own = {f.name: getattr(self.parameters, f.name) for f in fields(self.parameters)}
        return own if self.gains is None else own | {"gains": self.gains}

    def stage(self, name: str, where: str = "") -> Stage:
        """The stage called ``name``; ``where`` is what named it, for the error.

        Raises:
            InputError: no such stage; the hint lists near matches.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise InputError(
            "unknown-stage",
            f"the assigner {self.name} has no stage {name!r}",
            where=where,
            hint=did_you_mean(name, [stage.name for stage in self.stages]),
        )

    @property
    def has_topk2(self) -> bool:
        """Do its stages keep only the best positives of every box after conflicts?"""
        return any(output.name == "mask_resolved" for stage in self.stages for output in stage.outputs)

    @property
    def enlarged_below(self) -> int | None:
        """Index of the stride below which its screening enlarges a side, None if it does not."""
        return getattr(self.stage("screen").result, "enlarged_below", None)

    @property
    def loss_since(self) -> str:
        """The release that its loss appeared with, empty without that stage."""
        return "" if self.gains is None else getattr(self.stage("loss").result, "since", "")

    @property
    def swaps(self) -> dict[str, str]:
        """What stands in for a stage that a user swapped, such as ``mypkg.mod:my_topk``, by the stage's name."""
        return {s.name: f"{s.module}:{s.function}" for s in self.stages if s.swapped is not None}

    def with_parameters(self, **changes: Any) -> Assigner:
        """The same stages with other parameters; None leaves a parameter as it is.

        Raises:
            InputError: a parameter that cannot be, or topk2 for a generation that does not have it.
        """
        changed = {name: value for name, value in changes.items() if value is not None}
        for name in ("alpha", "beta"):
            if name in changed and not 0 <= changed[name] < math.inf:
                message = f"{name} is {changed[name]}, expected a number from 0"
                raise InputError("wrong-parameter", message, where=Parameter(name))
        for name in ("topk", "topk2"):
            if name in changed and (changed[name] < 1 or changed[name] != int(changed[name])):
                message = f"{name} is {changed[name]}, expected a whole number from 1"
                raise InputError("wrong-parameter", message, where=Parameter(name))
        # numbers of other libraries, such as numpy's, become Python's
        kinds = {"topk": int, "topk2": int, "alpha": float, "beta": float}
        changed = {name: kinds[name](value) if name in kinds else value for name, value in changed.items()}
        overlap = changed.get("overlap", self.parameters.overlap)
        if overlap not in OVERLAP_NAMES:
            hint = did_you_mean(overlap, OVERLAP_NAMES)
            raise InputError("unknown-overlap", f"{overlap!r} is no overlap", where=Parameter("overlap"), hint=hint)
        if "topk2" in changed and not self.has_topk2:
            raise InputError(
                "no-topk2",
                f"the stages of {self.name} ({self.releases}) have no topk2",
                where=Parameter("topk2"),
                hint="it came with 8.4.0: `assigner=ultralytics==8.4.0` or later",
            )
        return replace(self, parameters=replace(self.parameters, **changed))

    def with_stage(self, changed: Stage) -> Assigner:
        """The same assigner with one stage replaced by another of the same name."""
        return replace(self, stages=tuple(changed if s.name == changed.name else s for s in self.stages))

    def differences(self, other: Assigner) -> tuple[Stage, ...]:
        """Those of its stages that ``other`` does not have."""
        return tuple(stage for stage in self.stages if stage not in other.stages)
