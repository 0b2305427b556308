"""The package against an independent judge: plain loops in float64, see naive.py.

In float64 every decision is the judge's, and numbers agree to 1e-9. In float32 rounding can turn near ties; images
with one are left out, and counted. Where torch.topk is free to choose, any choice that it may make is accepted and
followed up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from naive import Choice, Judge, Outcome, valid
from scene import Scene
from strategies import examples, scenes

ON_PAIRS = ("class_scores", "overlaps", "align_metric", "mask_topk", "mask_pos")
BY_GT = ("cutoff", "tie_order", "pos_align_metrics", "pos_overlaps")
BY_ANCHOR = ("claims", "fg_mask", "target_gt_idx", "norm_align_metric")
RESULTS = ("target_labels", "target_bboxes", "target_scores")


@dataclass(frozen=True)
class Precision:
    """A dtype, how far its overlaps may be off, how near numbers must be, and how many images may be left out."""

    dtype: torch.dtype
    rounding: float
    relative: float
    absolute: float
    left_out_at_most: float

    def assert_close(self, made: object, expected: object) -> None:
        np.testing.assert_allclose(made, expected, rtol=self.relative, atol=self.absolute)


PRECISIONS = [
    # only values that are equal on paper are as near as the roundings of float64
    Precision(torch.float64, rounding=1e-12, relative=1e-9, absolute=1e-12, left_out_at_most=0.01),
    # 24 bits for px, and a metric that raises the error of the overlap to the sixth power
    Precision(torch.float32, rounding=2e-6, relative=1e-4, absolute=1e-5, left_out_at_most=0.01),
]


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda precision: str(precision.dtype))
def test_every_decision_and_number_is_the_judges(precision: Precision) -> None:
    seen: Counter[str] = Counter()

    @examples(150)
    @given(scenes(precision.dtype))
    def check(scene: Scene) -> None:
        made = scene.tensors("pairs", *ON_PAIRS, *BY_GT, *BY_ANCHOR, *RESULTS)
        for image in range(len(scene.pd_scores)):
            seen["images"] += 1
            _check_image(_OfImage(scene, image, made, precision), seen)

    check()
    assert seen["left out"] <= precision.left_out_at_most * seen["images"], seen
    for rare in ("open selections", "contested anchors", "won without containing"):
        assert seen[rare] > 0, f"no scene had {rare}"


class _OfImage:
    """What the package made of one image, and the judge of that image."""

    def __init__(self, scene: Scene, image: int, made: dict[str, np.ndarray], precision: Precision) -> None:
        self.close = precision.assert_close
        self.gts: list[list[float]] = scene.gt_bboxes[image].tolist()
        self.labels: list[int] = scene.gt_labels[image, :, 0].tolist()
        self.judge = Judge(
            scene.pd_scores[image].tolist(),
            scene.pd_bboxes[image].tolist(),
            scene.anc_points.tolist(),
            self.labels,
            self.gts,
            topk=scene.assigner.parameters.topk,
            alpha=scene.assigner.parameters.alpha,
            beta=scene.assigner.parameters.beta,
            rounding=precision.rounding,
        )
        here = made["pairs"][:, 0] == image
        self.made = {name: made[name][here] for name in ON_PAIRS} | {
            name: made[name][image] for name in (*BY_GT, *BY_ANCHOR, *RESULTS)
        }
        self.pairs: list[tuple[int, int]] = [(gt, anchor) for _, gt, anchor in made["pairs"][here].tolist()]

    def where(self, mask: str) -> set[tuple[int, int]]:
        """(gt, anchor) at which a mask over pairs is true."""
        return {pair for pair, true in zip(self.pairs, self.made[mask].tolist(), strict=True) if true}


def _check_image(image: _OfImage, seen: Counter[str]) -> None:
    _check_candidates(image)
    choices = [image.judge.choice(gt) if valid(box) else None for gt, box in enumerate(image.gts)]
    if image.judge.unsure:
        seen["left out"] += 1
        return
    selected = _check_selections(image, choices, seen)
    outcome = image.judge.outcome(selected)
    if image.judge.unsure:
        seen["left out"] += 1
        return
    seen["contested anchors"] += sum(count > 1 for count in outcome.claims)
    _check_outcome(image, outcome, seen)


def _check_candidates(image: _OfImage) -> None:
    """The same pairs in order of gt and anchor, with the same numbers."""
    found = {
        (gt, anchor): candidate
        for gt, row in enumerate(image.judge.table)
        for anchor, candidate in enumerate(row)
        if candidate
    }
    assert image.pairs == list(found)
    image.close(image.made["class_scores"], [candidate.score for candidate in found.values()])
    image.close(image.made["overlaps"], [candidate.overlap for candidate in found.values()])
    image.close(image.made["align_metric"], [candidate.metric for candidate in found.values()])


def _check_selections(image: _OfImage, choices: list[Choice | None], seen: Counter[str]) -> list[set[int]]:
    """Every gt made a choice that torch.topk may make; returns the choices."""
    selected: list[set[int]] = [set() for _ in choices]
    for gt, anchor in image.where("mask_topk"):
        selected[gt].add(anchor)
    for gt, choice in enumerate(choices):
        if choice is None:
            assert not selected[gt], f"gt {gt} is padding and selected something"
            continue
        assert choice.accepts(selected[gt]), (gt, choice, selected[gt])
        assert image.made["tie_order"][gt] == choice.is_open, (gt, choice)
        image.close(image.made["cutoff"][gt], choice.cutoff)
        seen["open selections"] += choice.is_open
    return selected


def _check_outcome(image: _OfImage, outcome: Outcome, seen: Counter[str]) -> None:
    made, owner = image.made, outcome.owner
    assert made["claims"].tolist() == outcome.claims
    assert made["fg_mask"].tolist() == outcome.positive
    assert made["target_gt_idx"].tolist() == owner
    positive = {(gt, anchor) for anchor, gt in enumerate(owner) if outcome.positive[anchor]}
    assert image.where("mask_pos") == positive & set(image.pairs)
    seen["won without containing"] += len(positive - set(image.pairs))

    image.close(made["pos_align_metrics"], outcome.best_metric)
    image.close(made["pos_overlaps"], outcome.best_overlap)
    image.close(made["norm_align_metric"], outcome.target_score)
    classes = made["target_scores"].shape[1]
    if not image.gts:  # no box in the whole batch
        assert set(made["target_labels"].tolist()) == {classes}
        assert not made["target_bboxes"].any()
        assert not made["target_scores"].any()
        return
    assert made["target_labels"].tolist() == [image.labels[gt] for gt in owner]
    assert made["target_bboxes"].tolist() == [image.gts[gt] for gt in owner]
    target_scores = np.zeros_like(made["target_scores"])
    for anchor, gt in enumerate(owner):
        target_scores[anchor, image.labels[gt]] = outcome.target_score[anchor]
    image.close(made["target_scores"], target_scores)
