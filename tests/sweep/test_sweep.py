"""A sweep counts what separate traces hold: every row is judged by a trace of its own, counted on the dense tensors."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.assignment import golden_cases
from tests.commands import Outcome
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.sweep.settings import LARGEST, combinations, listed, side_by_side

CROWD = "".join(
    # image, class, centre, size: boxes of 4 to 300 px of 640, many of them over each other
    f"{i % 2} {i % 3} {0.3 + 0.4 * x:.4f} {0.3 + 0.4 * y:.4f} {0.006 * 80**w:.4f} {0.006 * 80**h:.4f}\n"
    for i, (x, y, w, h) in enumerate(np.random.RandomState(3).rand(60, 4).tolist())
)
SMALL = "0 .5 .5 .005 .005\n1 .5 .5 .02 .01\n0 .3 .3 .04 .04\n1 .6 .6 .1 .1\n0 .5 .5 .3 .3\n0 .5 .5 .3 .3\n"
PARAMETERS = ("topk", "topk2", "alpha", "beta", "overlap")


# --- the judge -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """What one trace holds, as a reader of its tensors would count it."""

    boxes: int
    candidates: int
    positives: int
    contested: int
    target_sum: float
    causes: Counter[str]
    sizes: np.ndarray  # (class of size, 3): boxes, positives, boxes without


def count_trace(tensors: dict[str, np.ndarray], lines: Sequence[dict[str, Any]]) -> Counted:
    """Count a saved trace; its causes are those that ``lines``, the boxes of ``trace --json``, name."""
    arrays = {key.partition(".")[2]: array for key, array in tensors.items()}
    pairs, chosen = arrays["pairs"], np.zeros((*arrays["mask_gt"].shape[:2], arrays["fg_mask"].shape[1]), bool)
    chosen[tuple(pairs[arrays["mask_topk"]].T)] = True
    sizes, boxes, positives_of_all = np.zeros((5, 3), int), 0, 0
    for image, gts in enumerate(arrays["gt_bboxes"]):
        for gt, (x1, y1, x2, y2) in enumerate(gts.tolist()):
            if not arrays["mask_gt"][image, gt, 0]:
                continue
            side = math.sqrt((x2 - x1) * (y2 - y1))
            group = 4 if side > 96 else sum(side >= limit for limit in (8, 16, 32))
            owned = arrays["fg_mask"][image] & (arrays["target_gt_idx"][image] == gt)
            sizes[group] += (1, owned.sum(), not owned.any())
            boxes, positives_of_all = boxes + 1, positives_of_all + owned.sum()
    assert positives_of_all == arrays["fg_mask"].sum()
    return Counted(
        boxes=boxes,
        candidates=len(pairs),
        positives=int(arrays["fg_mask"].sum()),
        contested=int((chosen.sum(axis=1) > 1).sum()),
        target_sum=float(arrays["target_scores"].astype(np.float64).sum()),
        causes=Counter(line["cause"] for line in lines if line["cause"]),
        sizes=sizes,
    )


def judge(yolo_assign: Callable[..., Outcome], *arguments: str) -> Counted:
    """The counts of a trace with these options; those of several batches added up."""
    done = yolo_assign("trace", *arguments, "--no-log", "--save", "t.safetensors", "--json", "--no-plugins")
    assert done.code == 0, done.err
    documents = done.document.get("traces", [done.document])
    files = [Path("t.safetensors")] if len(documents) == 1 else sorted(Path("t").glob("*.safetensors"))
    assert len(files) == len(documents)
    found = [count_trace(load_file(file), document["boxes"]) for file, document in zip(files, documents, strict=True)]
    return Counted(
        **{name: sum((vars(one)[name] for one in found[1:]), vars(found[0])[name]) for name in vars(found[0])}
    )


def assert_row(row: dict[str, Any], counted: Counted) -> None:
    for name in ("boxes", "candidates", "positives", "contested"):
        assert row[name] == getattr(counted, name), name
    assert row["causes"] == counted.causes
    assert row["without"] == counted.causes.total() == counted.sizes[:, 2].sum()
    assert [[size["boxes"], size["positives"], size["without"]] for size in row["sizes"]] == counted.sizes.tolist()
    if counted.positives:
        assert row["mean_target"] == pytest.approx(counted.target_sum / counted.positives, rel=1e-6)
    else:
        assert row["mean_target"] is None


# --- every row is a trace --------------------------------------------------------------------------------------------


@pytest.fixture
def inputs(folder: Path, save_heads: Callable[..., str]) -> Path:
    (folder / "crowd.txt").write_text(CROWD)
    (folder / "small.txt").write_text(SMALL)
    (folder / "empty.txt").write_text("")
    (folder / "set").mkdir()
    for number in range(5):  # a dataset; the fourth image has no box
        (folder / "set" / f"{number}.txt").write_text(
            "" if number == 3 else SMALL[: 18 * (number + 1)].rpartition("\n")[0]
        )
    save_heads(channels=67, batch=1, maps=((40, 40), (20, 20), (10, 10)))
    (folder / "call.npz").write_bytes((golden_cases.COPIED / "one_to_one.npz").read_bytes())
    (folder / "tood.npz").write_bytes((golden_cases.COPIED / "tood_settings.npz").read_bytes())
    return folder


SWEPT = [
    # what is swept, the options of every sweep and trace, the number of rows
    # numbers of candidates, on the study grid
    ({"topk": "10,1,13"}, ("--labels", "crowd.txt"), 3),
    # every generation, with boxes below a stride
    ({"assigner": "yolov8,8.0.0,8.4.0,8.4.128,8.4.190"}, ("--labels", "small.txt", "--shapes", "yolov8"), 5),
    # a name that brings parameters of its own
    ({"assigner": "yolo26-one2one,tood"}, ("--labels", "crowd.txt"), 2),
    # topk2, beside another list
    (
        {"assigner": "8.4.0,ultralytics==8.4.190", "topk2": "1,4"},
        ("--labels", "crowd.txt", "--shapes", "yolov8", "--imgsz", "320"),
        4,
    ),
    # exponents and overlaps
    ({"alpha": "0.5,0", "beta": "6,1", "overlap": "ciou,giou"}, ("--labels", "crowd.txt"), 8),
    # input sizes, square and not
    ({"imgsz": "320,192x640"}, ("--labels", "small.txt", "--shapes", "yolov8"), 2),
    # real heads
    ({"topk": "10,3"}, ("--labels", "small.txt", "--shapes", "yolov8", "--imgsz", "320", "--heads", "heads.npz"), 2),
    # a captured call: its own topk and topk2 hold where nothing is said
    ({"beta": "6,2", "assigner": "8.4.0,8.4.190"}, ("--capture", "call.npz"), 4),
    # a captured call with parameters of its own, and one of them swept
    ({"topk": "13,5"}, ("--capture", "tood.npz"), 2),
    # a dataset in three batches
    ({"topk": "10,2"}, ("--labels", "set", "--image-size", "64x64", "--imgsz", "160", "--batch", "2"), 2),
    # inputs of each image's own shape
    ({"topk": "10,2"}, ("--labels", "set", "--image-size", "64x32", "--imgsz", "160", "--batch", "1", "--rect"), 2),
    # no box at all
    ({"topk": "10,2"}, ("--labels", "empty.txt", "--nc", "2"), 2),
    # one row: the base alone
    ({}, ("--labels", "crowd.txt", "--seed", "5"), 1),
]


@pytest.mark.parametrize(("swept", "options", "rows"), SWEPT, ids=str)
def test_every_row_counts_what_a_trace_with_its_settings_holds(yolo_assign, inputs, swept, options, rows):
    lists = [word for name, text in swept.items() for word in (f"--{name}", text)]
    done = yolo_assign("sweep", *options, *lists, "--json")
    assert done.code == 0, done.err
    found = done.document["rows"]
    assert len(found) == rows
    for row in found:
        setting = row["setting"]
        assert {name for name in swept if name not in setting} == set()
        single = [
            w
            for name, text in setting.items()
            for w in (f"--{name}", text.replace("x", ",") if name == "imgsz" else text)
        ]
        assert_row(row, judge(yolo_assign, *options, *_without_double(options, single)))


@pytest.mark.parametrize(
    "options",
    [
        ("--labels", "small.txt", "--shapes", "yolov8"),  # boxes between the centres
        ("--labels", "set", "--image-size", "64x32", "--imgsz", "160", "--batch", "2"),  # a dataset
        ("--labels", "border.txt"),  # one that counts as padding
        ("--labels", "empty.txt", "--nc", "2"),
    ],
    ids=str,
)
def test_what_is_counted_without_heads_is_what_is_counted_with_them(yolo_assign, inputs, options):
    """The table of synthetic heads shows geometry alone, and makes no heads for it."""
    (inputs / "border.txt").write_text("0 0 0 0 0.2 0.2\n0 0 0.5 0.5 0.2 0.2\n")
    swept = ("--assigner", "8.0.0,8.3.253,8.4.0,8.4.190")
    rows = yolo_assign("sweep", *options, *swept, "--json").document["rows"]
    lines = yolo_assign("sweep", *options, *swept).out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Geometry")) + 2
    for row, line in zip(rows, lines[start : start + 4], strict=True):
        causes = [row["causes"].get(cause, 0) for cause in ("no-anchor-inside", "ignored-as-padding")]
        name, *numbers = re.sub(r" \(\S+\)", "", line).split()
        assert [name, *map(int, numbers)] == [row["setting"]["assigner"], row["boxes"], row["candidates"], *causes]


def _without_double(options: Sequence[str], single: Sequence[str]) -> list[str]:
    """``single`` without the options that are given anyhow."""
    pairs = zip(single[::2], single[1::2], strict=True)
    return [word for name, text in pairs if name not in options for word in (name, text)]


def test_the_crowd_is_one(yolo_assign, inputs):
    """The table above means little on inputs without conflicts and without losers."""
    counted = judge(yolo_assign, "--labels", "crowd.txt", "--shapes", "yolov8", "--imgsz", "320")
    assert counted.contested >= 5
    assert counted.sizes[:4, 0].all()
    small = judge(yolo_assign, "--labels", "small.txt", "--shapes", "yolov8", "--release", "8.3.253")
    assert small.causes["no-anchor-inside"]


# --- rows against the first ------------------------------------------------------------------------------------------


def test_the_first_row_is_the_base_and_the_others_tell_the_difference_to_it(yolo_assign, inputs):
    options = ("--labels", "crowd.txt", "--shapes", "yolov8", "--imgsz", "320")
    rows = yolo_assign("sweep", *options, "--topk", "10,1", "--beta", "6,2", "--json").document["rows"]
    first = rows[0]
    assert set(first["difference"].values()) == {0}
    (base,) = yolo_assign("sweep", *options, "--json").document["rows"]  # the defaults are 10 and 6
    assert {**base, "setting": first["setting"]} == first
    for row in rows:
        for name, difference in row["difference"].items():
            assert difference == pytest.approx(row[name] - first[name])
    assert rows[2]["difference"]["positives"] < 0


def test_only_the_settings_decide_how_many_anchors_are_needed(yolo_assign, folder):
    (folder / "tiny.yaml").write_text("imgsz: 32\nmaps: [[2, 2]]\n")  # fewer than a box takes by default
    options = ("--labels", "one.txt", "--shapes", "tiny.yaml", "--topk", "2,4", "--json")
    assert [row["parameters"]["topk"] for row in yolo_assign("sweep", *options).document["rows"]] == [2, 4]


def test_a_mean_that_one_side_lacks_has_no_difference(yolo_assign, inputs):
    rows = yolo_assign("sweep", "--labels", "empty.txt", "--nc", "2", "--topk", "1,2", "--json").document["rows"]
    assert [row["difference"]["mean_target"] for row in rows] == [None, None]


# --- lists -----------------------------------------------------------------------------------------------------------


def test_combinations_go_by_size_then_assigner_then_parameters():
    found = combinations(
        ["yolov8", "8.4.0"], {"topk": [("5", 5), ("10", 10)], "beta": []}, [("64", (64, 64)), ("32", (32, 32))]
    )
    assert [tuple(setting.chosen.values()) for setting in found] == [
        (size, assigner, topk) for size in ("64", "32") for assigner in ("yolov8", "8.4.0") for topk in ("5", "10")
    ]
    assert [setting.assigner.parameters.topk for setting in found[:2]] == [5, 10]
    assert {setting.assigner.parameters.beta for setting in found} == {6.0}


def test_as_many_combinations_as_allowed_and_one_more():
    def made(many: int) -> int:
        return len(combinations(["yolov8"], {"topk": [(str(n), n) for n in range(1, many + 1)]}, []))

    assert made(LARGEST) == LARGEST
    with pytest.raises(InputError, match="too-many"):
        made(LARGEST + 1)


SIZES = [
    # text, height and width
    ("640", (640, 640)),
    ("384x640", (384, 640)),
]


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_a_size_is_square_or_height_x_width(text, size):
    assert side_by_side(text) == size


WRONG = [
    # option, list, how its values are read, the value that is named
    ("topk", "5,x", int, "'x'"),
    ("topk", "5,,6", int, "''"),
    ("topk", "5,", int, "''"),
    ("topk", "5.5", int, "'5.5'"),
    ("alpha", "0.5;1", float, "'0.5;1'"),
    ("imgsz", "640x", side_by_side, "'640x'"),
    ("imgsz", "x640", side_by_side, "'x640'"),
    ("imgsz", "0", side_by_side, "'0'"),
    ("imgsz", "-64", side_by_side, "'-64'"),
    ("topk", "5, 5", int, "'5, 5'"),
    ("beta", "4,4.0", float, "'4,4.0'"),  # the same number twice
    ("imgsz", "640,640x640", side_by_side, "'640,640x640'"),  # the same size twice
]


@pytest.mark.parametrize(("option", "text", "read", "named"), WRONG)
def test_a_wrong_or_double_value_is_named_with_its_option(option, text, read, named):
    with pytest.raises(InputError) as caught:
        listed(option, text, read)
    assert (caught.value.id, caught.value.where) == ("wrong-value", option)
    assert named in caught.value.message
    assert caught.value.hint
