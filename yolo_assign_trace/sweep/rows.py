"""One row of the result: a setting and what was counted under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..basics.box_sizes import SIZES
from .settings import Setting
from .tally import Tally


@dataclass(frozen=True)
class Row:
    """A setting with its counts."""

    setting: Setting
    tally: Tally

    @property
    def counts(self) -> dict[str, float | None]:
        """The single numbers by name."""
        tally = self.tally
        return {
            "candidates": tally.candidates,
            "positives": tally.positives,
            "contested": tally.contested,
            "mean_target": tally.mean_target,
            "without": tally.without,
        }

    def as_document(self, first: Row) -> dict[str, Any]:
        """For scripts: the whole setting, all counts, and the differences to ``first``."""
        start = first.counts
        return {
            "setting": {name: text for name, text in self.setting.chosen.items() if text},
            "assigner": self.setting.assigner.name,
            "parameters": self.setting.assigner.settings,
            "boxes": self.tally.boxes,
            **self.counts,
            "causes": dict(sorted(self.tally.causes.items())),
            "sizes": [
                {"size": size, "boxes": boxes, "positives": positives, "without": without}
                for size, (boxes, positives, without) in zip(SIZES, self.tally.sizes.tolist(), strict=True)
            ],
            "difference": {
                name: None if value is None or start[name] is None else value - (start[name] or 0)
                for name, value in self.counts.items()
            },
        }

    def as_flat(self, rows: Sequence[Row]) -> dict[str, Any]:
        """For tables: one value a column, the same columns in every row of ``rows``."""
        causes = sorted({cause for row in rows for cause in row.tally.causes})
        flat: dict[str, Any] = {name: self.setting.chosen.get(name, "") for name in varied(rows)}
        flat |= {"boxes": self.tally.boxes, **self.counts}
        flat |= {f"without_{cause}": self.tally.causes[cause] for cause in causes}
        for size, (boxes, positives, without) in zip(SIZES, self.tally.sizes.tolist(), strict=True):
            flat |= {f"boxes_{size}": boxes, f"positives_{size}": positives, f"without_{size}": without}
        return flat


def varied(rows: Sequence[Row]) -> list[str]:
    """Names of the settings that were listed; at least the assigner."""
    names = list(rows[0].setting.chosen)
    differing = [name for name in names if len({row.setting.chosen[name] for row in rows}) > 1]
    return differing or ["assigner"]
