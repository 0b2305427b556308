"""Named assigners: a list of stages plus parameters. Needs no torch until a stage is asked for its function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

from .errors import InputError, did_you_mean
from .outputs import STAGE_RESULTS, Output, StageResult


@dataclass(frozen=True)
class Parameters:
    """What an assigner can be told. ``overlap`` names a function of :mod:`yolo_assign_trace.boxes`."""

    topk: int = 10
    alpha: float = 0.5
    beta: float = 6.0
    overlap: str = "CIoU"

    def __str__(self) -> str:
        return f"topk {self.topk}, alpha {self.alpha:g}, beta {self.beta:g}, {self.overlap}"


@dataclass(frozen=True)
class Stage:
    """One step: a function of :mod:`yolo_assign_trace.stages`, by name, and what it is declared to put out."""

    name: str
    function: str
    result: type[StageResult]

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        return self.result.outputs()

    @cached_property
    def call(self) -> Callable[..., StageResult]:
        """The function itself; imports torch."""
        from . import stages

        found: Callable[..., StageResult] = getattr(stages, self.function)
        return found

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors and settings that the function takes; imports torch."""
        return tuple(inspect.signature(self.call).parameters)

    def formula(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The stage's formula with the run's own settings put in."""
        return tuple(line.format(**settings) for line in self.result.formula)

    def title(self, settings: Mapping[str, Any]) -> str:
        return self.result.title.format(**settings)


@dataclass(frozen=True)
class Assigner:
    """A named list of stages and the parameters they run with."""

    name: str
    stages: tuple[Stage, ...]
    parameters: Parameters = Parameters()

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters by name, as the stages take them."""
        return {f.name: getattr(self.parameters, f.name) for f in fields(self.parameters)}

    def stage(self, name: str) -> Stage:
        """The stage called ``name``.

        Raises:
            InputError: no such stage; the hint lists near matches.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise InputError(
            "unknown-stage",
            f"the assigner {self.name} has no stage {name!r}",
            hint=did_you_mean(name, [stage.name for stage in self.stages]),
        )


YOLOV8 = Assigner("yolov8", tuple(Stage(r.stage, r.stage, r) for r in STAGE_RESULTS))

ASSIGNERS: Mapping[str, Assigner] = MappingProxyType({YOLOV8.name: YOLOV8})
