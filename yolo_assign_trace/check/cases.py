"""The bundled cases: small inputs of an assigner, each named after what it provokes.

They are drawn from numpy's frozen RandomState, so that they are the same everywhere and for ever. Coordinates and
scores are multiples of 1/64 and 1/1024, exact in float32, so that other languages read the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from ..assignment.call import CALL
from ..assignment.grid import Grid
from ..basics.arrays import Array

Box = tuple[float, float, float, float]

CLASSES = 4
"""Every case has as many, so that an assigner made for a fixed number can run them all."""


@dataclass(frozen=True)
class Case:
    """Inputs of an assigner call.

    Attributes:
        name, about: what to call it, and what it provokes.
        grid: the levels.
        gt_labels: (image, gt, 1) int64.
        gt_bboxes: (image, gt, xyxy) float32 px, padded with zeros.
        pd_scores: (image, anchor, class) float32 scores.
        pd_bboxes: (image, anchor, xyxy) float32 px.
    """

    name: str
    about: str
    grid: Grid
    gt_labels: Array
    gt_bboxes: Array
    pd_scores: Array
    pd_bboxes: Array

    @cached_property
    def anc_points(self) -> Array:
        """(anchor, xy) float32 px."""
        return _centres(self.grid)

    @cached_property
    def stride_tensor(self) -> Array:
        """(anchor, 1) float32 px."""
        counts = [level.anchors for level in self.grid.levels]
        return np.repeat(np.array(self.grid.strides, np.float32), counts)[:, None]

    @cached_property
    def mask_gt(self) -> Array:
        """(image, gt, 1) float32, 1 for real boxes: training code has it as a float too."""
        mask: Array = (self.gt_bboxes.sum(-1, keepdims=True) > 0).astype(np.float32)
        return mask

    def inputs(self) -> dict[str, Array]:
        """The six arguments of the usual signature, in its order."""
        return {name: getattr(self, name) for name in CALL}


@dataclass
class _Scene:
    """Boxes per image, and how the predictions are meant to look."""

    about: str
    boxes: list[list[Box]]  # cx, cy, w, h px
    imgsz: tuple[int, int] = (256, 256)
    strides: tuple[int, ...] = (8, 16, 32)
    corners: bool = False  # are the boxes x1, y1, x2, y2 instead, to the last bit?
    labels: list[list[int]] = field(default_factory=list)
    near: float = 0.6  # share of anchors whose prediction is near the box that they lie in
    noise: float = 0.15  # of the box's size
    reach: float = 7.0  # strides that the other predictions extend to each side
    aims_at: int | None = None  # box that all predictions aim at, whichever they lie in
    scores: str = "varied"


def _random_boxes(random: np.random.RandomState, count: int, low: float, high: float, size: int = 256) -> list[Box]:
    wh = np.exp(random.uniform(np.log(low), np.log(high), (count, 2)))
    centre = random.uniform(0.1, 0.9, (count, 2)) * size
    return [(cx, cy, w, h) for cx, cy, w, h in np.concatenate([centre, wh], axis=1).tolist()]


def _ordinary(random: np.random.RandomState) -> _Scene:
    return _Scene("a few boxes of all sizes in each image", [_random_boxes(random, n, 16, 160) for n in (5, 3)])


def _crowded(random: np.random.RandomState) -> _Scene:
    centres = _random_boxes(random, 24, 40, 90)
    crowd = [(128 + (x - 128) / 2, 128 + (y - 128) / 2, w, h) for x, y, w, h in centres]
    return _Scene("many overlapping boxes: most anchors are selected by several", [crowd])


def _tiny(random: np.random.RandomState) -> _Scene:
    speck = [(4.0 + 8.0 * i, 124.0, 1 / 32, 1 / 32) for i in range(4, 12)]
    return _Scene(
        "boxes of a few px with less than k candidates, some with none, some of 1/32 px",
        [_random_boxes(random, 20, 2, 14), speck],
        near=1.0,
    )


def _ties(random: np.random.RandomState) -> _Scene:
    return _Scene(
        "equal metrics: more than k equal ones of each box, two boxes that share some, and boxes whose metrics are 0",
        [
            [(90.0, 120.0, 100.0, 90.0), (190.0, 150.0, 70.0, 110.0), (120.0, 140.0, 90.0, 60.0)],
            [(40.0, 4.0, 78.0, 7.0)],
        ],
        near=1.0,
        noise=0.0,
        scores="even",
    )


def _duplicates(random: np.random.RandomState) -> _Scene:
    boxes = _random_boxes(random, 4, 30, 120)
    return _Scene(
        "the same box twice, with the same and with another class", [boxes + boxes[:3]], labels=[[0, 1, 2, 3, 0, 2, 1]]
    )


def _nested(random: np.random.RandomState) -> _Scene:
    nest = [(128.0, 128.0, side, side * 0.75) for side in (200.0, 120.0, 64.0, 32.0, 14.0)]
    return _Scene(
        "boxes inside boxes around one centre", [nest, [(100.0, 90.0, 150.0, 150.0), (110.0, 96.0, 40.0, 30.0)]]
    )


def _padding(random: np.random.RandomState) -> _Scene:
    outside = [(0.0, 0.0, 20.0, 20.0), *_random_boxes(random, 2, 30, 90)]
    return _Scene(
        "images of 6, 1 and 3 boxes padded to 6; one box whose corners add up to 0 counts as padding",
        [_random_boxes(random, 6, 20, 120), _random_boxes(random, 1, 50, 90), outside],
    )


def _empty_image(random: np.random.RandomState) -> _Scene:
    boxes = [_random_boxes(random, 3, 20, 120), [], _random_boxes(random, 2, 20, 90)]
    return _Scene("an image without boxes between two that have some", boxes)


def _empty_batch(random: np.random.RandomState) -> _Scene:
    return _Scene("no box in the whole batch", [[], []])


def _over_the_border(random: np.random.RandomState) -> _Scene:
    boxes = [(4.0, 100.0, 60.0, 80.0), (250.0, 128.0, 90.0, 40.0), (128.0, 250.0, 300.0, 60.0), (6.0, 5.0, 40.0, 30.0)]
    return _Scene("boxes that leave the image on every side", [boxes])


def _non_square(random: np.random.RandomState) -> _Scene:
    boxes = [(x * 1.5, y * 0.75, w, h) for x, y, w, h in _random_boxes(random, 7, 12, 150)]
    return _Scene("an input of 192x384 px", [boxes], imgsz=(192, 384))


def _one_level(random: np.random.RandomState) -> _Scene:
    return _Scene("a single level of stride 16", [_random_boxes(random, 6, 12, 150)], strides=(16,))


def _edges(random: np.random.RandomState) -> _Scene:
    below, above = (
        float(np.nextafter(np.float32(4), np.float32(0))),
        float(np.nextafter(np.float32(60), np.float32(99))),
    )
    boxes = [
        (below, 0.5, 19.0, 7.5),  # the anchor centre (4, 4) lies inside by a quarter of a millionth of a px
        (4.0, 16.5, 19.0, 23.5),  # (4, 20) lies on the edge
        (45.0, 40.5, 60.0, 47.5),  # (60, 44) lies on the edge
        (45.0, 72.5, above, 79.5),  # (60, 76) lies inside by four millionths
        (100.5, 108.0, 107.5, 131.0),  # (104, 108) lies on the edge
    ]
    about = "boxes of two or three anchors, edges exactly on an anchor centre or a millionth of a px beside it"
    return _Scene(about, [boxes], near=1.0, noise=0.05, corners=True)


def _faint(random: np.random.RandomState) -> _Scene:
    boxes = _random_boxes(random, 5, 40, 120)
    about = "an untrained head: overlaps of a few percent, metrics near the epsilon of the normalisation"
    return _Scene(about, [boxes], near=0.0, reach=40.0, scores="low")


def _third_box(random: np.random.RandomState) -> _Scene:
    boxes = [(90.0, 120.0, 80.0, 70.0), (94.0, 118.0, 76.0, 74.0), (170.0, 120.0, 90.0, 80.0)]
    about = "anchors that two boxes select, while their prediction fits a third box that does not contain them"
    return _Scene(about, [boxes], near=1.0, noise=0.1, aims_at=2)


_SCENES: Mapping[str, Callable[[np.random.RandomState], _Scene]] = MappingProxyType(
    {
        "ordinary": _ordinary,
        "crowded": _crowded,
        "tiny": _tiny,
        "ties": _ties,
        "duplicates": _duplicates,
        "nested": _nested,
        "padding": _padding,
        "empty-image": _empty_image,
        "empty-batch": _empty_batch,
        "over-the-border": _over_the_border,
        "non-square": _non_square,
        "one-level": _one_level,
        "edges": _edges,
        "faint": _faint,
        "third-box": _third_box,
    }
)
CASE_NAMES = tuple(_SCENES)


def build_case(name: str) -> Case:
    """The bundled case called ``name``, one of :data:`CASE_NAMES`."""
    random = np.random.RandomState(CASE_NAMES.index(name))
    scene = _SCENES[name](random)
    sizes = [(-(-scene.imgsz[0] // s), -(-scene.imgsz[1] // s)) for s in scene.strides]
    grid = Grid.of(scene.imgsz, sizes, scene.strides)
    b, m = len(scene.boxes), max(map(len, scene.boxes))
    gt_bboxes = np.zeros((b, m, 4), np.float32)
    gt_labels = np.zeros((b, m, 1), np.int64)
    for i, boxes in enumerate(scene.boxes):
        if not boxes:
            continue
        cx, cy, w, h = np.array(boxes).T
        corners = np.round(np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1) * 64) / 64
        gt_bboxes[i, : len(boxes)] = boxes if scene.corners else corners
        labels = scene.labels[i] if scene.labels else random.randint(0, CLASSES, len(boxes))
        gt_labels[i, : len(boxes), 0] = labels
    pd_bboxes = np.stack([_predictions(random, scene, grid, boxes) for boxes in gt_bboxes])
    return Case(name, scene.about, grid, gt_labels, gt_bboxes, _scores(random, scene, (b, grid.anchors)), pd_bboxes)


def _scores(random: np.random.RandomState, scene: _Scene, shape: tuple[int, int]) -> Array:
    if scene.scores == "even":  # all alike in the first image, all 0 in the others, so that metrics are
        whole = np.zeros((*shape, CLASSES), dtype=np.int64)
        whole[0] = 512
    else:
        whole = random.randint(1, 64 if scene.scores == "low" else 1024, (*shape, CLASSES))
    scores: Array = (whole / 1024).astype(np.float32)
    return scores


def _predictions(random: np.random.RandomState, scene: _Scene, grid: Grid, boxes: Array) -> Array:
    """A predicted box per anchor: near a gt that contains the anchor, or anything around the anchor."""
    centres = _centres(grid).astype(np.float64)
    strides = np.repeat(grid.strides, [level.anchors for level in grid.levels])[:, None]
    reach = random.uniform(0.1, scene.reach, (grid.anchors, 4)) * strides
    predicted = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
    real = boxes[boxes.sum(-1) > 0].astype(np.float64)
    if len(real):
        inside = (centres[None] >= real[:, None, :2]).all(-1) & (centres[None] <= real[:, None, 2:]).all(-1)
        aim = inside if scene.aims_at is None else np.arange(len(real))[:, None] == scene.aims_at
        pick = (aim * random.uniform(0.5, 1.0, inside.shape)).argmax(0)
        near = inside.any(0) & (random.uniform(size=grid.anchors) < scene.near)
        size = np.tile(real[pick][:, 2:] - real[pick][:, :2], 2)
        moved = real[pick] + random.normal(0, scene.noise, (grid.anchors, 4)) * size
        predicted[near] = moved[near]
    lows, highs = np.minimum(predicted[:, :2], predicted[:, 2:]), np.maximum(predicted[:, :2], predicted[:, 2:])
    rounded: Array = (np.round(np.concatenate([lows, highs], axis=1) * 1024) / 1024).astype(np.float32)
    return rounded


def _centres(grid: Grid) -> Array:
    parts = []
    for level in grid.levels:
        y, x = np.mgrid[: level.height, : level.width]
        parts.append(np.stack([x + 0.5, y + 0.5], axis=-1).reshape(-1, 2) * level.stride)
    return np.concatenate(parts).astype(np.float32)
