"""With which assigner, and where to compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...assignment.generations import find_assigner, with_recorded
from ...run.release_choice import ReleaseChoice
from .devices import require_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...assignment.assigner import Assigner
    from ...inputs.batch import CallPart, Part
    from ...run.record import Tracer


@dataclass(frozen=True)
class AssignerOptions:
    """The options of that name; None where nothing was said."""

    assigner: str | None = None
    topk: int | None = None
    topk2: int | None = None
    alpha: float | None = None
    beta: float | None = None
    overlap: str | None = None
    swap: list[str] | None = None
    dtype: str | None = None
    device: str = "cpu"

    def chosen(self, release: ReleaseChoice, recorded: Mapping[str, float] | None = None) -> Assigner:
        """The assigner, without swapped stages, which need torch.

        Args:
            release: what assigns if no assigner is named.
            recorded: parameters that come with the inputs; options win over them.

        Raises:
            InputError: an unknown name or a parameter that cannot be.
        """
        named = find_assigner(self.assigner) if self.assigner else release.assigner
        return with_recorded(named, recorded or {}).with_parameters(
            topk=self.topk, topk2=self.topk2, alpha=self.alpha, beta=self.beta, overlap=self.overlap
        )

    def run(self, part: Part | CallPart, assigner: Assigner, tracers: Sequence[Tracer]) -> None:
        """Trace one batch with the stages of ``assigner`` that run, the swapped ones put in.

        Raises:
            InputError: no such device, or a function that cannot take a stage's place.
        """
        import torch

        from ...assignment.call import RESULTS
        from ...assignment.swap import swap_named
        from ...run.runner import trace

        require_device(self.device)
        for text in self.swap or ():
            assigner = swap_named(assigner, text, RESULTS)
        dtype = getattr(torch, self.dtype) if self.dtype else None
        trace(part.inputs(device=self.device), assigner, tracers, dtype=dtype, device=self.device, use_up=True)
