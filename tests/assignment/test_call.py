"""`assign` holds its arguments against each other and names the first that does not fit."""

from __future__ import annotations

import pytest
import torch

from yolo_assign_trace import Grid, InputError, assign

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)])


def arguments() -> dict[str, torch.Tensor]:
    """Two images with one box each; nothing is wrong with them."""
    anchors = GRID.anchors
    return {
        "pd_scores": torch.full((2, anchors, 3), 0.5),
        "pd_bboxes": torch.tensor([8.0, 8.0, 40.0, 40.0]).repeat(2, anchors, 1),
        "anc_points": torch.tensor([GRID.address(i).centre for i in range(anchors)]),
        "gt_labels": torch.zeros(2, 1, 1),
        "gt_bboxes": torch.tensor([8.0, 8.0, 40.0, 40.0]).repeat(2, 1, 1),
        "mask_gt": torch.ones(2, 1, 1),
    }


def test_what_fits_is_assigned() -> None:
    assert assign(**arguments(), grid=GRID)["fg_mask"].sum() == 20


@pytest.mark.parametrize(
    ("name", "change", "id", "says"),
    [
        # one axis too few
        ("pd_scores", lambda t: t[0], "wrong-shape", "expected [image ?, anchor 84, class ?], found [84, 3]"),
        # predictions of another grid
        ("pd_scores", lambda t: t[:, :80], "wrong-shape", "expected [image ?, anchor 84, class ?], found [2, 80, 3]"),
        # another batch than the scores
        ("pd_bboxes", lambda t: t[:1], "wrong-shape", "expected [image 2, anchor 84, xyxy 4], found [1, 84, 4]"),
        # another number of gts than labels
        ("gt_bboxes", lambda t: t.repeat(1, 2, 1), "wrong-shape", "expected [image 2, gt 1, xyxy 4], found [2, 2, 4]"),
        # labels without their last axis
        ("gt_labels", lambda t: t[..., 0], "wrong-shape", "expected [image 2, gt ?, one 1], found [2, 1]"),
        # no floats
        ("pd_scores", lambda t: t.int(), "wrong-dtype", "expected float32 or float64, found int32"),
        # two precisions
        ("gt_bboxes", lambda t: t.double(), "wrong-dtype", "expected float32, found float64"),
        # a class that is not scored
        ("gt_labels", lambda t: t + 3, "class-too-large", "3 is no class: pd_scores has 3 classes, 0 to 2"),
        ("gt_labels", lambda t: t - 1, "class-too-large", "-1 is no class: pd_scores has 3 classes, 0 to 2"),
    ],
)
def test_what_does_not_fit_is_named(name, change, id, says) -> None:
    wrong = arguments()
    wrong[name] = change(wrong[name])
    with pytest.raises(InputError) as caught:
        assign(**wrong, grid=GRID)
    assert (caught.value.id, caught.value.where, caught.value.message) == (id, name, says)


HALVES = [
    # what is half as precise
    ("pd_scores", "anc_points"),  # what mixed precision hands over
    ("pd_scores",),
    ("pd_scores", "pd_bboxes", "anc_points", "gt_bboxes"),  # everything
]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("names", HALVES, ids=" ".join)
def test_half_precision_is_widened_to_what_the_others_have(names, dtype) -> None:
    """All of these numbers are exact in half precision."""
    given = arguments()
    expected = assign(**given, grid=GRID)
    found = assign(**given | {name: given[name].to(dtype) for name in names}, grid=GRID)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor), name


def test_a_batch_without_boxes_fits() -> None:
    none = arguments() | {"gt_labels": torch.zeros(2, 0, 1), "gt_bboxes": torch.zeros(2, 0, 4)}
    assert not assign(**none | {"mask_gt": torch.zeros(2, 0, 1)}, grid=GRID)["fg_mask"].any()
