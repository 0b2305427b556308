"""``yolo-assign plan``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..inputs.request import Request
from .options.assigner import AssignerOptions
from .options.declared import option
from .options.expand import expanded
from .options.loss import LossOptions
from .options.source import source_argument, with_source
from .screens.terminal import print_json
from .trace_source import opened_with

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..inputs.load import Opened
    from ..run.costs import Cost


@expanded
def plan(
    request: Request,
    chosen: AssignerOptions,
    loss: LossOptions,
    source: Annotated[Path | None, source_argument()] = None,
    digits: Annotated[int, option("digits")] = 5,
    json: Annotated[bool, option("json")] = False,
) -> None:
    """Say what a trace would cost before running it: anchors, candidate pairs, seconds, bytes of memory and of files.

    Takes the options of trace. Labels are read and pairs are counted; bytes are estimates, within a factor of two.
    Seconds are rough, within a factor of three on two ordinary cores, with the log and without running a --model.
    """
    opened, assigner = opened_with(with_source(request, source), chosen, loss, to_run=False)
    costs = _costs(opened, assigner, digits, 8 if chosen.dtype == "float64" else 4)
    rows = [("release", opened.release.line(assigner), ""), *_rows(opened, costs)]
    if json:
        print_json({"total": {key: value for key, value, _ in rows}, "batches": [asdict(cost) for cost in costs]})
        return
    from .screens.plan_text import print_plan

    print_plan(rows)


def _costs(opened: Opened, assigner: Assigner, digits: int, float_bytes: int) -> list[Cost]:
    from ..run.costs import cost_of
    from .screens.progress import progress_bar

    costs = []
    with progress_bar("counting pairs", len(opened.parts)) as progress:
        for part in opened.parts:
            costs.append(cost_of(assigner, part.inputs(maps=False), digits=digits, float_bytes=float_bytes))
            progress(1)
    return costs


def _rows(opened: Opened, costs: list[Cost]) -> list[tuple[str, Any, str]]:
    """Name, value and unit of everything worth knowing."""
    from ..run.costs import SECONDS_TO_START

    grids = list(dict.fromkeys(str(part.grid) for part in opened.parts))
    total = {key: sum(getattr(cost, key) for cost in costs) for key in ("images", "boxes", "pairs", "saved", "log")}
    return [
        ("grid", grids[0] if len(grids) == 1 else f"{len(grids)} different inputs", ""),
        ("images", total["images"], ""),
        ("batches", len(costs), ""),
        ("anchors_per_image", max(cost.anchors for cost in costs), ""),
        ("boxes", total["boxes"], ""),
        ("candidate_pairs", total["pairs"], ""),
        ("seconds", round(SECONDS_TO_START + sum(cost.seconds for cost in costs), 2), "seconds"),
        ("memory_of_the_largest_batch", max(cost.peak for cost in costs), "bytes"),
        ("run.log", total["log"], "bytes"),
        ("saved_file", total["saved"], "bytes"),
    ]
