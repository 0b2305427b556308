"""What the original answered, saved with its call, held against the generations here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..assignment.assigner import Assigner
from ..assignment.call import FIRST, RESULTS
from ..assignment.generations import GENERATIONS
from ..basics.arrays import Array
from ..basics.errors import InputError
from ..basics.plural import count
from ..run.given import Call

WITHIN = 1e-6
"""Absolute; target scores of one release on two machines differ by some 4e-7."""

NEAR = 2e-6
"""Relative; metrics of two float32 kernels differ by up to 13 ulps, and where two are nearer, either may be chosen."""

_BELOW_HALF = (1 << 13) - 1
"""Bits of a float32 that no float16 or bfloat16 has."""

_COMPARED = (*RESULTS, "pairs", "overlaps", "align_metric", "cutoff")


@dataclass(frozen=True)
class Compared:
    """A generation with the parameters of a call, held against the outputs that were saved with it.

    Attributes:
        assigner: the generation.
        differing: number of anchors that have another output, by its name; only of those that differ.
        near_ties: do owners differ, and only where metrics equal to :data:`NEAR` stood at the cut of a box, or such
            overlaps in a conflict?
    """

    assigner: Assigner
    differing: Mapping[str, int]
    near_ties: bool


def compare_outputs(call: Call) -> list[Compared]:
    """Every generation that takes the parameters of the call, oldest first.

    Raises:
        InputError: outputs that cannot be those of the call.
    """
    compared = []
    for generation in GENERATIONS.values():
        try:
            assigner = generation.with_parameters(**call.parameters)
        except InputError:  # a topk2 that the generation does not have
            continue
        made = _made_by(assigner, call)
        differing = {name: number for name in call.outputs if (number := _differing(name, made[name], call))}
        compared.append(Compared(assigner, differing, bool(differing) and _only_near_ties(made, call.outputs)))
    return compared


def _made_by(assigner: Assigner, call: Call) -> dict[str, Array]:
    import torch

    from ..run.runner import run_stages

    state = assigner.settings | call.state(call.dtype, torch.device("cpu"))
    return {name: tensor.numpy() for name, tensor in run_stages(assigner, state, _COMPARED, first=FIRST).items()}


def _differing(name: str, ours: Array, call: Call) -> int:
    theirs = np.asarray(call.outputs[name])
    if theirs.shape != ours.shape:
        message = f"expected {list(ours.shape)} beside the inputs of the call, found {list(theirs.shape)}"
        raise InputError("wrong-shape", message, where=f"output {name}")
    is_float = ours.dtype.kind == "f"
    close = np.isclose(ours, theirs, rtol=0, atol=WITHIN, equal_nan=True) if is_float else ours == theirs
    return int((~close).reshape(*ours.shape[:2], -1).any(axis=-1).sum())


def _only_near_ties(made: Mapping[str, Array], recorded: Mapping[str, Array]) -> bool:
    if not {"fg_mask", "target_gt_idx"} <= recorded.keys():
        return False
    ours, theirs = (np.where(one["fg_mask"], one["target_gt_idx"], -1) for one in (made, recorded))
    differ = ours != theirs
    image, gt, anchor = made["pairs"].T
    overlaps = made["overlaps"]
    at_cut = np.isclose(made["align_metric"], made["cutoff"][image, gt], rtol=NEAR, atol=0)
    largest, rivals = np.zeros(ours.shape, overlaps.dtype), np.zeros((2, *ours.shape), dtype=np.int64)
    np.maximum.at(largest, (image, anchor), overlaps)
    at_top = np.isclose(overlaps, largest[image, anchor], rtol=NEAR, atol=0)
    for count_of, pairs in zip(rivals, (at_cut, at_top), strict=True):
        np.add.at(count_of, (image[pairs], anchor[pairs]), 1)
    return bool(differ.any() and ((rivals[0] > 0) | (rivals[1] > 1))[differ].all())


def reproducing(compared: Sequence[Compared]) -> list[Assigner]:
    """The generations that answer as was recorded."""
    return [one.assigner for one in compared if not one.differing]


def about_outputs(call: Call, compared: Sequence[Compared]) -> str:
    """Which generations reproduce the outputs that were saved with the call, in one sentence; if none does, what may
    explain it.
    """
    recorded = f"the recorded outputs ({', '.join(call.outputs)}) are reproduced by"
    found = reproducing(compared)
    if found:
        text = f"{recorded} {'; '.join(one.releases for one in found)}"
        if call.release and call.release.assigner.generation not in [one.generation for one in found]:
            text += f", but not by {call.release.name}: say `release={found[-1].generation}`"
        return text
    nearest = min(reversed(compared), key=lambda one: sum(one.differing.values()))
    differing = ", ".join(f"{count(anchors, 'anchor')} of {name}" for name, anchors in nearest.differing.items())
    told = [f"{recorded} no generation; nearest is {nearest.assigner.releases}, where differ {differing}"]
    if "topk" not in call.parameters:
        told.append(f"topk was not saved: {nearest.assigner.parameters.topk} is assumed, and no topk2")
    if not (np.asarray(call.six.pd_scores, dtype=np.float32).view(np.uint32) & _BELOW_HALF).any():
        told.append("all its scores are numbers of half precision, of which one flow is reproduced (docs/heads.md)")
    if nearest.near_ties:
        told.append("owners differ only where metrics or overlaps are equal to 2e-6: near ties")
    return "; ".join(told)
