"""Every generation against an independent judge: plain loops in float64, see naive.py.

In float64 every decision is the judge's, and numbers agree to 1e-9. In float32 rounding can turn near ties; images
with one are left out, and counted. Where torch.topk is free to choose, any choice that it may make is accepted and
followed up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.assignment.naive import Choice, Conflicts, Judge, Outcome, Rules, valid
from tests.assignment.scene import Scene
from tests.assignment.strategies import examples, scenes
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.grid import Grid

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


@dataclass(frozen=True)
class Generation:
    """A generation in the judge's words, and what its scenes must have shown at least once."""

    name: str
    examples: int
    shows: tuple[str, ...] = ()
    unmasked: bool = False
    short: Callable[[Grid], float] | None = None
    topk2: tuple[int | None, ...] = (None,)

    def rules(self, grid: Grid, dtype: torch.dtype, topk2: int | None) -> Rules:
        return Rules(
            unmasked=self.unmasked,
            short=self.short(grid) if self.short else None,
            enlarged_to=_second_stride(grid),
            rounded=np.float32 if dtype == torch.float32 else np.float64,
            topk2=topk2,
        )


def _first_stride(grid: Grid) -> float:
    return grid.strides[0]


def _second_stride(grid: Grid) -> float:
    return grid.strides[1] if len(grid.strides) > 1 else grid.strides[0]


KEPT = (None, 1, 3, 10)
JUDGED = [
    # any box may win, padding too
    Generation("8.0.0", 60, ("won from outside with overlap",), unmasked=True),
    # the default
    Generation("8.0.52", 150),
    # boxes below the first stride are enlarged, and topk2
    Generation("8.4.0", 60, ("enlarged boxes", "not kept", "open keeps"), short=_first_stride, topk2=KEPT),
    # boxes below the second stride are
    Generation("8.4.128", 60, ("enlarged boxes", "not kept", "open keeps"), short=_second_stride, topk2=KEPT),
    # CIoU in another order: on paper the same
    Generation("8.4.144", 60, ("enlarged boxes", "not kept", "open keeps"), short=_second_stride, topk2=KEPT),
]


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda precision: str(precision.dtype))
@pytest.mark.parametrize("generation", JUDGED, ids=lambda generation: generation.name)
def test_every_decision_and_number_is_the_judges(generation: Generation, precision: Precision) -> None:
    seen: Counter[str] = Counter()

    @examples(generation.examples)
    @given(scenes(precision.dtype), st.sampled_from(generation.topk2))
    def check(scene: Scene, topk2: int | None) -> None:
        parameters = scene.assigner.parameters
        topk2 = None if topk2 is None or topk2 > scene.grid.anchors else topk2
        parameters = replace(parameters, topk2=topk2)
        scene = replace(scene, assigner=replace(GENERATIONS[generation.name], parameters=parameters))
        extra = ("mask_resolved", "keep_tie_order") if scene.assigner.has_topk2 else ()
        made = scene.tensors("pairs", *ON_PAIRS, *BY_GT, *BY_ANCHOR, *RESULTS, *extra)
        rules = generation.rules(scene.grid, precision.dtype, topk2)
        for image in range(len(scene.pd_scores)):
            seen["images"] += 1
            _check_image(_OfImage(scene, image, made, precision, rules), seen)

    check()
    assert seen["left out"] <= precision.left_out_at_most * seen["images"], seen
    for rare in ("open selections", "contested anchors", "won without containing", *generation.shows):
        assert seen[rare] > 0, f"no scene had {rare}"


class _OfImage:
    """What the package made of one image, and the judge of that image."""

    def __init__(
        self, scene: Scene, image: int, made: dict[str, np.ndarray], precision: Precision, rules: Rules
    ) -> None:
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
            rules=rules,
        )
        here = made["pairs"][:, 0] == image
        on_pairs = {*ON_PAIRS, "mask_resolved"}
        self.made = {
            name: array[here] if name in on_pairs else array[image] for name, array in made.items() if name != "pairs"
        }
        self.pairs: list[tuple[int, int]] = [(gt, anchor) for _, gt, anchor in made["pairs"][here].tolist()]

    def where(self, mask: str) -> set[tuple[int, int]]:
        """(gt, anchor) at which a mask over pairs is true."""
        return {pair for pair, true in zip(self.pairs, self.made[mask].tolist(), strict=True) if true}


def _check_image(image: _OfImage, seen: Counter[str]) -> None:
    seen["enlarged boxes"] += sum(_is_enlarged(image.judge.rules, box) for box in image.gts)
    _check_candidates(image)
    choices = [image.judge.choice(gt) if valid(box) else None for gt, box in enumerate(image.gts)]
    if image.judge.unsure:
        seen["left out"] += 1
        return
    selected = _check_selections(image, choices, seen)
    conflicts = image.judge.conflicts(selected)
    keeps = [image.judge.keeps(conflicts, gt) for gt in range(len(image.gts))]
    if image.judge.unsure:
        seen["left out"] += 1
        return
    seen["contested anchors"] += sum(count > 1 for count in conflicts.claims)
    assert image.made["claims"].tolist() == conflicts.claims
    kept = _check_kept(image, conflicts, keeps, seen)
    _check_outcome(image, image.judge.outcome(conflicts, kept), seen)


def _is_enlarged(rules: Rules, box: list[float]) -> bool:
    x1, y1, x2, y2 = box
    return rules.short is not None and valid(box) and min(x2 - x1, y2 - y1) < rules.short


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


def _check_kept(image: _OfImage, conflicts: Conflicts, keeps: list[Choice], seen: Counter[str]) -> list[set[int]]:
    """Every gt kept what torch.topk may keep of what it owns; returns what."""
    kept: list[set[int]] = [set() for _ in keeps]
    for anchor in np.flatnonzero(image.made["fg_mask"]).tolist():
        kept[image.made["target_gt_idx"][anchor]].add(anchor)
    for gt, choice in enumerate(keeps):
        assert choice.accepts(kept[gt]), (gt, choice, kept[gt])
        if "keep_tie_order" in image.made:
            assert image.made["keep_tie_order"][gt] == choice.is_open, (gt, choice)
        seen["open keeps"] += choice.is_open
        seen["not kept"] += len(conflicts.of(gt) - kept[gt])
    if "mask_resolved" in image.made:
        owned = {(gt, anchor) for gt in range(len(keeps)) for anchor in conflicts.of(gt)}
        assert image.where("mask_resolved") == owned & set(image.pairs)
    return kept


def _check_outcome(image: _OfImage, outcome: Outcome, seen: Counter[str]) -> None:
    made, owner = image.made, outcome.owner
    assert made["fg_mask"].tolist() == outcome.positive
    assert made["target_gt_idx"].tolist() == owner
    positive = {(gt, anchor) for anchor, gt in enumerate(owner) if outcome.positive[anchor]}
    assert image.where("mask_pos") == positive & set(image.pairs)
    outside = positive - set(image.pairs)
    seen["won without containing"] += len(outside)
    seen["won from outside with overlap"] += sum(outcome.target_score[anchor] > 0 for _, anchor in outside)

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
