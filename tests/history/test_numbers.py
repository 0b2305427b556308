"""The numbers of a history, held against a naive count of the recording's lines."""

from __future__ import annotations

import pytest

from tests.history.recordings import assigner_line, box_line, count_line, picture_line, run_line, write
from tests.training.recorded import lines
from yolo_assign_trace.basics.box_sizes import SIZES
from yolo_assign_trace.formats.anchor_code import decode_anchors, encode_anchors
from yolo_assign_trace.history.against import hold_against
from yolo_assign_trace.history.history import read_history


@pytest.fixture(scope="module")
def history(recording):
    return read_history(recording)


def every_epoch(history):
    return [(*group, epoch) for group, epochs in history.groups.items() for epoch in epochs]


def test_every_part_head_and_epoch_is_there_in_order(history):
    numbers = {group: [epoch.number for epoch in epochs] for group, epochs in history.groups.items()}
    heads = ("one2many", "one2one")
    assert numbers == {(part, head): [0, 1, 2] for part in ("train", "val") for head in heads}
    assert history.heads == list(heads)
    assert history.levels == ["P3", "P4", "P5"]


def test_counts_are_those_of_all_calls(recording, history):
    counts = lines(recording, "counts")
    for part, head, epoch in every_epoch(history):
        own = [c for c in counts if (c["part"], c["head"], c["epoch"]) == (part, head, epoch.number)]
        assert epoch.tally.calls == len(own) > 0
        boxes = sum(sum(c["boxes"]) for c in own)
        positives = sum(sum(map(sum, c["positives"])) for c in own)
        assert epoch.tally.per_box() == pytest.approx(positives / boxes)
        assert epoch.tally.share_without() == pytest.approx(sum(sum(c["without"]) for c in own) / boxes)
        assert epoch.tally.contested == sum(c["contested"] for c in own)
        scores = sum(c["target_mean"] * sum(map(sum, c["positives"])) for c in own)
        assert epoch.tally.target_mean == pytest.approx(scores / positives)
        for n, _ in enumerate(SIZES):
            of_size = sum(c["boxes"][n] for c in own)
            without = sum(c["without"][n] for c in own)
            got = sum(row[n] for c in own for row in c["positives"])
            assert epoch.tally.per_box(n) == (pytest.approx(got / of_size) if of_size else None)
            assert epoch.tally.share_without(n) == (pytest.approx(without / of_size) if of_size else None)
        for level in history.levels:
            there = sum(sum(c["positives"][c["levels"].index(level)]) for c in own)
            assert epoch.tally.share_of(level) == pytest.approx(there / positives)


def test_churn_is_that_of_the_same_boxes_from_one_validation_to_the_next(recording, history):
    seen = {}
    for line in lines(recording, "boxes"):
        if "file" not in line:
            own = set(decode_anchors(line["owners"]))
            seen.setdefault((line["head"], line["picture"], line["gt"]), {})[line["epoch"]] = own
    for part, head, epoch in every_epoch(history):
        if part == "train" or epoch.number == 0:
            assert epoch.churn is None
            continue
        pairs = [(of[epoch.number - 1], of[epoch.number]) for key, of in seen.items() if key[0] == head]
        changes = [1 - len(a & b) / len(a | b) for a, b in pairs if a | b]
        assert epoch.churn.mean() == pytest.approx(sum(changes) / len(changes))


def test_boxes_that_never_had_a_positive_are_named_by_their_label_lines(recording, history):
    for head in history.heads:
        owners = {}
        for line in lines(recording, "boxes"):
            if line.get("head") == head:
                owners.setdefault((line["picture"], line["line"]), []).append(line["owners"])
        labels = f"{recording.parent}/labels"
        never = [f"{labels}/{picture}.txt:{line}" for (picture, line), of in owners.items() if not any(of)]
        assert [box.place for box in history.boxes.starving(head)] == never
        assert f"{labels}/0.txt:2" in never
        assert len(owners) == sum(box.head == head for box in history.boxes.boxes.values())
    first = history.boxes.starving("one2many")[0]
    assert (first.causes, first.epochs, first.label) == ({"no-anchor-inside": 3}, 3, 1)


