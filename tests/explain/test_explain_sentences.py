"""Every sentence about a random trace is true: each has a judge, plain loops over the dense tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.naive import ciou
from tests.assignment.strategies import examples, scenes
from tests.explain.explained import Dense, ask, stored_scene
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.explain.answer import explain_trace
from yolo_assign_trace.explain.sentences import Sentence

ANY_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)
TOPK2 = st.sampled_from([None, 1, 2])


Judge = Callable[["Place", dict[str, Any]], bool]


class Place:
    """One (image, gt, anchor) of a dense trace, and what a sentence about it may refer to."""

    def __init__(self, dense: Dense, i: int, j: int, k: int) -> None:
        self.dense, self.i, self.j, self.k = dense, i, j, k
        self.point, self.box = dense.points[k], dense.seen[i, j] if j >= 0 else None
        self.inside = j >= 0 and bool(dense.inside[i, j, k])
        self.selected = j >= 0 and bool(dense.selected[i, j, k])
        self.claims = int(dense.claims[i, k])
        self.then, self.owner = int(dense.then[i, k]), int(dense.owner[i, k])
        settings = dense.trace.settings
        self.topk, self.topk2 = settings.topk, settings.topk2
        self.alpha, self.beta = settings.alpha, settings.beta

    def counting(self) -> np.ndarray:
        """(gt,) overlaps that count in a conflict, recomputed: in 8.0.0 of all boxes, later of those around it."""
        predicted = self.dense.trace.array("pd_bboxes")[self.i, self.k].astype(np.float64).tolist()
        found = [max(ciou(box.tolist(), predicted), 0.0) for box in self.dense.boxes[self.i]]
        unmasked = self.dense.trace.header["assigner"].startswith("8.0.0")
        return np.array([u if unmasked or self.dense.inside[self.i, j, self.k] else 0.0 for j, u in enumerate(found)])

    def metrics(self) -> np.ndarray:
        return self.dense.metric[self.i, self.j][self.dense.inside[self.i, self.j]]

    def rank(self) -> int:
        return 1 + int((self.metrics() > self.dense.metric[self.i, self.j, self.k]).sum())

    def cutoff(self) -> float:
        return sorted([*self.metrics().tolist(), *[0.0] * self.topk], reverse=True)[self.topk - 1]

    def tie(self, v: dict[str, Any]) -> bool:
        """Is there an equal metric that was selected and an equal one, or an outsider, that was not?"""
        d = self.dense
        mine = d.metric[self.i, self.j, self.k]
        equal = d.metric[self.i, self.j] == mine
        chosen = d.selected[self.i, self.j]
        others = int((d.metric[self.i, self.j] > mine).sum())
        return others < self.topk < others + int(equal.sum()) and self.selected == bool(chosen[self.k])


def near(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=2e-5, abs_tol=1e-6)


def beyond(side: int) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        low, axis = side < 2, side % 2
        distance = p.box[side] - p.point[axis] if low else p.point[axis] - p.box[side]
        return not p.inside and near(v["edge"], p.box[side]) and near(v["distance"], distance) and distance > 0

    return judge


def on(side: int) -> Judge:
    return lambda p, v: not p.inside and p.box[side] == p.point[side % 2] == v["edge"]


def formula(p: Place, v: dict[str, Any]) -> bool:
    d, at = p.dense, (p.i, p.j, p.k)
    score = d.trace.array("pd_scores")[p.i, p.k, d.labels[p.i, p.j]]
    predicted = d.trace.array("pd_bboxes")[p.i, p.k].astype(np.float64).tolist()
    overlap = max(ciou(d.boxes[p.i, p.j].tolist(), predicted), 0.0)
    product = v["score"] ** p.alpha * v["overlap"] ** p.beta
    return (
        v["score"] == score
        and abs(v["overlap"] - overlap) < 1e-5
        and v["metric"] == d.metric[at] > 0
        and math.isclose(v["metric"], product, rel_tol=1e-5)
        and (v["alpha"], v["beta"]) == (p.alpha, p.beta)
    )


def zero(score: bool, overlap: bool) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        at = (p.i, p.j, p.k)
        return p.dense.metric[at] == 0 and ((p.dense.score[at] == 0), (p.dense.overlap[at] == 0)) == (score, overlap)

    return judge


def ranked(selected: bool) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        fine = v["rank"] == p.rank() and v["candidates"] == len(p.metrics()) and p.selected == selected
        if "cutoff" in v:
            metric = p.dense.metric[p.i, p.j, p.k]
            fine &= v["cutoff"] == p.cutoff() > metric == v["metric"] and near(v["short"], p.cutoff() - metric)
        return fine and v.get("topk", p.topk) == p.topk

    return judge


def filled(selected: bool) -> Judge:
    """The box has fewer than k metrics above 0, and the pair's own metric is 0."""
    return lambda p, v: (
        p.selected == selected and p.dense.metric[p.i, p.j, p.k] == 0 and (p.metrics() > 0).sum() < p.topk == v["topk"]
    )


