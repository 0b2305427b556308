"""The lines of a recording, held against the tensors that the training itself saw, counted naively."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from tests.training import stand_in
from tests.training.recorded import kinds, lines
from yolo_assign_trace import watch
from yolo_assign_trace.basics.box_sizes import SIZES
from yolo_assign_trace.formats.anchor_code import decode_anchors
from yolo_assign_trace.run.boxes_summary import CAUSES

FIRST = (0, 64, 80, 84)
"""Where the levels of 64x64 px begin, and end."""


@pytest.fixture
def seen(site, train):
    """The calls of a training as a wrapper of its own sees them: inputs and outputs, by train or val."""
    from ultralytics.utils.tal import TaskAlignedAssigner

    own, found = TaskAlignedAssigner.forward, []

    def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
        six = pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt
        answer = own(self, *six)
        found.append(("train" if torch.is_grad_enabled() else "val", six, answer))
        return answer

    TaskAlignedAssigner.forward = forward
    return found


def size_class(box):
    side = math.sqrt(max(0, box[2] - box[0]) * max(0, box[3] - box[1]))
    return next((i for i, limit in enumerate((8, 16, 32)) if side < limit), 3 + (side > 96))


def level(anchor):
    return sum(anchor >= first for first in FIRST[1:])


@pytest.fixture
def _watched(seen, train):
    with watch("w"):
        train()


@pytest.mark.usefixtures("_watched")
def test_counts_of_every_call(site, seen):
    recorded = lines(site / "w", "counts")
    assert len(recorded) == len(seen) == stand_in.EPOCHS * (stand_in.STEPS + 1)
    for line, (_, six, answer) in zip(recorded, seen, strict=True):
        boxes, mask = six[4], six[5][..., 0].bool()
        _, _, scores, positive, owner = answer
        of = Counter((i, owner[i, a].item()) for i, a in positive.nonzero().tolist())
        all_of_them, without, positives = Counter(), Counter(), Counter()
        for i, j in mask.nonzero().tolist():
            size = size_class(boxes[i, j].tolist())
            all_of_them[size] += 1
            without[size] += of[i, j] == 0
        for i, a in positive.nonzero().tolist():
            positives[level(a), size_class(boxes[i, owner[i, a]].tolist())] += 1
        own = scores[positive].amax(-1)
        assert line["images"] == 2
        assert line["levels"] == ["P3", "P4", "P5"]
        assert line["boxes"] == [all_of_them[s] for s in range(len(SIZES))]
        assert line["without"] == [without[s] for s in range(len(SIZES))]
        assert line["positives"] == [[positives[n, s] for s in range(len(SIZES))] for n in range(3)]
        assert line["target_mean"] == pytest.approx(own.mean().item(), rel=1e-3)
        assert line["target_max"] == pytest.approx(own.max().item(), rel=1e-3)


@pytest.mark.usefixtures("_watched")
def test_contested_anchors(site, seen):
    """Selected by several boxes: those among the ten best metrics of more than one."""
    from tests.check.broken_assigners import Dense

    for line, (_, (scores, boxes, points, labels, gts, mask), _) in zip(lines(site / "w", "counts"), seen, strict=True):
        dense = Dense(10, 3)
        candidates = dense.inside(points, gts) & mask.bool()
        overlaps = dense.overlap(gts.unsqueeze(2), boxes.unsqueeze(1)) * candidates
        of_class = scores.transpose(1, 2).gather(1, labels.long().expand(-1, -1, len(points)))
        selected = dense.drop_outside(dense.select(dense.metric(of_class, overlaps) * candidates), candidates)
        assert line["contested"] == int((selected.sum(1) > 1).sum())


@pytest.mark.usefixtures("_watched")
def test_boxes_that_the_bins_cannot_reach(site, seen):
    """2 bins reach 1 cell: from some candidate all four sides must be that near."""
    for line, (_, (_, _, points, _, gts, mask), _) in zip(lines(site / "w", "counts"), seen, strict=True):
        beyond = 0
        for i, j in mask[..., 0].nonzero().tolist():
            x1, y1, x2, y2 = gts[i, j].tolist()
            sides = [(a, min(s), max(s)) for a, s in enumerate((x - x1, y - y1, x2 - x, y2 - y) for x, y in points)]
            inside = [(a, far) for a, near, far in sides if near > 1e-9]
            beyond += bool(inside) and all(far > (8, 16, 32)[level(a)] for a, far in inside)
        assert line["beyond"] == beyond
    assert any(line["beyond"] for line in lines(site / "w", "counts"))


@pytest.mark.usefixtures("_watched")
def test_where_a_call_stands(site):
    places = [(line["epoch"], line["step"], line["part"], line["batch"]) for line in lines(site / "w", "counts")]
    assert places == [
        *[(0, n, "train", n) for n in range(3)],
        (0, 2, "val", 0),
        *[(1, 3 + n, "train", n) for n in range(3)],
        (1, 5, "val", 0),
    ]


@pytest.mark.usefixtures("_watched")
def test_a_line_per_box_and_validation(site, seen):
    recorded = lines(site / "w", "boxes")
    pictures = {line["picture"]: line for line in recorded if "file" in line}
    assert [p["file"] for p in pictures.values()] == [str(site / "images" / f"{n}.jpg") for n in (0, 1)]
    assert [p["labels"] for p in pictures.values()] == [str(site / "labels" / f"{n}.txt") for n in (0, 1)]
    assert {p["lines_by"] for p in pictures.values()} == {"position"}
    boxes = [line for line in recorded if "file" not in line]
    assert [(line["epoch"], line["picture"], line["gt"], line["line"]) for line in boxes] == [
        (epoch, *place) for epoch in (0, 1) for place in ((0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 1), (1, 1, 2))
    ]
    answers = [(six, answer) for part, six, answer in seen if part == "val"]
    for line in boxes:
        (_, _, _, labels, gts, _), (_, _, _, positive, owner) = answers[line["epoch"]]
        image, gt = line["picture"], line["gt"]
        own = [a for a in range(84) if positive[image, a] and owner[image, a] == gt]
        assert decode_anchors(line["owners"]) == tuple(own)
        assert line["positives"] == [sum(level(a) == n for a in own) for n in range(3)]
        assert line["class"] == labels[image, gt, 0]
        x1, y1, x2, y2 = gts[image, gt].tolist()
        assert line["size"] == pytest.approx([x2 - x1, y2 - y1], abs=0.01)
        assert (line["cause"] == "") == bool(own)
    assert {line["cause"] for line in boxes if line["gt"] == 1 and line["picture"] == 0} == {"no-anchor-inside"}
    assert {line["cause"] for line in boxes} <= {"", *CAUSES}


@pytest.mark.usefixtures("_watched")
def test_about_the_run(site):
    recorded = {line["kind"]: line for line in lines(site / "w", "run")}
    assert kinds(site / "w") == ["run", "trainer", "assigner", "end"]
    assert recorded["run"]["format"] == "yolo-assign watch 1"
    assert recorded["run"]["epochs_by"] == "trainer"
    assert recorded["trainer"]["class_names"] == ["a", "b", "c"]
    assert recorded["trainer"]["arguments"] == {"epochs": 2, "task": "detect", "imgsz": 64}
    assert recorded["assigner"]["release"] == "8.3.200"
    assert recorded["assigner"]["parameters"]["topk"] == 10
    assert recorded["assigner"]["replayed"] is True
    assert {name: recorded["end"][name] for name in ("epoch", "step", "counts", "calls")} == {
        "epoch": 1,
        "step": 5,
        "counts": 8,
        "calls": 1,
    }


RELEASES = [
    # the package's version, have we its equal?
    ("8.0.20", True),
    ("8.3.200", True),
    ("8.4.50", True),
    ("8.4.130", True),
    ("8.4.190.post1", True),
    ("9.0.0", True),  # newer than what was measured
    ("7.1", False),
    ("main", False),
    ("", False),
]


@pytest.mark.parametrize(("release", "replayed"), RELEASES)
def test_every_release(site, train, release, replayed):
    stand_in.write(site, release)
    with watch("w"):
        train(epochs=1)
    assigner = next(line for line in lines(site / "w", "run") if line["kind"] == "assigner")
    assert (assigner["release"], assigner["replayed"]) == (release, replayed)
    assert {line["contested"] is not None for line in lines(site / "w", "counts")} == {replayed}
    assert kinds(site / "w")[-1] == "end"


def test_two_heads(site, train):
    with watch("w"):
        train(kind="e2e", steps=2, epochs=1)
    recorded = lines(site / "w", "counts")
    assert [(line["step"], line["part"], line["head"]) for line in recorded] == [
        (step, part, head)
        for step, part in ((0, "train"), (1, "train"), (1, "val"))
        for head in ("one2many", "one2one")
    ]
    one2one = [line for line in lines(site / "w", "boxes") if line.get("head") == "one2one"]
    assert len(one2one) == 5
    assert max(sum(line["positives"]) for line in one2one) <= 2  # one, and what it won from others


def test_without_a_trainer_epochs_are_counted_by_validations(site, train, monkeypatch):
    from ultralytics.engine.trainer import BaseTrainer

    monkeypatch.delattr(BaseTrainer, "run_callbacks")
    monkeypatch.setattr(BaseTrainer, "__getattr__", lambda self, name: lambda event: None, raising=False)
    with watch("w"):
        train()
    assert [line["epoch"] for line in lines(site / "w", "counts")] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert lines(site / "w", "run")[0]["epochs_by"] == "validations"


THINNED = [
    # count_every, steps whose calls are counted, batches of validations
    (1, [0, 1, 2, 3, 4, 5], [0, 0]),
    (2, [0, 2, 4], [0, 0]),
    (4, [0, 4], [0, 0]),
    (0, [], []),
]


@pytest.mark.parametrize(("count_every", "steps", "batches"), THINNED)
def test_counts_can_be_thinned(site, train, count_every, steps, batches):
    with watch("w", count_every=count_every):
        train()
    recorded = lines(site / "w", "counts")
    assert [line["step"] for line in recorded if line["part"] == "train"] == steps
    assert [line["batch"] for line in recorded if line["part"] == "val"] == batches
    assert len([line for line in lines(site / "w", "boxes") if "gt" in line]) == 10  # whatever the counts


def test_a_batch_without_boxes(site, train, monkeypatch):
    from ultralytics.engine.trainer import BaseTrainer

    own = BaseTrainer.batch

    def empty(self, number):
        batch = own(self, number)
        return batch | {name: batch[name][:0] for name in ("batch_idx", "cls", "bboxes")}

    monkeypatch.setattr(BaseTrainer, "batch", empty)
    with watch("w", every=1):
        train(epochs=1)
    line = lines(site / "w", "counts")[0]
    assert line["boxes"] == line["without"] == [0] * 5
    assert line["target_mean"] is line["target_max"] is None
    assert kinds(site / "w")[-1] == "end"


def test_several_trainings_of_one_process_are_several_recordings(site, train):
    with watch("w"):
        train()
        train(steps=1, epochs=1)
    assert len(lines(site / "w", "counts")) == 8
    assert len(lines(site / "w" / "run-2", "counts")) == 2
    assert kinds(site / "w" / "run-2")[-1] == "end"


def test_an_earlier_recording_stays_as_it_is(site, train):
    for _ in range(3):
        with watch("w") as recording:
            train(steps=1, epochs=1)
    assert recording.folder == site / "w-3"
    assert [len(lines(site / name, "counts")) for name in ("w", "w-2", "w-3")] == [2, 2, 2]
