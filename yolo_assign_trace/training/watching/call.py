"""One call of an assigner as it is seen from outside: its inputs by name, its outputs, who was called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...assignment.assigner import Assigner
from ...assignment.call import RESULTS
from ...assignment.generations import find_assigner
from ...assignment.releases import parse_release
from ...assignment.untraced.rules import Results
from ...basics.errors import InputError
from ..patching.methods import ASSIGNERS, CALL

_OF_THE_CALL = frozenset({"training", "bs", "n_max_boxes"})
"""Attributes that are no parameters: they change with every batch."""
_LARGEST_PARAMETER = 1024


@dataclass(frozen=True)
class Who:
    """The assigner that was called.

    Attributes:
        name: its class, ``package.module.Class``.
        package: what it comes from.
        release: of that package; empty if it tells none.
        parameters: its attributes that are numbers, texts or lists of them.
        tensors: its attributes that are small tensors, such as the sigmas of keypoints.
    """

    name: str
    package: str
    release: str
    parameters: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def head(self) -> str:
        """``one2one`` if a box keeps one anchor, as in the second head of an end-to-end model."""
        kept = self.parameters.get("topk2") or self.parameters.get("topk")
        return "one2one" if kept == 1 else "one2many"

    def stand_in(self) -> Assigner | None:
        """The assigner of this project that gives the same answers; None for boxes or classes that it has none for."""
        if self.name not in [f"{module}.TaskAlignedAssigner" for module in ASSIGNERS]:
            return None
        try:
            if parse_release(self.release) is None:
                return None
            own = find_assigner(self.release)
        except InputError:
            return None
        names = ("topk", "topk2", "alpha", "beta") if own.has_topk2 else ("topk", "alpha", "beta")
        return own.with_parameters(**{name: self.parameters.get(name) for name in names})


def who_is(assigner: Any) -> Who:
    """What there is to know about an assigner, without calling anything of it."""
    kind = type(assigner)
    package = kind.__module__.partition(".")[0]
    release = getattr(sys.modules.get(package), "__version__", "")
    attributes = {**vars(assigner), **vars(assigner).get("_buffers", {}), **vars(assigner).get("_parameters", {})}
    attributes = {name: value for name, value in attributes.items() if name[0] != "_" and name not in _OF_THE_CALL}
    return Who(
        f"{kind.__module__}.{kind.__qualname__}",
        package,
        release if isinstance(release, str) else "",
        {name: plain(value) for name, value in attributes.items() if is_plain(value)},
        {name: v for name, v in attributes.items() if isinstance(v, Tensor) and v.numel() <= _LARGEST_PARAMETER},
    )


def is_plain(value: Any) -> bool:
    """Is it a number, a text, None, or a list of them?"""
    if isinstance(value, list | tuple):
        return all(isinstance(one, bool | int | float | str) for one in value)
    return value is None or isinstance(value, bool | int | float | str)


def plain(value: Any) -> Any:
    """As JSON writes it."""
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Call:
    """Inputs and outputs of one call.

    Attributes:
        who: the assigner.
        inputs: by name, the six of every call first, under the names of :data:`CALL` whatever the method calls them.
        outputs: by name; ``output0`` ... if they are not the usual five.
        fast: has the fast form answered?
    """

    who: Who
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    fast: bool

    @property
    def six(self) -> tuple[Tensor, ...]:
        """pd_scores (b, a, c), pd_bboxes (b, a, 4), anc_points (a, 2), and of the boxes gt_labels (b, m, 1),
        gt_bboxes (b, m, 4, or 5 if rotated) and mask_gt (b, m, 1).
        """
        return tuple(self.inputs[name] for name in CALL)


def read_call(
    assigner: Any, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any], outputs: Any
) -> Call:
    """Name everything; nothing is copied.

    Raises:
        ValueError: the first six arguments or the outputs are not those of an assigner.
    """
    bound = signature.bind(assigner, *args, **kwargs).arguments
    named: dict[str, Any] = {}
    for name, value in list(bound.items())[1:]:
        kind = signature.parameters[name].kind
        named.update(value if kind is inspect.Parameter.VAR_KEYWORD else {name: value})
    renamed = dict(zip([*CALL, *list(named)[len(CALL) :]], named.values(), strict=False))
    call = Call(who_is(assigner), renamed, named_outputs(outputs), isinstance(outputs, Results))
    _check(call)
    return call


def named_outputs(outputs: Any) -> dict[str, Any]:
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if isinstance(outputs, tuple | list):
        names = RESULTS if len(outputs) == len(RESULTS) else [f"output{i}" for i in range(len(outputs))]
        return dict(zip(names, outputs, strict=True))
    return {"output0": outputs}


def _check(call: Call) -> None:
    """Do the axes fit: image, anchor, class, gt?"""
    missing = [name for name in CALL if not isinstance(call.inputs.get(name), Tensor)]
    missing += [name for name in RESULTS[2:] if not isinstance(call.outputs.get(name), Tensor)]
    if missing:
        raise ValueError(f"{call.who.name} is called in another way: no tensor {', '.join(missing)}")
    scores, boxes, points, labels, gt_bboxes, mask = call.six
    b, a, m = scores.shape[0], scores.shape[1], gt_bboxes.shape[1]
    shapes = {
        "pd_scores": (scores, (b, a, None)),
        "pd_bboxes": (boxes, (b, a, None)),
        "anc_points": (points, (a, 2)),
        "gt_labels": (labels, (b, m, 1)),
        "gt_bboxes": (gt_bboxes, (b, m, None)),
        "mask_gt": (mask, (b, m, 1)),
        "target_scores": (call.outputs["target_scores"], (b, a, None)),
        "fg_mask": (call.outputs["fg_mask"], (b, a)),
        "target_gt_idx": (call.outputs["target_gt_idx"], (b, a)),
    }
    for name, (tensor, expected) in shapes.items():
        shape = tuple(tensor.shape)
        if len(shape) != len(expected) or any(e not in (None, s) for s, e in zip(shape, expected, strict=True)):
            raise ValueError(f"{call.who.name} is called in another way: {name} is {list(shape)}")
