"""The functions whose last place depends on who computes them. All else rounds the same everywhere.

``exp``, ``atan`` and ``pow`` of float32 differ by an ulp between processors, libraries and even places in a vector.
There are two answers to that, and every line of the algorithm but these is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Arithmetic:
    """Four functions, each of tensors of any shape, which keep the dtype.

    Attributes:
        power: x^exponent.
        atan: the angle whose tangent is x.
        sigmoid: 1 / (1 + exp(-x)).
        expectation: (..., R) logits of bins 0 .. R-1 to the mean of their distribution (...).
    """

    name: str
    power: Callable[[Tensor, float], Tensor]
    atan: Callable[[Tensor], Tensor]
    sigmoid: Callable[[Tensor], Tensor]
    expectation: Callable[[Tensor], Tensor]


def _power(x: Tensor, exponent: float) -> Tensor:
    return x.double().pow(exponent).to(x.dtype)


def _atan(x: Tensor) -> Tensor:
    return x.double().atan().to(x.dtype)


def _sigmoid(x: Tensor) -> Tensor:
    scores = torch.empty_like(x)
    for i, image in enumerate(x):  # one by one, because in float64 all are twice as large as what comes in
        scores[i] = image.double().sigmoid()
    return scores


def _expectation(bins: Tensor) -> Tensor:
    places = torch.arange(bins.shape[-1], dtype=torch.float64, device=bins.device)
    means = [(image.double().softmax(-1) * places).sum(-1) for image in bins]  # likewise
    return torch.stack(means).to(bins.dtype)


PORTABLE = Arithmetic("portable", _power, _atan, _sigmoid, _expectation)
"""In float64, rounded once: the same on every machine. What traces use."""


def _torch_expectation(bins: Tensor) -> Tensor:
    return bins.softmax(-1).matmul(torch.arange(bins.shape[-1], dtype=bins.dtype, device=bins.device))


TRAINING = Arithmetic("training", torch.pow, torch.atan, torch.sigmoid, _torch_expectation)
"""As torch's own kernels have them in a training step, in the dtype that comes in; autocast may widen it."""
