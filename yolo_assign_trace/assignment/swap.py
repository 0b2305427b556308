"""One stage of an assigner replaced by a user's own function, and held to what the stage promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..basics.errors import InputError, Parameter, did_you_mean
from ..basics.named_objects import load_object, place_of
from .assigner import Assigner, Stage
from .call import LIMITS, shape_problem
from .outputs import Output

FROM_THE_RUN = ("grid", "batch", "nc", "reg_max", "label_rows", "maps")
"""What every stage may ask for beside the assigner's parameters and earlier outputs."""


def swap_named(assigner: Assigner, text: str, keep: Sequence[str]) -> Assigner:
    """The assigner with one stage swapped as ``stage=package.module:function`` says; see :func:`swap`.

    Raises:
        InputError: as :func:`swap`, or an unknown function.
    """
    name, equals, target = text.partition("=")
    if not equals:
        hint = "write `swap=topk=package.module:function`"
        raise InputError("wrong-swap", f"{text!r} is no swap", where=Parameter("swap"), hint=hint)
    assigner.stage(name, Parameter("swap"))
    return swap(assigner, name, load_object(target, "function", Parameter("swap")), keep=keep, called=target)


def swap(
    assigner: Assigner, name: str, function: Callable[..., Any], *, keep: Sequence[str] = (), called: str = ""
) -> Assigner:
    """The assigner with stage ``name`` replaced by ``function``.

    Args:
        assigner: whose stage to replace.
        name: of the stage.
        function: takes tensors and settings by the names of its parameters; returns the outputs that later stages
            need, as a dictionary, dataclass, named tuple or tuple, or the tensor itself if it is just one.
        keep: outputs that are wanted from the run itself.
        called: what the trace calls the function; by default its module and name.

    Raises:
        InputError: unknown stage, or parameters that the stage cannot get.
    """
    stage = assigner.stage(name, Parameter("swap"))
    called = called or f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
    if not callable(function):
        raise InputError("wrong-swap", f"{called} is not callable", where=Parameter("swap"))
    names = _parameters(function, called, stage, _available(assigner, stage))
    module, _, attribute = called.partition(":")
    later = assigner.stages[assigner.stages.index(stage) + 1 :]
    required = {taken for other in later for taken in other.inputs}.union(keep)
    call = _Checked(function, names, stage, called, frozenset(required))
    return assigner.with_stage(replace(stage, module=module, function=attribute, swapped=call))


def _available(assigner: Assigner, stage: Stage) -> dict[str, str]:
    """Names that a function in place of ``stage`` can ask for, and where each comes from."""
    names = dict.fromkeys(FROM_THE_RUN, "the run") | dict.fromkeys(assigner.settings, "the assigner's parameters")
    for earlier in assigner.stages[: assigner.stages.index(stage)]:
        names |= dict.fromkeys((output.name for output in earlier.outputs), earlier.name)
    return names


