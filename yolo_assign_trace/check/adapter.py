"""Calls somebody else's assigner, whatever form it has."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import CALL, RESULTS
from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter, did_you_mean
from ..basics.named_objects import place_of
from ..basics.plural import count
from .cases import CLASSES, Case

ALIASES: Mapping[str, str] = {
    "labels": "target_labels",
    "boxes": "target_bboxes",
    "bboxes": "target_bboxes",
    "scores": "target_scores",
    "fg_mask": "fg_mask",
    "gt_idx": "target_gt_idx",
    "_": "",
}
"""Short names of outputs that ``outputs`` takes beside the full ones; ``_`` skips one."""


def output_names(text: str) -> tuple[str, ...]:
    """The outputs that ``labels,boxes,_,fg_mask`` names, in order.

    Raises:
        InputError: an unknown name.
    """
    names = []
    for word in text.split(","):
        name = ALIASES.get(word.strip(), word.strip())
        if name and name not in RESULTS:
            hint = did_you_mean(name, dict.fromkeys([*ALIASES, *RESULTS]))
            raise InputError(
                "unknown-output", f"{word!r} is no output of an assigner", where=Parameter("outputs"), hint=hint
            )
        names.append(name)
    return tuple(names)


class ForeignAssigner:
    """An assigner to be checked.

    Args:
        name: as the user wrote it, for messages.
        loaded: a function, a callable object, an ``nn.Module``, or a class, of which one is made for the checks.
        assigner: what it is compared with; a class is given its parameters, if its constructor has them.
        outputs: names of what it returns, in order; the usual five if not said.
    """

    def __init__(self, name: str, loaded: Any, assigner: Assigner, outputs: Sequence[str] = ()) -> None:
        self.name = name
        self.outputs = tuple(outputs)
        self.call = self._make(loaded, assigner) if isinstance(loaded, type) else loaded
        if not callable(self.call):
            raise self._refuse(f"cannot be called: its type is {type(self.call).__name__}")
        self.module = _is_module(self.call)
        if self.module:
            self.call.eval()

    def answer(self, case: Case) -> dict[str, Array]:
        """What the assigner answers to a case, by output name.

        Raises:
            InputError: it failed, or returned something that cannot be read.
        """
        import torch

        given = {name: torch.from_numpy(array.copy()) for name, array in case.inputs().items()}
        keywords = self._keywords(case)
        try:
            with torch.no_grad():
                if self._takes_names():
                    result = self.call(**given, **keywords)
                else:
                    result = self.call(*given.values(), **keywords)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}{place_of(error)}"
            raise InputError("candidate-failed", reason, where=self.name) from error
        return {name: _as_array(value) for name, value in self._named(result).items()}

    def _make(self, loaded: type, assigner: Assigner) -> Any:
        known = {"topk": "topk", "topk2": "topk2", "alpha": "alpha", "beta": "beta"}
        offered = {theirs: assigner.settings[ours] for theirs, ours in known.items()}
        offered |= {"num_classes": CLASSES, "nc": CLASSES, "release": assigner.generation}
        try:
            taken = inspect.signature(loaded).parameters
        except (TypeError, ValueError):
            taken = inspect.signature(lambda: None).parameters
        try:
            return loaded(**{name: value for name, value in offered.items() if name in taken and value is not None})
        except Exception as error:
            raise self._refuse(f"could not be made: {type(error).__name__}: {error}") from error

    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        call = self.call.forward if self.module else self.call
        try:
            return inspect.signature(call).parameters
        except (TypeError, ValueError):
            return {}

    def _takes_names(self) -> bool:
        """With the usual names, the order of its parameters does not matter."""
        return set(CALL) <= set(self._parameters())

    def _keywords(self, case: Case) -> dict[str, Any]:
        """What some assigners ask for beside the usual six."""
        import torch

        extras = {
            "stride_tensor": torch.from_numpy(case.stride_tensor.copy()),
            "strides": list(case.grid.strides),
            "imgsz": (case.grid.height, case.grid.width),
            "num_classes": CLASSES,
            "nc": CLASSES,
        }
        return {name: value for name, value in extras.items() if name in self._parameters()}

    def _named(self, result: Any) -> dict[str, Any]:
        if isinstance(result, Mapping):
            named = {ALIASES.get(str(name), str(name)): value for name, value in result.items()}
            outputs = {name: value for name, value in named.items() if name in RESULTS}
        else:
            values = list(result) if isinstance(result, (tuple, list)) else [result]
            names = self.outputs or (RESULTS if len(values) == len(RESULTS) else ())
            if len(names) != len(values):
                hint = "name them in order: `outputs=labels,boxes,scores,fg_mask,gt_idx` (_ skips one)"
                expected = f"{len(names)} were named" if names else "five are expected unless they are named"
                raise self._refuse(f"returned {count(len(values), 'output')}, but {expected}", hint)
            outputs = {name: value for name, value in zip(names, values, strict=True) if name}
        if not outputs:
            raise self._refuse("returned none of " + ", ".join(RESULTS))
        return outputs

    def _refuse(self, what: str, hint: str = "") -> InputError:
        return InputError("wrong-candidate", f"{self.name} {what}", hint=hint)


def _is_module(call: Any) -> bool:
    import torch

    return isinstance(call, torch.nn.Module)


def _as_array(value: Any) -> Array:
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = value.float() if value.dtype == torch.bfloat16 else value
        array: Array = value.numpy()
        return array
    return np.asarray(value)
