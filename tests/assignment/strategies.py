"""Random grids and scenes for hypothesis. What matters is drawn and shrinks; bulk numbers come from a drawn seed.

``EXPLORE=20 pytest tests`` tries new examples, twenty times as many.
"""

from __future__ import annotations

import os

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

from tests.assignment.naive import valid
from tests.assignment.scene import Scene, centres, yolov8
from yolo_assign_trace.assignment.grid import Grid

EXPLORE = int(os.environ.get("EXPLORE", "0"))

KINDS = (
    "plain",  # anywhere in the image, any size
    "tiny",  # smaller than a cell: holds one anchor or none
    "over the border",  # leaves the image on one side or more
    "everything",  # holds all anchors
    "duplicate",  # the box before it once more, perhaps of another class
    "nested",  # inside the box before it
    "on centres",  # its edges lie exactly on anchor centres, which are not inside then
    "like padding",  # corners add up to 0 or less: never gets anything
)


def examples(count: int) -> settings:
    """Decorates a property: ``count`` examples, the same ones in every run unless EXPLORE says otherwise."""
    return settings(max_examples=count * max(EXPLORE, 1), derandomize=not EXPLORE, deadline=None)


@st.composite
def grids(draw: st.DrawFn, anchors: int = 400) -> Grid:
    """One to four levels, square or not, that may overhang the input; also strides as large as the study grid's."""
    strides = [draw(st.sampled_from([4, 5, 8, 80])) * 2**level for level in range(draw(st.integers(1, 4)))]
    strides = [strides[0] * 2**level for level in range(len(strides))]
    cells = draw(st.tuples(st.integers(1, 16), st.integers(1, 16)))
    height, width = (n * strides[0] - draw(st.integers(0, strides[0] - 1)) for n in cells)
    grid = Grid.of((height, width), [(-(-height // s), -(-width // s)) for s in strides], strides)
    assert grid.anchors <= anchors
    return grid


@st.composite
def scenes(draw: st.DrawFn, dtype: torch.dtype = torch.float32, min_boxes: int = 0, max_images: int = 3) -> Scene:
    """One to three images of up to six boxes, with predictions of which some are good, some equal, some hopeless."""
    grid = draw(grids())
    batch = draw(st.integers(1, max_images))
    kinds = [draw(st.lists(st.sampled_from(KINDS), min_size=min_boxes, max_size=6)) for _ in range(batch)]
    topk = draw(st.sampled_from([k for k in (10, 1, 3, 13) if k <= grid.anchors]))
    alpha, beta = draw(st.sampled_from([(0.5, 6.0), (1.0, 6.0), (2.0, 1.0)]))
    flavour = draw(st.sampled_from(["good", "coarse", "hopeless", "without scores"]))
    random = np.random.RandomState(draw(st.integers(0, 2**20)))

    classes = 3
    longest = max(map(len, kinds))
    gts = np.zeros((batch, longest, 4))
    labels = np.zeros((batch, longest, 1), dtype=np.int64)
    for image, wanted in enumerate(kinds):
        for gt, kind in enumerate(wanted):
            gts[image, gt] = _box(kind, gts[image, gt - 1] if gt else None, grid, random)
            labels[image, gt] = random.randint(classes)
    gts = torch.from_numpy(gts).to(dtype)
    scores, boxes = _predictions(flavour, gts.double().numpy(), kinds, grid, classes, random)
    return Scene(
        grid=grid,
        assigner=yolov8(topk, alpha, beta),
        pd_scores=torch.from_numpy(scores).to(dtype),
        pd_bboxes=torch.from_numpy(boxes).to(dtype),
        anc_points=centres(grid, dtype),
        gt_labels=torch.from_numpy(labels),
        gt_bboxes=gts,
        # the judge's word: a sum that is 0 on paper may come out as 1e-7
        mask_gt=torch.tensor([[[valid(box)] for box in image] for image in gts.tolist()])
        .view(batch, longest, 1)
        .bool(),
    )


def _box(kind: str, before: np.ndarray | None, grid: Grid, random: np.random.RandomState) -> np.ndarray:
    size = np.array([grid.width, grid.height], dtype=np.float64)
    if kind == "duplicate" and before is not None:
        return before
    if kind == "nested" and before is not None:
        corners = np.sort(random.uniform(size=(2, 2)), axis=0)
        return (before[:2] + corners * (before[2:] - before[:2])).reshape(4)
    if kind == "everything":
        return np.concatenate([-size, 3 * size])
    if kind == "like padding":
        half = random.uniform(0, size)
        return np.concatenate([-half, half])
    if kind == "on centres":
        picked = [grid.address(random.randint(grid.anchors)).centre for _ in range(2)]
        return np.sort(np.array(picked), axis=0).reshape(4)
    if kind == "tiny":
        centre, half = random.uniform(0, size), random.uniform(0.05, grid.strides[0] / 2, size=2)
    elif kind == "over the border":
        centre, half = random.choice([0.0, 0.5, 1.0], size=2) * size, random.uniform(0.2, 0.7, size=2) * size
    else:
        centre, half = random.uniform(0, size), random.uniform(0.1, 0.5, size=2) * size
    return np.concatenate([centre - half, centre + half])


def _predictions(
    flavour: str, gts: np.ndarray, kinds: list[list[str]], grid: Grid, classes: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (b, a, c) and boxes (b, a, 4): half of the boxes are close to some gt, half are around their anchor."""
    batch = len(kinds)
    points = centres(grid, torch.float64).numpy()
    scores = random.uniform(size=(batch, grid.anchors, classes))
    reach = random.uniform(0.2, 4, size=(batch, grid.anchors, 4)) * random.choice(grid.strides)
    boxes = np.concatenate([points - reach[..., :2], points + reach[..., 2:]], axis=-1)
    if flavour == "coarse":  # few different values, so that metrics are equal
        scores = np.ceil(scores * 4) / 4
    if flavour == "without scores":
        scores *= random.uniform(size=scores.shape) < 0.2
    if flavour == "hopeless":  # next to the image: nothing overlaps
        return scores, boxes + 8 * max(grid.height, grid.width)
    for image, wanted in enumerate(kinds):
        if not wanted:
            continue
        near = random.uniform(size=grid.anchors) < 0.5
        target = gts[image, random.randint(len(wanted), size=grid.anchors)]  # (a, 4)
        sides = np.maximum(target[:, 2:] - target[:, :2], 1.0)
        moved = target + random.uniform(-0.2, 0.2, size=target.shape) * np.tile(sides, 2)
        better = moved if flavour == "good" else target
        proper = near & (better[:, 2:] - better[:, :2] > 0.01).all(axis=1)
        boxes[image, proper] = better[proper]
    return scores, boxes