def won(*, inside: bool = True, selected: bool = True, equal: bool = False) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        counts = p.counting()
        fine = v["owner"] == p.then == p.j and v["claims"] == p.claims > 1
        fine &= near(v["overlap"], counts[p.then]) and counts[p.then] >= counts.max() - 1e-5
        fine &= (p.inside, p.selected) == (inside, selected)
        if "other" in v:
            fine &= v["other"] != p.then and p.dense.inside[p.i, v["other"], p.k]
            fine &= near(v.get("other_overlap", v["overlap"]), counts[v["other"]])
            fine &= p.then < v["other"] if equal else v["overlap"] > v["other_overlap"]
        return bool(fine)

    return judge


def lost(*, owner_inside: bool = True, equal: bool = False) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        counts = p.counting()
        fine = v["owner"] == p.then != p.j == v["gt"] and v["claims"] == p.claims > 1 and p.inside
        fine &= bool(p.dense.inside[p.i, p.then, p.k]) == owner_inside
        fine &= near(v["owner_overlap"], counts[p.then]) and counts[p.then] >= counts.max() - 1e-5
        if equal:
            return bool(fine and p.then < p.j and near(counts[p.then], counts[p.j]))
        return bool(fine and near(v["overlap"], counts[p.j]) and v["owner_overlap"] > v["overlap"])

    return judge


def kept(is_kept: bool) -> Judge:
    def judge(p: Place, v: dict[str, Any]) -> bool:
        mine = p.dense.then[p.i] == p.then
        metrics = np.where(mine, p.dense.metric[p.i, p.then], 0.0)
        better = int((metrics > v["metric"]).sum())
        fine = v["topk2"] == p.topk2 and v["owner"] == p.then and v["metric"] == metrics[p.k]
        return fine and (p.owner == p.then) == is_kept and (better < p.topk2 if is_kept else True)

    return judge


def dropped_by_tie(p: Place, v: dict[str, Any]) -> bool:
    mine = p.dense.then[p.i] == p.then
    metrics = np.where(mine, p.dense.metric[p.i, p.then], 0.0)
    better, equal = int((metrics > v["metric"]).sum()), int((metrics == v["metric"]).sum())
    return kept(False)(p, v) and better < p.topk2 < better + equal


def dropped(p: Place, v: dict[str, Any]) -> bool:
    mine = p.dense.then[p.i] == p.then
    return kept(False)(p, v) and int((p.dense.metric[p.i, p.then][mine] > v["metric"]).sum()) >= p.topk2


def target(p: Place, v: dict[str, Any]) -> bool:
    d, own = p.dense, p.dense.owner[p.i] == p.owner
    counted = p.dense.trace.array("target_overlaps")[p.i].astype(np.float64)
    metrics = p.dense.trace.array("target_metric")[p.i].astype(np.float64)
    fine = v["owner"] == p.owner >= 0 and v["best_overlap"] == counted[own].max() and v["metric"] == metrics[p.k]
    fine &= v["best_metric"] == metrics[own].max()
    computed = v["metric"] * v["best_overlap"] / (v["best_metric"] + 1e-9)
    return bool(fine and near(v["target"], computed) and v["target"] == d.trace.array("target_scores")[p.i, p.k].max())


