"""The assignment itself, untraced, on candidate pairs and in the dense textbook form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.inputs.heads.shapes import layout_grid

from .measure import Line, faster, fresh_process, growth_of_peak, in_turns, less_memory

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = 5
IMAGES, BOXES, CLASSES, SIZE = 4, 500, 80, 1280
DEFAULT = "8.0.52"
SEED = 0
"""No near tie turns with it: the two forms round differently in the last place, and both must select the same."""


def lines() -> list[Line]:
    import torch

    inputs = make_inputs()
    for generation in GENERATIONS:
        check_same(on_pairs(inputs, generation=generation), dense(inputs, generation))
    what = f"assign {IMAGES} x {BOXES} boxes, 33,600 anchors: pairs : dense"
    found = []
    usual = torch.get_num_threads()
    for threads in sorted({1, usual}):
        torch.set_num_threads(threads)
        times = in_turns(ROUNDS, lambda: on_pairs(inputs), lambda: dense(inputs))
        found.append(faster(f"{what}, time, {threads} thread{'s' * (threads > 1)}", *times, at_least=30))
    torch.set_num_threads(usual)
    for generation in [name for name in GENERATIONS if name != DEFAULT]:
        times = in_turns(
            ROUNDS,
            lambda g=generation: on_pairs(inputs, generation=g),
            lambda g=generation: dense(inputs, g),
        )
        found.append(faster(f"the same, generation {generation}, {usual} threads", *times, at_least=30))
    pairs_peak = [fresh_process("assign:peak", "pairs") for _ in range(3)]
    dense_peak = [fresh_process("assign:peak", "dense") for _ in range(3)]
    return [*found, less_memory(f"{what}, extra memory", pairs_peak, dense_peak, at_most=0.1)]


def on_pairs(inputs: dict[str, Tensor], size: int = SIZE, generation: str = DEFAULT) -> dict[str, Tensor]:
    from yolo_assign_trace import assign

    return assign(**inputs, grid=layout_grid("yolov8", (size, size)), assigner=GENERATIONS[generation])


def dense(inputs: dict[str, Tensor], generation: str = DEFAULT) -> dict[str, Tensor]:
    from .dense_form import dense_assign

    return dense_assign(**inputs, generation=generation)


def peak(form: str) -> int:
    """Bytes of extra memory of one form, its results included; to be run in a process of its own.

    A small call comes first, so that what torch loads on first use is not counted.
    """
    small, inputs = make_inputs(boxes=3, size=64), make_inputs()
    if form == "dense":
        dense(small)
        return growth_of_peak(lambda: dense(inputs))
    on_pairs(small, size=64)
    return growth_of_peak(lambda: on_pairs(inputs))


def make_inputs(boxes: int = BOXES, size: int = SIZE) -> dict[str, Tensor]:
    """Boxes of 8 to 300 px (or what fits), and predictions around every anchor that reach up to 8 cells."""
    import torch

    random = torch.Generator().manual_seed(SEED)
    grid = layout_grid("yolov8", (size, size))
    points = []
    for level in grid.levels:
        y, x = torch.meshgrid(torch.arange(level.height) + 0.5, torch.arange(level.width) + 0.5, indexing="ij")
        points.append(torch.stack([x, y], dim=-1).view(-1, 2) * level.stride)
    anc_points = torch.cat(points)  # (a, 2)
    stride = torch.cat([torch.full((level.anchors, 1), float(level.stride)) for level in grid.levels])  # (a, 1)

    largest = min(300, size)
    sides = 8 * (largest / 8) ** torch.rand(IMAGES, boxes, 2, generator=random).pow(1.5)  # 78 candidates on average
    corner = torch.rand(IMAGES, boxes, 2, generator=random) * (size - sides)
    reach = 8 * stride * torch.rand(IMAGES, grid.anchors, 4, generator=random)  # (b, a, 4) left, top, right, bottom
    logits = torch.randn(IMAGES, grid.anchors, CLASSES, generator=random) - 2
    return {
        "pd_scores": logits.sigmoid(),
        "pd_bboxes": torch.cat([anc_points - reach[..., :2], anc_points + reach[..., 2:]], dim=-1),
        "anc_points": anc_points,
        "gt_labels": torch.randint(CLASSES, (IMAGES, boxes, 1), generator=random),
        "gt_bboxes": torch.cat([corner, corner + sides], dim=-1),
        "mask_gt": torch.ones(IMAGES, boxes, 1, dtype=torch.bool),
    }


def check_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Booleans and indices equal, floats within 1e-6 (all are below 1 but the boxes, which are copies).

    Raises:
        AssertionError: how many elements differ, by how much, and where.
    """
    import torch

    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-6 if name == "target_scores" else 0)