A, B, C = (encode_anchors(anchors) for anchors in ([1, 2, 3], [2, 3, 4], []))

CHURN = [
    # owners of two boxes in two epochs, churn of the second epoch
    ((A, A), (A, A), 0.0),
    ((A, A), (B, A), 0.25),
    ((A, C), (C, C), 1.0),  # a box without positives in both is not counted
    ((C, C), (C, C), None),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHURN)
def test_churn_of_known_sets(tmp_path, before, after, expected):
    boxes = [
        picture_line(),
        *(box_line(e, gt, owners[gt]) for e, owners in enumerate((before, after)) for gt in (0, 1)),
    ]
    history = read_history(write(tmp_path, boxes=boxes))
    (epoch,) = history.groups["val", "one2many"]
    assert epoch.churn.mean() == epoch.churn.mean(0) == expected
    assert epoch.churn.mean(1) is None  # of a size that there is no box of


class TestSeveralProcesses:
    def test_counts_are_added(self, tmp_path):
        for rank in (0, 1):
            write(tmp_path, [run_line(rank=rank, world=2), assigner_line()], [count_line(0)], rank=rank)
        (epoch,) = read_history(tmp_path).groups["val", "one2many"]
        assert (epoch.tally.calls, epoch.tally.boxes.sum(), epoch.tally.by_size.sum()) == (2, 8, 24)

    def test_a_box_that_both_have_seen_counts_once(self, tmp_path):
        for rank in (0, 1):  # each numbers the pictures that it sees
            first = [picture_line(0, f"/d/images/{rank}.jpg", f"/d/labels/{rank}.txt")]
            same = [picture_line(1, "/d/images/2.jpg", "/d/labels/2.txt")]
            boxes = [box_line(epoch, 0, "", picture=number) for epoch in (0, 1) for number in (0, 1)]
            write(tmp_path, [run_line(rank=rank, world=2)], boxes=[*first, *same, *boxes], rank=rank)
        boxes = read_history(tmp_path).boxes
        assert sorted(box.place for box in boxes.starving()) == [f"/d/labels/{n}.txt:1" for n in range(3)]
        assert {box.epochs for box in boxes.boxes.values()} == {2}


class TestAgainst:
    @pytest.fixture
    def two(self, tmp_path):
        p2 = count_line(1, levels=["P2", "P3"], positives=[[6, 0, 9, 0, 0], [0, 0, 1, 0, 0]], without=[0] * 5)
        boxes = [picture_line(), *(box_line(0, gt, owners) for gt, owners in enumerate(("", "", A)))]
        others = [picture_line(), *(box_line(0, gt, owners) for gt, owners in enumerate(("", A, "")))]
        one = write(tmp_path / "a", counts=[count_line(0), count_line(1)], boxes=boxes)
        more = [run_line(), assigner_line("8.3.200", topk=13), assigner_line(head="one2one", topk=7)]
        other = write(tmp_path / "b", more, counts=[p2, count_line(2)], boxes=others)
        histories = [read_history(folder) for folder in (one, other)]
        return histories, hold_against(*histories)

    def test_epochs_are_matched_by_number(self, two):
        ((one, other),) = two[1].pairs["val", "one2many"]
        assert one.number == other.number == 1
        assert (one.tally.per_box(), other.tally.per_box()) == (3.0, 4.0)

    def test_settings_that_both_have_and_that_differ(self, two):
        assert two[1].settings == [
            ("release", "ultralytics 8.4.190", "ultralytics 8.3.200, ultralytics 8.4.190"),
            ("one2many topk", "10", "13"),
            ("one2one assigner", "-", "TaskAlignedAssigner"),
        ]

    def test_boxes_that_starve_in_one_or_both(self, two):
        places = {name: [place for _, place in boxes] for name, boxes in two[1].starving.items()}
        assert places == {
            "only_a": ["/d/labels/0.txt:2"],
            "only_b": ["/d/labels/0.txt:3"],
            "both": ["/d/labels/0.txt:1"],
        }
