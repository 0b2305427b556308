"""Funnels and candidates of a random trace are what plain loops over the dense tensors count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.strategies import examples, scenes
from tests.explain.explained import Dense, ask, stored_scene
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.explain.answer import explain_trace
from yolo_assign_trace.explain.funnel import STEPS

ANY_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)
TOPK2 = st.sampled_from([None, 1, 2])


@ANY_GENERATION
@given(scene=scenes(min_boxes=1), topk2=TOPK2)
@examples(10)
def test_the_funnel_counts_what_loops_count(generation, scene, topk2):
    trace = stored_scene(scene, generation, topk2)
    dense, levels = Dense(trace), trace.grid.levels
    for line in explain_trace(trace).asked:
        i, j = line.image, line.gt
        expected: dict[str, list[int]] = {step: [0] * len(levels) for step in STEPS}
        for k in range(dense.a):
            level = levels.index(trace.grid.level_of(k))
            expected["inside"][level] += dense.inside[i, j, k]
            expected["above-zero"][level] += dense.metric[i, j, k] > 0
            expected["selected"][level] += dense.selected[i, j, k]
            expected["after-conflicts"][level] += dense.then[i, k] == j
            expected["positive"][level] += dense.owner[i, k] == j
        story = ask(trace, i, j).box
        assert {step.id: list(step.per_level) for step in story.funnel.steps} == expected
        mine, chosen = dense.then[i] == j, dense.selected[i, j]
        funnel = story.funnel
        assert (funnel.lost, funnel.won) == ((chosen & ~mine).sum(), (mine & ~chosen & dense.inside[i, j]).sum())
        assert funnel.outside == (mine & ~dense.inside[i, j]).sum()
        assert funnel.dropped == (mine & (dense.owner[i] != j)).sum()
        assert sum(loss.anchors for loss in story.losses) == funnel.lost


@ANY_GENERATION
@given(scene=scenes(min_boxes=1, max_images=2), topk2=TOPK2)
@examples(10)
def test_the_story_of_a_box_lists_its_candidates_and_adds_up_its_targets(generation, scene, topk2):
    trace = stored_scene(scene, generation, topk2)
    dense, targets = Dense(trace), trace.array("target_scores").astype(np.float64)
    for line in explain_trace(trace).asked:
        i, j = line.image, line.gt
        story = ask(trace, i, j).box
        assert sorted(c.anchor for c in story.candidates) == np.flatnonzero(dense.inside[i, j]).tolist()
        metrics = [contender.pair.metric for contender in story.candidates]
        assert metrics == sorted(metrics, reverse=True)
        for contender in story.candidates:
            k, c = contender.anchor, contender.pair
            assert (c.score, c.overlap, c.metric) == (
                dense.score[i, j, k],
                dense.overlap[i, j, k],
                dense.metric[i, j, k],
            )
            assert c.rank == 1 + (dense.metric[i, j] > c.metric).sum()
            assert (c.outcome in ("positive", "won")) == (dense.owner[i, k] == j)
            assert (c.outcome in ("positive", "lost")) <= c.selected
            assert (c.outcome == "won") <= (not c.selected)
            assert (c.outcome == "lost") == (c.selected and dense.then[i, k] != j)
            assert (c.outcome == "dropped") == (dense.then[i, k] == j and dense.owner[i, k] != j)
        own = sum(targets[i, k].sum() for k in range(dense.a) if dense.owner[i, k] == j)
        assert story.share.own == pytest.approx(own)
        assert story.share.image == pytest.approx(targets[i].sum())
        assert {outsider.anchor for outsider in story.outsiders} == set(
            np.flatnonzero((dense.owner[i] == j) & ~dense.inside[i, j]).tolist()
        )
        if story.cut.margin is not None:
            here, chosen = dense.inside[i, j], dense.selected[i, j]
            last_in, first_out = dense.metric[i, j][here & chosen].min(), dense.metric[i, j][here & ~chosen].max()
            assert (story.cut.last_in, story.cut.first_out) == (last_in, first_out)
            assert story.cut.margin == last_in - first_out >= 0
