"""Two arithmetics, one path: nothing differs but the functions that compute power, atan, sigmoid and expectation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.assignment import golden_cases
from yolo_assign_trace.assignment.arithmetic import PORTABLE, TRAINING, Arithmetic
from yolo_assign_trace.assignment.untraced.assign import assign_untraced
from yolo_assign_trace.assignment.untraced.rules import Rules
from yolo_assign_trace.basics.errors import InputError

FUNCTIONS = ("power", "atan", "sigmoid", "expectation")


class Operations(TorchDispatchMode):
    """Names of everything that torch is asked for; what happens inside an arithmetic's function counts as one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.inside = False

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not self.inside:
            self.names.append(str(function))
        return function(*args, **kwargs or {})

    def as_one(self, arithmetic: Arithmetic) -> Arithmetic:
        def opaque(name: str) -> Callable[..., torch.Tensor]:
            def function(*args: Any) -> torch.Tensor:
                self.names.append(f"arithmetic.{name}")
                self.inside = True
                try:
                    return getattr(arithmetic, name)(*args)
                finally:
                    self.inside = False

            return function

        return replace(arithmetic, **{name: opaque(name) for name in FUNCTIONS})


def operations(name: str, arithmetic: Arithmetic, generation: str) -> list[str]:
    scene = golden_cases.load(name, generation).scene
    rules = Rules.of(scene.assigner, scene.grid.strides, arithmetic)
    assert rules is not None
    for _ in range(2):  # the second time the grid is known
        with Operations() as asked:
            as_one = replace(rules, arithmetic=asked.as_one(arithmetic))
            assign_untraced(**scene.inputs, rules=as_one, nc=scene.pd_scores.shape[2])
    return asked.names


@pytest.mark.parametrize("generation", ["8.0.52", "8.4.144"])
@pytest.mark.parametrize(
    "name",
    [
        "duplicates_and_nested",  # conflicts
        "nonfinite_contested",  # the way of numbers that are not finite
        "empty_image",
        "square_10",
    ],
)
def test_nothing_else_differs(name: str, generation: str) -> None:
    portable = operations(name, PORTABLE, generation)
    assert portable == operations(name, TRAINING, generation)
    assert portable.count("arithmetic.power") == 2
    assert portable.count("arithmetic.atan") == 2
    assert len(portable) > 100


def test_the_judge_sees_other_operations() -> None:
    assert operations("square_10", TRAINING, "8.0.52") != operations("square_10", TRAINING, "8.4.144")


@pytest.mark.parametrize("generation", ["8.0.52", "8.4.144"])
@pytest.mark.parametrize("name", ["duplicates_and_nested", "half_fp16_ordinary", "square_10", "one_level"])
def test_no_number_is_waited_for_one_by_one(name: str, generation: str) -> None:
    """``.item()`` and ``bool(tensor)`` make a GPU's host wait; the two places that need numbers take all at once."""
    asked = operations(name, TRAINING, generation)
    assert not [one for one in asked if "_local_scalar_dense" in one or "is_nonzero" in one or "equal." in one]


@pytest.mark.parametrize("beyond", [0, 1000])
def test_a_label_that_is_no_class_is_named(beyond: int) -> None:
    scene = golden_cases.load("square_10", "8.4.144").scene
    nc = scene.pd_scores.shape[2]
    labels = scene.gt_labels.clone()
    labels[0, 0, 0] = nc + beyond
    rules = Rules.of(scene.assigner, scene.grid.strides, TRAINING)
    assert rules is not None
    with pytest.raises(InputError) as caught:
        assign_untraced(**scene.inputs | {"gt_labels": labels}, rules=rules, nc=nc)
    assert caught.value.id == "class-too-large"


def test_the_number_of_threads_is_what_it_was() -> None:
    before = torch.get_num_threads()
    scene = golden_cases.load("square_10", "8.4.144").scene
    torch.set_num_threads(2)
    try:
        scene.results()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
