"""What is counted beside candidates, held against plain loops: groups, crowds, what would help, ladders of inputs."""

from __future__ import annotations

from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest

from tests.audit.made import chunk_of, counted_by_audit, question
from yolo_assign_trace.audit.count import climb, count_chunk
from yolo_assign_trace.audit.geometry.candidates import screen
from yolo_assign_trace.audit.geometry.crowds import nested, pairs_inside, without_own
from yolo_assign_trace.audit.question import MAX_LADDER, Combination, Question
from yolo_assign_trace.audit.report import Report, Smallest
from yolo_assign_trace.audit.run import audit
from yolo_assign_trace.audit.tally import BOXES, CANDIDATES, FEW, NEVER, Ladder, Picture, Tally, added, worst_of
from yolo_assign_trace.audit.workers import Pool
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.heads.points import grid_of_strides

RELEASES = ["8.3.253", "8.4.60", "8.4.190"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crowds of small boxes: 30 files of 25."""
    folder, random = tmp_path_factory.mktemp("crowds"), np.random.RandomState(6)
    for number in range(30):
        centres, sides = random.uniform(0.05, 0.95, (25, 2)), random.choice([0.005, 0.012, 0.02, 0.1, 0.4], (25, 2))
        rows = np.concatenate([centres, sides], axis=1)
        text = [f"{random.randint(3)} " + " ".join(f"{value:.6f}" for value in row) for row in rows]
        (folder / f"{number:02d}.txt").write_text("\n".join(text))
    return folder


def asked(release: str, *sizes: tuple[int, int], **options: object) -> Question:
    return question(release, sizes or [(320, 320)], image_size=(640, 480), **options)


# --- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_boxes_are_counted_by_class_by_size_and_by_number_of_candidates(source, release):
    ask = asked(release)
    counted, levels = count_chunk(chunk_of(source, ask), ask.combinations[0], ask)
    boxes, k = counted_by_audit(source, ask), ask.combinations[0].k
    assert counted.boxes == len(boxes) == 750
    assert counted.candidates == sum(boxes.values()) == levels.sum()
    assert counted.without == sum(number == 0 for number in boxes.values())
    assert counted.fewer == sum(0 < number < k for number in boxes.values())
    for label in range(3):
        own = [number for (_, _, other), number in boxes.items() if other == label]
        row = counted.by_class[label].tolist()
        assert row == [len(own), own.count(0), sum(0 < n < k for n in own), sum(own)]
    for table in (counted.by_class, counted.by_size, counted.by_picture):
        assert table[:, BOXES].sum() == counted.boxes
        assert table[:, NEVER].sum() == counted.without
        assert table[:, FEW].sum() == counted.fewer
        assert table[:, CANDIDATES].sum() == counted.candidates
    named = {(Path(place.path).name, place.line, place.label): place.candidates for place in counted.never}
    assert named == {key: 0 for key, number in boxes.items() if not number}


# --- crowds ----------------------------------------------------------------------------------------------------------


def boxes_of_images(count: int, images: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """(4, box) fractions, many of them alike, and (box,) ascending numbers of images."""
    centres = random.choice([0.2, 0.21, 0.3, 0.5, 0.51, 1.0], (2, count))
    sides = random.choice([0.02, 0.1, 0.5], (2, count))
    return np.concatenate([centres, sides]), np.sort(random.randint(images, size=count))


@pytest.mark.parametrize("at_once", [1, 50, 1 << 21])
@pytest.mark.parametrize("room", [0, 0.05])
def test_pairs_inside_each_other_are_those_of_a_loop(at_once, room, monkeypatch):
    monkeypatch.setattr("yolo_assign_trace.audit.geometry.crowds._AT_ONCE", at_once)
    fractions, picture = boxes_of_images(150, 20, np.random.RandomState(7))
    low, high = fractions[:2] - fractions[2:] / 2, fractions[:2] + fractions[2:] / 2
    portions = pairs_inside(low, high, picture, room)
    found = [pair for a, b in portions for pair in zip(a.tolist(), b.tolist(), strict=True)]
    assert len(set(found)) == len(found)
    assert set(found) == {
        (a, b)
        for a, b in permutations(range(150), 2)
        if picture[a] == picture[b]
        and (low[:, a] >= low[:, b] - room).all()
        and (high[:, a] <= high[:, b] + room).all()
    }
    if room == 0:
        assert nested(np.concatenate([low, high]), picture).tolist() == [i in dict(found) for i in range(150)]


@pytest.mark.parametrize("strides", [(8, 16, 32), (32,), (10, 30)])
@pytest.mark.parametrize("enlarged_below", [None, 0, 1])
def test_boxes_without_a_candidate_of_their_own_are_those_of_a_loop(strides, enlarged_below):
    grid = grid_of_strides((160, 160), strides)
    fractions, picture = boxes_of_images(200, 25, np.random.RandomState(8))
    seen = screen(fractions, grid, enlarged_below)
    sets = []
    for i in range(200):
        anchors = set()
        for level, (left, right, top, bottom) in zip(grid.levels, seen.ranges[:, :, i].tolist(), strict=True):
            anchors |= {(level.name, x, y) for x in range(left, right) for y in range(top, bottom)}
        sets.append(anchors)
    assert [len(anchors) for anchors in sets] == seen.total.tolist()
    others = [[j for j in range(200) if picture[j] == picture[i] and j != i] for i in range(200)]
    shared, twin = without_own(seen, picture, grid)
    assert shared.tolist() == [bool(sets[i]) and any(sets[i] <= sets[j] for j in others[i]) for i in range(200)]
    assert (twin >= 0).tolist() == [bool(sets[i]) and any(sets[i] == sets[j] for j in others[i]) for i in range(200)]
    assert all(sets[i] == sets[j] for i, j in enumerate(twin.tolist()) if j >= 0)
    assert 0 < shared.sum() < 200


# --- what would help -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_what_helps_is_what_the_other_combination_counts(source, release):
    """Of the boxes that lack candidates here, those that have enough there."""
    ask = asked(release, (320, 320), (480, 480), (640, 640))
    one = ask.combinations[0]
    counted, here = count_chunk(chunk_of(source, ask), one, ask)
    assert list(counted.helped) == ["imgsz 480", "imgsz 640", "a level P2 of stride 4"]
    here = here.sum(axis=0)
    for what, other in zip(counted.helped, [*ask.combinations[1:], one.with_finer_level()], strict=True):
        there = count_chunk(chunk_of(source, ask), other, ask)[1].sum(axis=0)
        expected = [int(((here == 0) & (there > 0)).sum()), int(((here < one.k) & (there >= one.k)).sum())]
        assert counted.helped[what].tolist() == expected


def test_without_larger_inputs_asked_for_one_and_a_half_and_twice_the_input_are_tried():
    ask = asked("8.3.253", (640, 640))
    assert [one.imgsz for one in ask.larger(ask.combinations[0])] == [(960, 960), (1280, 1280)]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("mode", ["val", "train"])
def test_a_ladder_counts_what_every_input_by_itself_counts(source, release, mode):
    """Boxes that are left out because they must have enough do have enough at every larger input."""
    ask = asked(release, (160, 160), mode=mode)
    (ladder,), chunk = ask.ladders(), chunk_of(source, ask)
    climbed = climb(chunk, ladder)
    assert ladder[0].imgsz == (160, 160)
    assert max(ladder[-1].imgsz) >= MAX_LADDER
    for one, (never, lacking) in list(zip(ladder, climbed.lacking.tolist(), strict=True))[::3]:
        counted, _ = count_chunk(chunk, one, ask)
        assert (never, lacking) == (counted.without, counted.without + counted.fewer), one.name
    assert climbed.lacking[0, 1] > climbed.lacking[-1, 1]


def test_every_input_of_a_ladder_is_a_little_larger_than_the_one_before():
    for shapes in ("yolov8", "yolov8-p6"):
        (ladder,) = asked("8.3.253", (640, 640), shapes=(shapes,)).ladders()
        sides = [one.imgsz[0] for one in ladder]
        assert all(side % ladder[0].shapes.strides[-1] == 0 for side in sides)
        assert all(1 < larger / side <= 1.1 for side, larger in pairwise(sides))


def test_the_smallest_input_at_which_enough_boxes_have_enough():
    (ladder,) = asked("8.3.253", (640, 640)).ladders()
    lacking = np.array([[11, 50], [10, 20], [1, 10], [2, 5], *[[0, 1]] * (len(ladder) - 4)])
    smallest = Smallest.of(ladder, Ladder(100, lacking))
    assert smallest.candidate == {90: ladder[1].size_text, 99: ladder[2].size_text, 100: ladder[4].size_text}
    assert smallest.enough == {90: ladder[2].size_text, 99: ladder[4].size_text, 100: None}


# --- pictures --------------------------------------------------------------------------------------------------------


def test_the_pictures_with_most_boxes_and_what_padding_costs(tmp_path):
    """Batches of two: 1 and 3 boxes, 0 and 2, and 5 alone."""
    for number, count in enumerate([1, 3, 0, 2, 5]):
        rows = [f"0 {0.1 + 0.15 * i:.2f} .5 .1 .1" for i in range(count)]
        (tmp_path / f"{number}.txt").write_text("\n".join(rows))
    ask = question(image_size=(640, 640), batch=2)
    dataset = open_dataset(tmp_path)
    read = audit(dataset, ask, Pool(1)).read[0]
    assert (read.real, read.padded) == (11, 3 * 2 + 2 * 2 + 5)
    assert [(picture.boxes, picture.number) for picture in read.worst] == [(5, 4), (3, 1), (2, 3), (1, 0)]
    one_box = sum(int(n) for n in screen(np.array([[0.1], [0.5], [0.1], [0.1]]), ask.combinations[0].grid, None).total)
    assert read.worst[-1].pairs == (one_box,)
    assert read.heat.sum() == 11
    assert read.heat[8].tolist()[:6] == [0, 4, 0, 0, 3, 0]  # x 0.1 lies in column 1, 0.25 begins column 4


def test_of_pictures_with_as_many_boxes_the_first_come_first():
    pictures = [Picture(boxes, number, "", 0, 0, ()) for number, boxes in enumerate([1, 3, 3, 2] * 5)]
    assert [picture.number for picture in worst_of(pictures)] == [1, 2, 5, 6, 9, 10, 13, 14, 17, 18]


def test_tables_of_different_length_are_added():
    assert added(np.array([[1, 2]]), np.array([[3, 4], [5, 6]])).tolist() == [[4, 6], [5, 6]]


def test_boxes_of_images_of_unknown_size_are_left_out_and_counted(tmp_path):
    (tmp_path / "a.txt").write_text("0 .5 .5 .1 .1\n1 .2 .2 .1 .1\n")
    dataset, ask = open_dataset(tmp_path), question()
    tally: Tally = audit(dataset, ask, Pool(1))
    assert (tally.read[0].unplaced, tally.counted[0].boxes) == (2, 0)
    assert Report(dataset, ask, tally).smallest[0].candidate[100]  # of nothing, everything


def test_combinations_have_names_that_people_and_databases_take():
    one: Combination = question("8.4.190", [(384, 640)], shapes=("yolov8-p2",)).combinations[0]
    assert (one.name, one.column) == ("384x640 yolov8-p2 8.4.190", "384x640_yolov8_p2")
