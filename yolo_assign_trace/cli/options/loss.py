"""Whether the stage ``loss`` runs, and with which gains."""

from __future__ import annotations

from dataclasses import dataclass

from ...assignment.assigner import Assigner, Gains
from ...assignment.loss.choice import with_loss
from ...run.release_choice import ReleaseChoice


@dataclass(frozen=True)
class LossOptions:
    """The options of that name."""

    loss: bool = False
    gains: Gains | None = None

    @property
    def wanted(self) -> bool:
        return self.loss or self.gains is not None

    def added_to(self, assigner: Assigner, release: ReleaseChoice) -> Assigner:
        """The assigner with that stage if it is wanted.

        Raises:
            InputError: a captured call, which has no loss, or a gain that cannot be.
        """
        return with_loss(assigner, release.release, self.gains) if self.wanted else assigner
