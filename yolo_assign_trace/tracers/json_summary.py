"""The run as one JSON document: declarations, statistics, facts and boxes, without the values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer
from ..run.statistics import as_json


class JsonSummary(Tracer):
    """Builds ``document``; ``stages`` names the stages to include, all if empty."""

    def __init__(self, stages: Collection[str] = ()) -> None:
        self.stages = stages
        self.document: dict[str, Any] = {}
        self.outputs: list[dict[str, Any]] = []

    def run_start(self, run: Run) -> None:
        self.document = {
            "format": 1,
            **{key: text for key, text in run.header().items() if key != "names"},
            "class_names": run.class_names,
            "settings": dict(run.settings),
            "sizes": {axis: run.sizes[axis] for axis in ("image", "gt", "anchor", "class", "level")},
            "stages": [],
        }

    def output(self, record: Record) -> None:
        if self.stages and record.stage not in self.stages:
            return
        self.outputs.append(
            {
                "name": record.name,
                "axes": record.output.axes,
                "shape": record.array.shape,
                "unit": record.output.unit,
                "dtype": record.array.dtype.name,
                "meaning": record.output.meaning,
                "statistics": as_json(record.statistics),
            }
        )

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        outputs, self.outputs = self.outputs, []
        if self.stages and stage.name not in self.stages:
            return
        self.document["stages"].append(
            {
                "name": stage.name,
                "title": stage.title,
                "formula": stage.formula,
                "outputs": outputs,
                "facts": [asdict(fact) for fact in facts],
            }
        )

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        self.document["boxes"] = [asdict(box) for box in boxes]
