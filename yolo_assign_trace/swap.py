"""One stage of an assigner replaced by a user's own function, and held to what the stage promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .assigner import Assigner, Stage
from .errors import InputError, did_you_mean
from .named_objects import load_object
from .outputs import Output

FROM_THE_RUN = ("grid", "batch", "nc", "reg_max", "label_rows", "maps")
"""What every stage may ask for beside the assigner's parameters and earlier outputs."""


def swap(assigner: Assigner, text: str, keep: Sequence[str]) -> Assigner:
    """The assigner with one stage swapped as ``stage=package.module:function`` says.

    Args:
        assigner: whose stage to replace.
        text: the option as the user wrote it.
        keep: outputs that the run itself asks for at the end.

    Raises:
        InputError: unknown stage, unknown function, or parameters that the stage cannot get.
    """
    name, equals, target = text.partition("=")
    if not equals:
        hint = "write --swap topk=package.module:function"
        raise InputError("wrong-swap", f"{text!r} is no swap", where="--swap", hint=hint)
    stage = assigner.stage(name, "--swap")
    function = load_object(target, "function", "--swap")
    if not callable(function):
        raise InputError("wrong-swap", f"{target} is not callable", where="--swap")
    available = _available(assigner, stage)
    _check_signature(function, target, stage, available)
    module, _, attribute = target.partition(":")
    later = assigner.stages[assigner.stages.index(stage) + 1 :]
    required = {name for other in later for name in other.inputs}.union(keep)
    call = _Checked(function, stage, target, frozenset(required))
    return assigner.with_stage(replace(stage, module=module, function=attribute, swapped=call))


def _available(assigner: Assigner, stage: Stage) -> dict[str, str]:
    """Names that a function in place of ``stage`` can ask for, and where each comes from."""
    names = dict.fromkeys(FROM_THE_RUN, "the run") | dict.fromkeys(assigner.settings, "the assigner's parameters")
    for earlier in assigner.stages[: assigner.stages.index(stage)]:
        names |= dict.fromkeys((output.name for output in earlier.outputs), earlier.name)
    return names


def _check_signature(function: Callable[..., Any], target: str, stage: Stage, available: Mapping[str, str]) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InputError("wrong-swap", f"the signature of {target} cannot be read", where="--swap") from None
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or parameter.name in available:
            continue
        if parameter.default is parameter.empty or parameter.kind is parameter.POSITIONAL_ONLY:
            raise InputError(
                "wrong-swap",
                f"{target} asks for {parameter.name!r}, which the stage {stage.name} cannot get",
                where="--swap",
                hint=did_you_mean(parameter.name, available),
            )


class _Checked:
    """A user's function that is called as a stage and whose result is held to the stage's declaration."""

    def __init__(self, function: Callable[..., Any], stage: Stage, target: str, required: frozenset[str]) -> None:
        self.function = function
        self.stage = stage
        self.target = target
        self.required = required
        self.__signature__ = self._signature()

    def _signature(self) -> inspect.Signature:
        """The function's own parameters, by name, as the runner looks them up."""
        return inspect.Signature(
            [
                inspect.Parameter(p.name, inspect.Parameter.KEYWORD_ONLY)
                for p in inspect.signature(self.function).parameters.values()
                if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.default is p.empty
            ]
        )

    def __call__(self, **given: Any) -> dict[str, Tensor]:
        try:
            result = self.function(**given)
        except Exception as error:
            raise self._refuse(f"failed: {type(error).__name__}: {error}") from error
        return self._by_name(result)

    def _by_name(self, result: Any) -> dict[str, Tensor]:
        """A dictionary, dataclass or named tuple by its names; a tuple in declared order; a tensor as the only one."""
        names = [output.name for output in self.stage.outputs]
        needed = [name for name in names if name in self.required]
        if is_dataclass(result) and not isinstance(result, type):
            found = {f.name: getattr(result, f.name) for f in fields(result)}
        elif isinstance(result, Mapping):
            found = dict(result)
        elif hasattr(result, "_asdict"):
            found = dict(result._asdict())
        elif isinstance(result, Tensor) and len(needed) == 1:
            found = {needed[0]: result}
        elif isinstance(result, tuple) and len(result) == len(names):
            found = dict(zip(names, result, strict=True))
        else:
            raise self._refuse(f"returned {_kind(result)}; expected a dictionary with {', '.join(needed)}")
        unknown = [name for name in found if name not in names]
        if unknown:
            raise self._refuse(f"returned {unknown[0]!r}, which {self.stage.name} does not put out")
        missing = [name for name in needed if name not in found]
        if missing:
            raise self._refuse(f"did not return {missing[0]}, which later stages need")
        return {name: found[name] for name in names if name in found}

    def check(
        self, output: Output, value: Any, sizes: Mapping[str, int], floats: torch.dtype, device: torch.device
    ) -> None:
        """Has ``value`` the axes, dtype and device that ``output`` declares?"""
        if not isinstance(value, Tensor):
            raise self._refuse(f"returned {_kind(value)} as {output.name}; expected a tensor")
        expected = tuple(sizes.get(axis, -1) for axis in output.axes)
        shape = tuple(value.shape)
        if len(shape) != len(expected) or any(e not in (-1, s) for s, e in zip(shape, expected, strict=True)):
            axes = ", ".join(output.axes)
            wanted = ", ".join("?" if e < 0 else str(e) for e in expected)
            raise self._refuse(f"returned {output.name} of shape {list(shape)}; expected [{axes}] = [{wanted}]")
        dtype = {"mask": torch.bool, "index": torch.int64, "count": torch.int64}.get(output.unit, floats)
        if value.dtype != dtype:
            raise self._refuse(f"returned {output.name} as {_short(value.dtype)}; expected {_short(dtype)}")
        if value.device != device:
            raise self._refuse(f"returned {output.name} on {value.device}; expected {device}")

    def _refuse(self, what: str) -> InputError:
        return InputError("wrong-swap", f"{self.target} in place of {self.stage.name} {what}", where="--swap")


def check_swapped(
    stage: Stage, made: Mapping[str, Any], sizes: Mapping[str, int], floats: torch.dtype, device: torch.device
) -> None:
    """Hold what a swapped stage returned to its declaration.

    Raises:
        InputError: the first output that does not fit, in one sentence.
    """
    if isinstance(stage.swapped, _Checked):
        pairs = made.get("pairs")
        if isinstance(pairs, Tensor) and pairs.ndim == 2:
            sizes = {**sizes, "pair": len(pairs)}
        for output in stage.outputs:
            if output.name in made:
                stage.swapped.check(output, made[output.name], sizes, floats, device)
        if isinstance(pairs, Tensor):
            _check_pairs(stage.swapped, pairs, sizes)


def _check_pairs(checked: _Checked, pairs: Tensor, sizes: Mapping[str, int]) -> None:
    limits = torch.tensor([sizes[axis] for axis in ("image", "gt", "anchor")], device=pairs.device)
    if bool(((pairs < 0) | (pairs >= limits)).any()):
        raise checked._refuse("returned pairs beyond the images, gts or anchors there are")
    key = (pairs[:, 0] * limits[1] + pairs[:, 1]) * limits[2] + pairs[:, 2]
    if bool((key[1:] <= key[:-1]).any()):
        raise checked._refuse("returned pairs that are not sorted by image, gt, anchor, or not distinct")


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple) else type(value).__name__


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
