"""``yolo-assign plan``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .input_options import AssignerOptions, InputOptions
from .options import OUTPUT, option
from .screens.terminal import print_json, print_line, say
from .shared import expanded

if TYPE_CHECKING:
    from ..assignment.assigner import Assigner
    from ..inputs.load import Opened
    from ..run.costs import Cost


@expanded
def plan(
    given: InputOptions,
    chosen: AssignerOptions,
    digits: Annotated[
        int, option(panel=OUTPUT, env="DIGITS", metavar="N", min=1, max=17, help="Significant digits in the log.")
    ] = 5,
    json: Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print as JSON.")] = False,
) -> None:
    """Say what a trace would cost before running it: anchors, candidate pairs, bytes of memory, log and saved file.

    Takes the options of trace. Labels are read and pairs are counted; bytes are estimates, within a factor of two.
    """
    from ..inputs.load import open_inputs

    request = given.request()
    chosen.chosen()
    opened = open_inputs(request)
    assigner = chosen.chosen(opened.parameters)
    opened.require_anchors(assigner.parameters.topk)
    for remark in opened.remarks:
        say(f"note: {remark}", "yellow")
    costs = _costs(opened, assigner, digits, 8 if chosen.dtype == "float64" else 4)
    rows = _rows(opened, costs)
    if json:
        print_json({"total": {key: value for key, value, _ in rows}, "batches": [asdict(cost) for cost in costs]})
        return
    gutter = max(len(key) for key, _, _ in rows)
    for key, value, unit in rows:
        print_line(f"{key.replace('_', ' '):<{gutter}}  {_text(value, unit)}")


def _costs(opened: Opened, assigner: Assigner, digits: int, float_bytes: int) -> list[Cost]:
    from ..run.costs import cost_of

    return [cost_of(assigner, part.inputs(maps=False), digits=digits, float_bytes=float_bytes) for part in opened.parts]


def _rows(opened: Opened, costs: list[Cost]) -> list[tuple[str, Any, str]]:
    """Name, value and unit of everything worth knowing."""
    grids = list(dict.fromkeys(str(part.grid) for part in opened.parts))
    total = {key: sum(getattr(cost, key) for cost in costs) for key in ("images", "boxes", "pairs", "saved", "log")}
    return [
        ("grid", grids[0] if len(grids) == 1 else f"{len(grids)} different inputs", ""),
        ("images", total["images"], ""),
        ("batches", len(costs), ""),
        ("anchors_per_image", max(cost.anchors for cost in costs), ""),
        ("boxes", total["boxes"], ""),
        ("candidate_pairs", total["pairs"], ""),
        ("memory_of_the_largest_batch", max(cost.peak for cost in costs), "bytes"),
        ("run.log", total["log"], "bytes"),
        ("saved_file", total["saved"], "bytes"),
    ]


def _text(value: Any, unit: str) -> str:
    from rich.filesize import decimal

    if unit == "bytes":
        return f"about {decimal(value)}"
    return f"{value:,}" if isinstance(value, int) else str(value)
