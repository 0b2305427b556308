"""``yolo-assign stages``."""

from __future__ import annotations

from typing import Annotated, Any

from ..assignment.assigner import Stage
from ..assignment.generations import YOLOV8
from ..assignment.loss.choice import with_loss
from .options.declared import option
from .screens.terminal import print_json

WITH_LOSS = with_loss(YOLOV8)
SETTINGS = WITH_LOSS.settings | {"reg_max": 16}


def stages(
    json: Annotated[bool, option("json", panel="")] = False,
) -> None:
    """List the stages: what each does, its formula, inputs and outputs with axes and units. The last is optional."""
    if json:
        document = [_as_json(stage) for stage in WITH_LOSS.stages]
        print_json(document)
        return
    from .screens.stages_text import print_stages

    print_stages(WITH_LOSS.stages, SETTINGS)


def _as_json(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "title": stage.title(SETTINGS),
        "says": stage.result.says,
        "formula": stage.formula(SETTINGS),
        "inputs": stage.inputs,
        "outputs": [{"name": o.name, "axes": o.axes, "unit": o.unit, "meaning": o.meaning} for o in stage.outputs],
    }
