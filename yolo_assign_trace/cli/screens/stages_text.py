"""What ``yolo-assign stages`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...assignment.assigner import Stage
from ...assignment.loss.choice import NAME as LOSS
from ...assignment.outputs import AXES
from ...tracers.text_page import Column, Page
from .terminal import result_console


def print_stages(stages: Sequence[Stage], settings: Mapping[str, Any]) -> None:
    """Every stage with its formula, inputs and outputs; ``settings`` are the numbers in titles and formulas."""
    page = Page(result_console())
    for number, stage in enumerate(stages, 1):
        optional = " (with --loss)" if stage.name == LOSS else ""
        page.line(
            (f"{number:>2} {stage.name}", "bold cyan"), (f"  {stage.title(settings)}{optional}", "bold"), indent=0
        )
        page.line(stage.result.says, indent=3, hang=0)
        for formula in stage.formula(settings):
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
