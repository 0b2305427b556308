"""The counts of an epoch as scalars, for TensorBoard and for a W&B run that is under way."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from ...basics.box_sizes import SIZES
from ..patching.guard import described, say


class Scalars:
    """Adds up the counts of an epoch and hands them on when it ends."""

    def __init__(self, folder: str) -> None:
        self._writer = _writer(folder) if folder else None
        self._epoch = 0
        self._sums: dict[str, dict[str, float]] = {}

    def add(self, epoch: int, part: str, head: str, line: Mapping[str, Any]) -> None:
        """The counts of one call, as they are recorded."""
        if epoch != self._epoch:
            self.flush()
            self._epoch = epoch
        sums = self._sums.setdefault(f"{part}/{head}", {})
        sizes = dict(zip(SIZES, zip(line["boxes"], line["without"], strict=True), strict=True))
        positives = [sum(of_level) for of_level in line["positives"]]
        found = {
            "boxes": sum(line["boxes"]),
            "without": sum(line["without"]),
            "positives": sum(positives),
            "contested": line["contested"],
            "beyond": line["beyond"],
            **{f"boxes {size}": number for size, (number, _) in sizes.items()},
            **{f"without {size}": number for size, (_, number) in sizes.items()},
            **{f"positives {level}": n for level, n in zip(line["levels"], positives, strict=True)},
        }
        if line["target_mean"] is not None:
            found["target"] = line["target_mean"] * found["positives"]
        for name, number in found.items():
            if number is not None:
                sums[name] = sums.get(name, 0) + number

    def flush(self) -> None:
        """The epoch is over."""
        values = {f"yolo_assign/{place}/{name}": v for place, s in self._sums.items() for name, v in _shares(s).items()}
        self._sums = {}
        if not values:
            return
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, self._epoch)
            self._writer.flush()
        run = getattr(sys.modules.get("wandb"), "run", None)
        if run is not None:
            # without commit they join what the training logs next, and the run's own steps stay as they are
            run.log({**values, "yolo_assign/epoch": self._epoch}, commit=False)

    def close(self) -> None:
        self.flush()
        if self._writer is not None:
            self._writer.close()


def _shares(sums: Mapping[str, float]) -> dict[str, float]:
    """Per box or per positive, so that epochs and runs of any length compare."""
    boxes, positives = sums["boxes"], sums["positives"]
    of = {"positives_per_box": (positives, boxes), "share_without": (sums["without"], boxes)}
    of |= {f"share_without_{size}": (sums[f"without {size}"], sums[f"boxes {size}"]) for size in SIZES}
    of |= {
        f"share_of_{name.partition(' ')[2]}": (n, positives)
        for name, n in sums.items()
        if name.startswith("positives ")
    }
    of |= {"target_score": (sums.get("target", 0), positives)}
    of |= {f"{name}_per_box": (sums[name], boxes) for name in ("contested", "beyond") if name in sums}
    return {name: number / whole for name, (number, whole) in of.items() if whole}


def _writer(folder: str) -> Any:
    try:
        return importlib.import_module("torch.utils.tensorboard").SummaryWriter(folder)
    except Exception as error:  # asked for, but not there: everything else is recorded
        say(f"no scalars for TensorBoard: {described(error)}")
        return None
