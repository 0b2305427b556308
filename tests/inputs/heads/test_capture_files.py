"""A captured assigner call: read from any container and held against itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from tests.inputs.heads.captures import GRID, call, saved
from yolo_assign_trace.assignment.call import CALL
from yolo_assign_trace.assignment.grid import Grid
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.heads.capture import read_capture
from yolo_assign_trace.inputs.heads.shapes import layout_grid

CONTAINERS = [
    # how a call is saved, dtype of its floats, what is read
    (lambda c, path: save_file({k: v.contiguous() for k, v in c.items()}, path), torch.float32, np.float32),
    (lambda c, path: np.savez(path.open("wb"), **{k: v.numpy() for k, v in c.items()}), torch.float32, np.float32),
    (torch.save, torch.float32, np.float32),
    (lambda c, path: torch.save(tuple(c.values()), path), torch.float32, np.float32),  # the arguments as they come
    (lambda c, path: torch.save(list(c.values()), path), torch.float64, np.float64),
    (torch.save, torch.float64, np.float64),
    (torch.save, torch.bfloat16, np.float32),  # training with mixed precision
    (lambda c, path: torch.save(c | {"gt_bboxes": c["gt_bboxes"].double()}, path), torch.float32, np.float64),
]


@pytest.mark.parametrize("number", range(len(CONTAINERS)))
def test_every_container_gives_the_same_call(tmp_path, number):
    save, floats, read = CONTAINERS[number]
    expected = call(dtype=floats)
    save(expected, tmp_path / "call")
    found = read_capture(tmp_path / "call")
    dtypes = {"gt_labels": np.int64, "mask_gt": np.bool_}
    for name in CALL:
        wanted = expected[name].double().numpy().astype(dtypes.get(name, read))
        np.testing.assert_array_equal(getattr(found.six, name), wanted, err_msg=name, strict=True)
    assert (found.grid, found.parameters) == (GRID, {})


GRIDS = [
    Grid.of((64, 64), [(8, 8)]),  # one level
    Grid.of((96, 32), [(12, 4), (6, 2), (3, 1)]),  # not square, a level of one column
    Grid.of((32, 64), [(4, 8), (2, 4), (1, 2)]),  # a level of one row
    Grid.of((8, 8), [(1, 1)]),
    Grid.of((640, 640), [(8, 8), (4, 4), (2, 2)]),  # strides that are no powers of two
    Grid.of((104, 72), [(13, 9), (7, 5), (4, 3)], (8, 16, 32)),  # levels rounded up
    layout_grid("yolov8-p2", (64, 128)),
    layout_grid("yolov8-p6", (64, 64)),
]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_grid_is_told_by_the_points(tmp_path, grid):
    torch.save(call(grid), tmp_path / "call.pt")
    found = read_capture(tmp_path / "call.pt")
    assert found.grid == grid
    assert found.remarks == (f"the input size {grid.height}x{grid.width} px is that of the anchor points",)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True).map(sorted),
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
)
def test_any_grid_is_told_by_its_points_and_input_size(tmp_path_factory, strides, imgsz):
    grid = Grid.of(imgsz, [(-(-imgsz[0] // s), -(-imgsz[1] // s)) for s in strides], strides)
    path = tmp_path_factory.getbasetemp() / "grid.pt"
    torch.save({**call(grid), "imgsz": torch.tensor(imgsz)}, path)
    found = read_capture(path)
    assert (found.grid, found.remarks) == (grid, ())


def test_points_are_made_where_only_imgsz_and_strides_were_saved(tmp_path):
    path = saved(tmp_path, anc_points=None, imgsz=torch.tensor([64, 64]), strides=torch.tensor([8.0, 16, 32]))
    np.testing.assert_array_equal(read_capture(path).six.anc_points, call()["anc_points"])


def test_parameters_and_other_entries_are_told(tmp_path):
    more = {"topk": 13, "hyper_alpha": 1.0, "hyper_topk2": torch.tensor(0), "notes": torch.zeros(3), "step": 7}
    found = read_capture(saved(tmp_path, **more, imgsz=torch.tensor(64)))
    assert found.parameters == {"topk": 13, "alpha": 1.0}
    assert found.remarks == ("2 other entries are not used: notes, step",)
    assert read_capture(saved(tmp_path, topk=10, topk2=10)).parameters == {"topk": 10}  # it keeps all of them


@pytest.mark.parametrize(
    ("images", "remarks"), [(["a.jpg", "b.jpg"], ()), (["a.jpg"], ("1 image named for 2 images",))]
)
def test_names_of_another_number_of_images_are_not_used(tmp_path, images, remarks):
    found = read_capture(saved(tmp_path, imgsz=torch.tensor(64), images=images))
    assert found.remarks == tuple(f"{remark}: the names are not used" for remark in remarks)
    assert [str(image) for image in found.images] == (["a.jpg", "b.jpg"] if not remarks else [])


@pytest.mark.parametrize("more", [(torch.zeros(2, 84, 5, 2),), (None, torch.zeros(1)), ([torch.zeros(1)],)])
def test_a_tuple_of_more_than_six_inputs_is_a_call_of_another_assigner(tmp_path, more):
    torch.save((*call().values(), *more), tmp_path / "call.pt")
    with pytest.raises(InputError, match="a call with more than 6 inputs") as caught:
        read_capture(tmp_path / "call.pt")
    assert caught.value.id == "other-assigner"


def changed(name: str, index: tuple[int, ...], value: float) -> dict[str, torch.Tensor]:
    tensor = call()[name].clone()
    tensor[index] = value
    return {name: tensor}


NAN = float("nan")
REFUSED = [
    # changes to a good call, id, place behind the file, part of the message, part of the hint
    ({"gt_bboxes": None}, "missing-entry", "", "there is no gt_bboxes", "a capture holds pd_scores"),
    ({"gt_bboxes": None, "gt_boxes": torch.zeros(2, 2, 4)}, "missing-entry", "", "no gt_bboxes", "mean gt_boxes?"),
    ({"anc_points": None}, "missing-entry", "", "there is no anc_points", "give anc_points, or imgsz and strides"),
    (  # imgsz and strides stand for the points, so that only the labels are missing
        {"gt_labels": None, "anc_points": None, "imgsz": torch.tensor([64, 64]), "strides": torch.tensor([8, 16, 32])},
        *("missing-entry", "", "there is no gt_labels in this", "gt_bboxes, mask_gt"),
    ),
    (  # entries with a use of their own are not proposed
        {"pd_scores": None, "strides": torch.tensor([8, 16, 32]), "hyper_topk": torch.ones(1), "scores": torch.ones(1)},
        *("missing-entry", "", "there is no pd_scores", "for pd_scores: did you mean scores?"),
    ),
    ({"mask_gt": None, "gt_labels": None}, "missing-entry", "", "no gt_labels and no mask_gt", ""),
    # shapes
    ({"pd_scores": torch.rand(84, 3)}, "wrong-shape", "[pd_scores]", "[image ?, anchor ?, class ?], found [84, 3]", ""),
    ({"pd_bboxes": torch.rand(2, 83, 4)}, "wrong-shape", "[pd_bboxes]", "[image 2, anchor 84, xyxy 4]", ""),
    ({"pd_bboxes": torch.rand(2, 84, 5)}, "wrong-shape", "[pd_bboxes]", "found [2, 84, 5]", ""),
    ({"anc_points": torch.rand(1, 84, 2)}, "wrong-shape", "[anc_points]", "[anchor 84, xy 2]", ""),
    ({"gt_labels": torch.zeros(2, 2)}, "wrong-shape", "[gt_labels]", "[image 2, gt ?, one 1]", ""),
    ({"mask_gt": torch.ones(2, 3, 1)}, "wrong-shape", "[mask_gt]", "[image 2, gt 2, one 1]", ""),
    ({"pd_scores": torch.rand(2, 84, 0)}, "wrong-shape", "[pd_scores]", "nothing in it", ""),
    # types
    ({"pd_scores": torch.ones(2, 84, 3).long()}, "wrong-dtype", "[pd_scores]", "expected floats, found int64", ""),
    ({"gt_bboxes": torch.ones(2, 2, 4).bool()}, "wrong-dtype", "[gt_bboxes]", "found bool", ""),
    ({"gt_labels": torch.ones(2, 2, 1).bool()}, "wrong-dtype", "[gt_labels]", "found bool", ""),
    ({"mask_gt": torch.ones(2, 2, 1).to(torch.complex64)}, "wrong-dtype", "[mask_gt]", "found complex64", ""),
    # values
    (changed("anc_points", (3, 1), NAN), "not-finite", "[anc_points][3,1]", "nan is not finite", ""),
    (changed("gt_labels", (1, 1, 0), 3), "class-too-large", "[gt_labels][1,1,0]", "3 classes, 0 to 2", "pad with 0"),
    (changed("gt_labels", (0, 1, 0), -1), "class-too-large", "[gt_labels][0,1,0]", "-1.0 is no class", "pad with 0"),
    (changed("gt_labels", (0, 1, 0), 0.5), "class-not-an-integer", "[gt_labels][0,1,0]", "0.5 is no class", ""),
    (changed("gt_labels", (0, 1, 0), NAN), "class-not-an-integer", "[gt_labels][0,1,0]", "nan is no class", ""),
    (changed("mask_gt", (0, 1, 0), 0.5), "not-a-mask", "[mask_gt][0,1,0]", "neither 0 nor 1", ""),
    (changed("pd_scores", (0, 1, 2), -3.5), "not-a-score", "[pd_scores][0,1,2]", "-3.5 is no score", "sigmoid"),
    # the grid
    (changed("anc_points", (0, 0), 5), "not-a-grid", "[anc_points][0]", "(5, 4) neither", "cell centres in px"),
    (changed("anc_points", (9, 0), 13), "not-a-grid", "[anc_points][8]", "(4, 12) neither", "cell centres in px"),
    (changed("anc_points", (83, 1), 99), "not-a-grid", "[anc_points][82]", "(16, 48) neither", ""),
    ({"anc_points": call()["anc_points"].flip(0)}, "not-a-grid", "[anc_points][1]", "(16, 48) neither", ""),
    ({"anc_points": call()["anc_points"].flip(1)}, "not-a-grid", "[anc_points][", "neither", ""),  # columns first
    (
        {"anc_points": torch.cat([(call()["anc_points"][a:b] / s) for a, b, s in [(0, 64, 8), (64, 80, 16)]] * 2)[:84]},
        *("not-a-grid", "[anc_points][64]", "(0.5, 0.5) neither", "multiply by the stride"),  # cells, not px
    ),
    ({"strides": torch.tensor([8, 16, 64])}, "points-disagree", "[strides]", "stand on strides 8, 16, 32", ""),
    ({"imgsz": torch.tensor([64, 72])}, "points-disagree", "[anc_points]", "do not cover 64x72 px", ""),
    ({"imgsz": torch.tensor([64, 64, 3])}, "wrong-shape", "[imgsz]", "height and width, found 3", ""),
    ({"imgsz": torch.tensor([64, 0])}, "wrong-value", "[imgsz][1]", "0 is no whole number of px", ""),
    ({"strides": torch.tensor([8.5])}, "wrong-value", "[strides][0]", "8.5 is no whole number of px", ""),
    (
        {"anc_points": None, "imgsz": torch.tensor([64, 64]), "strides": torch.tensor([8, 16])},
        *("points-disagree", "", "give 80 anchors, pd_scores has 84", ""),
    ),
    ({"topk": torch.ones(2)}, "wrong-shape", "[topk]", "expected one number", ""),
]


@pytest.mark.parametrize(
    ("changes", "kind", "place", "says", "hint"), REFUSED, ids=[f"{row[1]} {row[3]}" for row in REFUSED]
)
def test_a_call_that_cannot_be_is_refused_at_its_place(tmp_path, changes, kind, place, says, hint):
    path = saved(tmp_path, **changes)
    with pytest.raises(InputError) as caught:
        read_capture(path)
    error = caught.value
    assert error.id == kind
    assert error.where.startswith(f"{path}{place}")
    assert says in error.message
    assert hint in error.hint


def test_a_missing_file_is_called_a_capture(tmp_path):
    with pytest.raises(InputError, match="no such capture"):
        read_capture(tmp_path / "call.pt")
