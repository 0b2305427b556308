"""``yolo-assign stages``."""

from __future__ import annotations

import textwrap
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
    from rich.text import Text

    console = result_console()
    width = console.width if console.is_terminal else 100
    text = Text()
    for number, stage in enumerate(YOLOV8.stages, 1):
        text.append(f"{number:>2} {stage.name}", "bold cyan")
        text.append(f"  {stage.title(SETTINGS)}\n", "bold")
        for line in textwrap.wrap(stage.result.says, width - 4):
            text.append(f"   {line}\n")
        for line in stage.formula(SETTINGS):
            text.append(f"   {line}\n", "green")
        for line in textwrap.wrap("takes: " + ", ".join(stage.inputs), width - 4, subsequent_indent="       "):
            text.append(f"   {line}\n", "dim")
        name_width = max(len(output.name) for output in stage.outputs)
        for output in stage.outputs:
            text.append(f"   {output.name:<{name_width}}", "bold")
            text.append(f"  [{', '.join(output.axes)}] {output.unit}\n")
            for line in textwrap.wrap(output.meaning, width - name_width - 6):
                text.append(f"   {'':<{name_width}}  {line}\n", "dim")
        text.append("\n")
    text.append("Axes\n", "bold cyan")
    for axis, meaning in AXES.items():
        text.append(f"   {axis:<8}", "bold")
        text.append(f" {meaning}\n")
    console.print(text, soft_wrap=True, end="")


def _as_json(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "title": stage.title(SETTINGS),
        "says": stage.result.says,
        "formula": stage.formula(SETTINGS),
        "inputs": stage.inputs,
        "outputs": [{"name": o.name, "axes": o.axes, "unit": o.unit, "meaning": o.meaning} for o in stage.outputs],
    }