SIDES = ("left", "top", "right", "bottom")
JUDGES: dict[str, Judge] = {
    "ground_truth.padding": lambda p, v: not p.dense.valid[p.i, p.j] and v["sum"] <= 0,
    "screen.enlarged": lambda p, v: near(v["width"], p.box[2] - p.box[0]) and near(v["height"], p.box[3] - p.box[1]),
    "screen.inside": lambda p, v: (
        p.inside
        and near(v["left"], p.point[0] - p.box[0])
        and near(v["top"], p.point[1] - p.box[1])
        and near(v["right"], p.box[2] - p.point[0])
        and near(v["bottom"], p.box[3] - p.point[1])
    ),
    **{f"screen.{name}": beyond(side) for side, name in enumerate(SIDES)},
    **{f"screen.on-{name}": on(side) for side, name in enumerate(SIDES)},
    "align.metric": formula,
    "align.zero-score": zero(True, False),
    "align.zero-overlap": zero(False, True),
    "align.zero-both": zero(True, True),
    "align.zero-product": zero(False, False),
    "topk.selected": ranked(True),
    "topk.not-selected": ranked(False),
    "topk.selected-by-tie": lambda p, v: ranked(True)(p, v) and p.tie(v),
    "topk.not-selected-by-tie": lambda p, v: ranked(False)(p, v) and p.tie(v) and v["metric"] == p.cutoff(),
    "topk.selected-zero": filled(True),
    "topk.not-selected-zero": filled(False),
    "resolve.unclaimed": lambda p, v: p.claims == 0 and p.then < 0,
    "resolve.alone": lambda p, v: p.claims == 1 and p.dense.selected[p.i, p.then, p.k] and v["owner"] == p.then,
    "resolve.won": won(),
    "resolve.won-first": won(equal=True),
    "resolve.won-unselected": won(selected=False),
    "resolve.won-unselected-first": won(selected=False, equal=True),
    "resolve.won-outside": won(inside=False, selected=False),
    "resolve.lost": lost(),
    "resolve.lost-first": lost(equal=True),
    "resolve.lost-outside": lost(owner_inside=False),
    "resolve.zero": lambda p, v: p.claims == v["claims"] > 1 and p.then == 0 and p.counting().max() < 1e-5,
    "resolve.given": lambda p, v: p.then == v["owner"] != p.j and p.claims == v["claims"] > 1 and not p.inside,
    "keep.kept": kept(True),
    "keep.dropped": dropped,
    "keep.dropped-by-tie": dropped_by_tie,
    "targets.positive": lambda p, v: (
        v["owner"] == p.owner >= 0
        and v["label"] == p.dense.labels[p.i, p.owner]
        and [v[name] for name in ("x1", "y1", "x2", "y2")] == p.dense.boxes[p.i, p.owner].tolist()
    ),
    "targets.background": lambda p, v: p.owner < 0,
    "normalize.score": target,
    "normalize.background": lambda p, v: p.owner < 0 and not p.dense.trace.array("target_scores")[p.i, p.k].any(),
}


def assert_true(dense: Dense, i: int, j: int, k: int, sentences: tuple[Sentence, ...]) -> None:
    for sentence in sentences:
        judged = JUDGES[sentence.id](Place(dense, i, j, k), dict(sentence.values))
        assert judged, (i, j, k, sentence)


@ANY_GENERATION
@given(scene=scenes(min_boxes=1, max_images=2), topk2=TOPK2, seed=st.integers(0, 99))
@examples(10)
def test_every_sentence_about_a_pair_or_an_anchor_is_true(generation, scene, topk2, seed):
    trace = stored_scene(scene, generation, topk2)
    dense, random = Dense(trace), np.random.RandomState(seed)
    pairs = trace.array("pairs")
    picked = pairs[random.permutation(len(pairs))[:12]].tolist()
    boxes = [(line.image, line.gt) for line in explain_trace(trace).asked]
    picked += [(*boxes[random.randint(len(boxes))], random.randint(dense.a)) for _ in range(12 if boxes else 0)]
    for i, j, k in picked:
        (pair,) = ask(trace, i, j, k).pairs
        assert_true(dense, i, j, k, pair.sentences)
        stages = [sentence.stage for sentence in pair.sentences]
        assert ({"align", "topk"} <= set(stages)) == dense.inside[i, j, k]
        assert stages[-2:] == ["targets", "normalize"]
        (anchor,) = ask(trace, i, None, k).anchors
        assert_true(dense, i, int(dense.then[i, k]), k, anchor.sentences)
        assert [claim.gt for claim in anchor.claims] == np.flatnonzero(dense.inside[i, :, k]).tolist()
        assert (anchor.owner, anchor.selected_by) == (dense.owner[i, k], dense.claims[i, k])
