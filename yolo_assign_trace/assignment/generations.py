"""The named assigners: every generation of the original, every release, and the names people use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ..basics.errors import InputError, Parameter, did_you_mean
from .assigner import Assigner, Stage
from .outputs import STAGE_RESULTS
from .releases import NEWEST_MEASURED, Release, dotted, parse_release
from .variant_outputs import (
    AlignedReordered,
    NormalizedUnmasked,
    ResolvedAndKept,
    ResolvedUnmasked,
    ScreenedEnlarged,
    ScreenedFloored,
    SelectedUnmasked,
)


def _changed(stages: tuple[Stage, ...], *changes: Stage) -> tuple[Stage, ...]:
    by_name = {stage.name: stage for stage in changes}
    return tuple(by_name.get(stage.name, stage) for stage in stages)


_8_0_52 = tuple(Stage(result.stage, result, result.stage) for result in STAGE_RESULTS)
_8_0_0 = _changed(
    _8_0_52,
    Stage("topk", SelectedUnmasked, "topk_unmasked", "variants"),
    Stage("resolve", ResolvedUnmasked, "resolve_unmasked", "variants"),
    Stage("normalize", NormalizedUnmasked, "normalize_unmasked", "variants"),
)
_8_4_0 = _changed(
    _8_0_52,
    Stage("screen", ScreenedEnlarged, "screen_enlarged", "variants"),
    Stage("resolve", ResolvedAndKept, "resolve_and_keep", "variants"),
)
_8_4_128 = _changed(_8_4_0, Stage("screen", ScreenedFloored, "screen_floored", "variants"))
_8_4_144 = _changed(_8_4_128, Stage("align", AlignedReordered, "align_reordered", "variants"))

GENERATIONS: Mapping[str, Assigner] = MappingProxyType(
    {
        "8.0.0": Assigner("8.0.0", "8.0.0", "8.0.0 - 8.0.51", _8_0_0),
        "8.0.52": Assigner("8.0.52", "8.0.52", "8.0.52 - 8.3.253", _8_0_52),
        "8.4.0": Assigner("8.4.0", "8.4.0", "8.4.0 - 8.4.127", _8_4_0),
        "8.4.128": Assigner("8.4.128", "8.4.128", "8.4.128 - 8.4.143", _8_4_128),
        "8.4.144": Assigner("8.4.144", "8.4.144", "8.4.144 - 8.4.190 and later", _8_4_144),
    }
)
"""Generations of the ultralytics package's assigner, oldest first, by the release that each appeared with."""


def _named(name: str, generation: str, note: str, **parameters: float) -> Assigner:
    return replace(GENERATIONS[generation], name=name, note=note).with_parameters(**parameters)


_TOOD_NOTE = "k 13, alpha 1, beta 6 on the stages of 8.0.52; the paper's overlap is `overlap=iou`"
_NAMES = (
    _named("yolov8", "8.0.52", "the default; what most trained models have seen"),
    _named("yolo11", "8.0.52", "as yolov8"),
    _named("yolov10-one2many", "8.0.52", "releases 8.2.38 - 8.3.253", topk=10),
    _named("yolov10-one2one", "8.0.52", "releases 8.2.38 - 8.3.253", topk=1),
    _named("yolo26-one2many", "8.4.144", "end-to-end heads from 8.4.0 on", topk=10),
    _named("yolo26-one2one", "8.4.144", "end-to-end heads from 8.4.0 on", topk=7, topk2=1),
    _named("tood", "8.0.52", _TOOD_NOTE, topk=13, alpha=1.0),
    _named("ppyoloe", "8.0.52", "as tood", topk=13, alpha=1.0),
)
ASSIGNERS: Mapping[str, Assigner] = MappingProxyType({assigner.name: assigner for assigner in _NAMES})
"""Assigners by the names that people use."""

YOLOV8 = ASSIGNERS["yolov8"]


def find_assigner(text: str) -> Assigner:
    """The assigner called ``text``: a name, or a release such as ``ultralytics==8.4.190`` or ``8.4.190``.

    Raises:
        InputError: unknown name, or a release before 8.0.0; the hint lists near matches.
    """
    if text in ASSIGNERS:
        return ASSIGNERS[text]
    release = parse_release(text, Parameter("assigner"))
    if release is None:
        hint = f"{did_you_mean(text, ASSIGNERS)} (a release is written ultralytics==8.4.190)"
        raise InputError("unknown-assigner", f"no assigner is called {text!r}", where=Parameter("assigner"), hint=hint)
    generation = [name for name in GENERATIONS if _release(name) <= release][-1]
    note = f"generation {generation}"
    if release > NEWEST_MEASURED:
        note += f", taken to be as {dotted(NEWEST_MEASURED)}, the newest release that was measured"
    return replace(GENERATIONS[generation], name=f"ultralytics=={dotted(release)}", note=note)


def with_recorded(named: Assigner, recorded: Mapping[str, float]) -> Assigner:
    """The assigner with the parameters that come with the inputs, if its name does not bring its own.

    Raises:
        InputError: a recorded parameter that its stages do not have.
    """
    # a name such as tood stands for parameters of its own
    return named.with_parameters(**recorded) if named.parameters == YOLOV8.parameters else named


def _release(name: str) -> Release:
    major, minor, patch = map(int, name.split("."))
    return major, minor, patch
