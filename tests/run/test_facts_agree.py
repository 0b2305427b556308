"""Facts and the closing lines of the boxes are two views of one run: they may not contradict each other."""

from __future__ import annotations

import re

import numpy as np
import pytest

from yolo_assign_trace import Grid, Inputs, trace
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.inputs.heads.synthetic import synthetic_maps
from yolo_assign_trace.tracers.memory import Memory

GRID = Grid.of((128, 128), [(16, 16), (8, 8), (4, 4)])
FACTS = ("lost-conflicts", "no-anchor-inside", "ignored-as-padding")


def named(memory: Memory, id: str) -> set[str]:
    """The boxes that a fact names; it names at most eight, so there are no more in a run."""
    texts = [fact.text for facts in memory.facts.values() for fact in facts if fact.id == id]
    assert all("more)" not in text for text in texts)
    return {box for text in texts for box in re.findall(r"image \d+ gt \d+", text)}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("seed", range(8))
def test_the_boxes_of_a_fact_are_those_with_that_cause(generation: str, seed: int) -> None:
    # crowds of small boxes in a corner, so that some lose everything, some are padding and some hold no anchor
    random = np.random.RandomState(seed)
    rows = np.column_stack(
        [
            np.repeat([0, 1], 8),
            random.randint(0, 2, 16),
            random.uniform(0.0, 0.2, (16, 2)) * (random.uniform(size=(16, 1)) > 0.1),
            random.uniform(0.005, 0.15, (16, 2)),
        ]
    )
    topk2 = random.choice([1, 2]) if GENERATIONS[generation].has_topk2 else None
    assigner = GENERATIONS[generation].with_parameters(topk=3, topk2=topk2)
    memory = Memory()
    trace(Inputs(GRID, synthetic_maps(GRID, 2, 66, seed), rows, batch=2, nc=2), assigner, [memory])
    for fact in FACTS:
        assert named(memory, fact) == {line.name for line in memory.boxes if line.cause == fact}
    without = {line.name for line in memory.boxes if not line.positives}
    assert without <= {line.name for line in memory.boxes if line.cause}
