"""``yolo-assign stages``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..assignment.assigner import Stage
from ..assignment.generations import YOLOV8
from ..assignment.outputs import AXES
from .screens.terminal import print_json, result_console

SETTINGS = YOLOV8.settings | {"reg_max": 16}


def stages(
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the stages: what each does, its formula, inputs and outputs with axes and units."""
    if json:
        document = [_as_json(stage) for stage in YOLOV8.stages]
        print_json(document)
        return
    from ..tracers.text_page import Column, Page

    page = Page(result_console())
    for number, stage in enumerate(YOLOV8.stages, 1):
        page.line((f"{number:>2} {stage.name}", "bold cyan"), (f"  {stage.title(SETTINGS)}", "bold"), indent=0)
        page.line(stage.result.says, indent=3, hang=0)
        for formula in stage.formula(SETTINGS):
            page.formula(formula)
        page.line((f"takes: {', '.join(stage.inputs)}", "dim"), indent=3, hang=7)
        names = [output.name for output in stage.outputs]
        left = Column("", names, right=False, styles=["bold"] * len(names))
        units = Column("", [f"[{', '.join(output.axes)}] {output.unit}" for output in stage.outputs], right=False)
        for row, output in zip(page.rows([left, units]), stage.outputs, strict=True):
            page.add(row, indent=3)
            page.line((output.meaning, "dim"), indent=left.width + 5, hang=0)
        page.gap()
    page.line(("Axes", "bold cyan"), indent=0)
    for axis, meaning in AXES.items():
        page.line((f"{axis:<8}", "bold"), f" {meaning}", indent=3, hang=9)
    page.print()


def _as_json(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "title": stage.title(SETTINGS),
        "says": stage.result.says,
        "formula": stage.formula(SETTINGS),
        "inputs": stage.inputs,
        "outputs": [{"name": o.name, "axes": o.axes, "unit": o.unit, "meaning": o.meaning} for o in stage.outputs],
    }