def _parameters(
    function: Callable[..., Any], target: str, stage: Stage, available: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of what the function is given: all its parameters that there is something for."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InputError("wrong-swap", f"the signature of {target} cannot be read", where=Parameter("swap")) from None
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            hint = "name the tensors and settings that it needs"
            raise InputError("wrong-swap", f"{target} takes *args or **kwargs", where=Parameter("swap"), hint=hint)
        unknown = parameter.name not in available or parameter.kind is parameter.POSITIONAL_ONLY
        if unknown and parameter.default is parameter.empty:
            message = f"{target} asks for {parameter.name!r}, which the stage {stage.name} cannot get"
            hint = did_you_mean(parameter.name, available)
            raise InputError("wrong-swap", message, where=Parameter("swap"), hint=hint)
    return tuple(parameter.name for parameter in parameters if parameter.name in available)


class _Checked:
    """A user's function that is called as a stage and whose result is held to the stage's declaration."""

    def __init__(
        self,
        function: Callable[..., Any],
        names: tuple[str, ...],
        stage: Stage,
        target: str,
        required: frozenset[str],
    ) -> None:
        self.function = function
        self.stage = stage
        self.target = target
        self.required = required
        # what the runner looks up and passes by name
        self.__signature__ = inspect.Signature([inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names])

    def __call__(self, **given: Any) -> dict[str, Tensor]:
        before = _versions(given)
        try:
            result = self.function(**given)
        except Exception as error:
            raise self.refuse(f"failed: {type(error).__name__}: {error}{place_of(error)}") from error
        changed = [name for name, version in _versions(given).items() if version != before[name]]
        if changed:
            raise self.refuse(f"changed its input {changed[0]} in place; work on a copy")
        return self._by_name(result)

    def _by_name(self, result: Any) -> dict[str, Tensor]:
        """A dictionary, dataclass or named tuple by its names; a tuple in declared order; a tensor as the only one."""
        names = [output.name for output in self.stage.outputs]
        needed = [name for name in names if name in self.required]
        if is_dataclass(result) and not isinstance(result, type):
            named = {f.name: getattr(result, f.name) for f in fields(result)}
        elif isinstance(result, Mapping):
            named = dict(result)
        elif hasattr(result, "_asdict"):
            named = dict(result._asdict())
        elif isinstance(result, Tensor) and len(needed) == 1:
            named = {needed[0]: result}
        elif isinstance(result, tuple) and len(result) == len(names):
            named = dict(zip(names, result, strict=True))
        else:
            raise self.refuse(f"returned {_kind(result)}; expected a dictionary with {', '.join(needed)}")
        unknown = [name for name in named if name not in names]
        if unknown:
            raise self.refuse(f"returned {unknown[0]!r}, which {self.stage.name} does not put out")
        missing = [name for name in needed if name not in named]
        if missing:
            raise self.refuse(f"did not return {missing[0]}, which later stages need")
        return {name: named[name] for name in names if name in named}

    def check(
        self, output: Output, value: Any, sizes: Mapping[str, int], floats: torch.dtype, device: torch.device
    ) -> None:
        """Has ``value`` the axes, dtype and device that ``output`` declares?"""
        if not isinstance(value, Tensor):
            raise self.refuse(f"returned {_kind(value)} as {output.name}; expected a tensor")
        problem = shape_problem(output, value.shape, sizes)
        if problem:
            raise self.refuse(f"returned {output.name} of another shape: {problem}")
        dtype = {"mask": torch.bool, "index": torch.int64, "count": torch.int64}.get(output.unit, floats)
        if value.dtype != dtype:
            raise self.refuse(f"returned {output.name} as {_short(value.dtype)}; expected {_short(dtype)}")
        if value.device != device:
            raise self.refuse(f"returned {output.name} on {value.device}; expected {device}")

    def refuse(self, what: str) -> InputError:
        return InputError("wrong-swap", f"{self.target} in place of {self.stage.name} {what}", where=Parameter("swap"))


def check_swapped(
    stage: Stage, made: Mapping[str, Any], sizes: Mapping[str, int], floats: torch.dtype, device: torch.device
) -> None:
    """Hold what a swapped stage returned to its declaration.

    Raises:
        InputError: the first output that does not fit, in one sentence.
    """
    if not isinstance(stage.swapped, _Checked):
        return
    known = dict(sizes)
    for output in stage.outputs:
        if output.name in made:
            stage.swapped.check(output, made[output.name], known, floats, device)
            known |= dict(zip(output.axes, made[output.name].shape, strict=True))  # new axes hold for the others too
    if "pairs" in made:
        _check_pairs(stage.swapped, made["pairs"], known)
    for name, (axis, more) in LIMITS.items():
        if name in made and made[name].numel():
            largest, limit = int(made[name].max()), max(known.get(axis, 0) + more, 1)
            if largest >= limit or int(made[name].min()) < 0:
                raise stage.swapped.refuse(f"returned {name} outside 0..{limit - 1}")


def _check_pairs(checked: _Checked, pairs: Tensor, sizes: Mapping[str, int]) -> None:
    limits = torch.tensor([sizes[axis] for axis in ("image", "gt", "anchor")], device=pairs.device)
    if bool(((pairs < 0) | (pairs >= limits)).any()):
        raise checked.refuse("returned pairs beyond the images, gts or anchors there are")
    key = (pairs[:, 0] * limits[1] + pairs[:, 1]) * limits[2] + pairs[:, 2]
    if bool((key[1:] <= key[:-1]).any()):
        raise checked.refuse("returned pairs that are not sorted by image, gt, anchor, or not distinct")


def _versions(given: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """torch counts the changes of every tensor in place."""
    tensors = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    return {name: tuple(t._version for t in many if isinstance(t, Tensor)) for name, many in tensors.items()}


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple) else type(value).__name__


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
