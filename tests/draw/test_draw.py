"""Pictures hold what the trace says: every element of an SVG is checked against the trace's arrays."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.draw.drawn import SVG, box_of, drawn, image_of, random_labels, stored, with_header, with_images
from tests.traces.traces import STUDY_LABELS
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.basics.printable import printable
from yolo_assign_trace.draw.anchors import STAGES
from yolo_assign_trace.draw.sheet import Room, Sheet
from yolo_assign_trace.draw.theme import THEMES
from yolo_assign_trace.draw.theme import settings as theme_settings
from yolo_assign_trace.draw.work import DrawOptions, draw
from yolo_assign_trace.draw.write import FORMATS
from yolo_assign_trace.run.boxes_summary import CAUSES

CROWD = "".join(f"{i % 3} {0.3 + 0.03 * i:.2f} 0.4 0.5 0.5\n" for i in range(8))
SMALL_BOXES = "0 .5 .5 .01 .01\n1 .2 .2 .3 .04\n2 .7 .7 .4 .4\n1 .72 .7 .4 .4\n0 .1 .9 .004 .004\n"

TRACES = [
    # name, labels, shapes, assigner
    ("study", STUDY_LABELS, "study", "yolov8"),
    ("contested", CROWD, "study", "yolov8"),
    ("outside of the boxes", CROWD, "study", "8.0.0"),
    ("enlarged, kept best", CROWD, "study", "yolo26-one2one"),
    ("enlarged", SMALL_BOXES, "yolov8", "8.4.0"),
    ("floored", SMALL_BOXES, "yolov8-p6", "8.4.144"),
    ("four levels, images without boxes", "3 1 .5 .5 .9 .9\n1 0 .4 .4 .2 .2\n", "yolov8-p2", "yolov8"),
    ("no box at all", "", "study", "yolov8"),
]


def expected_marks(trace, image):
    """Sets of anchors by mark, told pair by pair: (candidates left hollow, positive, dropped), and lost pairs."""
    fg, owner = trace.array("fg_mask")[image], trace.array("target_gt_idx")[image]
    resolved = trace.array("mask_resolved" if "resolve.mask_resolved" in trace.outputs else "mask_pos")
    candidates, positive, won, lost = set(), set(np.flatnonzero(fg).tolist()), set(), set()
    for row, (i, gt, anchor) in enumerate(trace.array("pairs").tolist()):
        if i != image:
            continue
        candidates.add(anchor)
        if resolved[row]:
            won.add(anchor)
        elif trace.array("mask_topk")[row] and not (fg[anchor] and owner[anchor] == gt):
            lost.add((anchor, gt))
    dropped = won - positive
    return candidates - positive - dropped, positive, dropped, lost


@pytest.mark.parametrize(("labels", "shapes", "assigner"), [case[1:] for case in TRACES], ids=[c[0] for c in TRACES])
def test_an_image_shows_its_boxes_and_what_became_of_every_anchor(labels, shapes, assigner):
    trace = stored(labels, shapes, assigner)
    for image in range(len(trace.array("fg_mask"))):
        picture = image_of(trace, image)
        boxes = np.flatnonzero(trace.array("mask_gt")[image, :, 0]).tolist() if labels else []
        assert {name for name in picture.ids("gt-") if name.isdigit()} == set(map(str, boxes))
        hollow, positive, dropped, lost = expected_marks(trace, image)
        for prefix in ("", "all-"):  # the levels side by side, and all together
            assert picture.ids(f"{prefix}anchor-", "-positive") == set(map(str, positive))
            assert picture.ids(f"{prefix}anchor-", "-dropped") == set(map(str, dropped))
            names = {f"{anchor}-lost-by-{gt}" for anchor, gt in lost}
            assert {name for name in picture.ids(f"{prefix}anchor-") if "-lost-by-" in name} == names
            shown = sum(picture.count(f"{prefix}candidates-{level.name}") for level in trace.grid.levels)
            assert shown == len(hollow)


def test_the_traces_of_these_tests_hold_every_kind_of_mark():
    """Otherwise the test above could not fail."""
    kinds = set()
    for _, labels, shapes, assigner in TRACES:
        trace = stored(labels, shapes, assigner)
        for image in range(len(trace.array("fg_mask"))):
            found = zip(("hollow", "positive", "dropped", "lost"), expected_marks(trace, image), strict=True)
            kinds |= {name for name, marks in found if marks}
    assert kinds == {"hollow", "positive", "dropped", "lost"}


def test_enlarged_boxes_are_drawn_where_screening_used_one():
    trace = stored(SMALL_BOXES, "yolov8", "8.4.0")
    sides = np.diff(trace.array("gt_bboxes")[0].reshape(-1, 2, 2), axis=1)[:, 0]
    small = np.flatnonzero((sides < 8).any(axis=1)).tolist()  # the first stride
    assert small == [0, 4]
    assert image_of(trace).ids("gt-", "-screened") == {"0", "4"}
    plain = stored(SMALL_BOXES, "yolov8", "yolov8")
    assert image_of(plain).ids("gt-", "-screened") == set()


def test_boxes_without_positives_are_dashed_and_say_why():
    picture = image_of(stored(STUDY_LABELS))
    cause = CAUSES["metric-zero"]  # image 0 gt 1, as the closing line of the run says
    assert cause in " ".join(picture.texts)
    dashes = {
        name: "stroke-dasharray" in str(next(picture.by_id[name].iter(f"{SVG}path")).attrib)
        for name in ("gt-0", "gt-1")
    }
    assert dashes == {"gt-0": False, "gt-1": True}
    assert "no positives" in picture.text("gt-1-label")


def test_positives_are_filled_by_target_score():
    trace = stored(STUDY_LABELS)
    picture = image_of(trace)
    score = trace.array("target_scores")[0].max(axis=-1)
    for anchor in np.flatnonzero(trace.array("fg_mask")[0]).tolist():
        colour = mpl.colors.to_hex(mpl.colormaps["viridis"](float(score[anchor] / score.max())))
        mark = next(picture.by_id[f"anchor-{anchor}-positive"].iter(f"{SVG}use"))
        assert colour in mark.get("style", "")


def test_lost_anchors_carry_the_number_of_the_winner_or_are_counted():
    trace = stored(CROWD)
    picture = image_of(trace)
    owner = trace.array("target_gt_idx")[0]
    *_, lost = expected_marks(trace, 0)
    anchors = {anchor for anchor, _ in lost}
    named = {int(name) for name in picture.ids("all-anchor-", "-winner")}
    assert named
    assert named <= anchors
    for anchor in named:
        assert picture.text(f"all-anchor-{anchor}-winner") == str(owner[anchor])
    left_out = len(anchors - named)
    words = f"; {left_out} winner{'s' * (left_out != 1)} not named" if left_out else "by target score"
    assert any(text.startswith("All levels") and text.endswith(words) for text in picture.texts)


def test_a_stage_is_drawn_as_it_stood_then():
    trace = stored(CROWD)
    pictures = {stage: image_of(trace, 0, stage) for stage in STAGES}
    anchor, metric = trace.array("pairs")[:, 2], trace.array("align_metric")
    above, selected = (set(map(str, anchor[rows].tolist())) for rows in (metric > 0, trace.array("mask_topk")))
    positive = set(map(str, np.flatnonzero(trace.array("fg_mask")[0]).tolist()))
    expected = {
        # after this stage: anchors by kind of mark
        "screen": {},
        "align": {"metric": above},
        "topk": {"selected": selected},
        "resolve": {"positive": positive},
        "normalize": {"positive": positive},
    }
    for stage, marks in expected.items():
        found = {kind: pictures[stage].ids("anchor-", f"-{kind}") for kind in ("metric", "selected", "positive")}
        assert {kind: anchors for kind, anchors in found.items() if anchors} == marks
    assert sum(pictures["screen"].count(f"candidates-{level.name}") for level in trace.grid.levels) == len(set(anchor))


@pytest.mark.parametrize(
    ("labels", "shapes", "gt"), [(CROWD, "study", 3), (STUDY_LABELS, "study", 0), (SMALL_BOXES, "yolov8", 2)]
)
def test_a_box_shows_the_cells_it_selected_and_the_kth_value(labels, shapes, gt):
    trace = stored(labels, shapes)
    picture = box_of(trace, 0, gt)
    of_gt = (trace.array("pairs")[:, :2] == (0, gt)).all(axis=1)
    anchor, metric = trace.array("pairs")[of_gt, 2], trace.array("align_metric")[of_gt]
    tenth = np.sort(metric)[::-1][9]
    assert tenth > 0
    for what in ("score", "overlap", "metric"):
        selected = set(map(str, anchor[trace.array("mask_topk")[of_gt]].tolist()))
        assert picture.ids(f"{what}-anchor-", "-selected") == selected
    assert picture.ids("metric-anchor-", "-kth") == set(map(str, anchor[metric == tenth].tolist()))
    assert "kth-value" in picture.by_id
    assert str(trace.grid.address(int(anchor[metric == tenth][0]))) in picture.text("cut")


def test_the_trace_shows_all_anchors_the_funnel_and_where_positives_are(tmp_path):
    trace = stored(STUDY_LABELS)
    picture = drawn(trace, tmp_path, images=(3,))["trace"]
    for level in trace.grid.levels:
        assert picture.count(f"anchors-{level.name}") == level.anchors
    metric, fg = trace.array("align_metric"), trace.array("fg_mask")
    counts = {"candidate-pairs": len(metric), "metric-above-0": (metric > 0).sum()}
    counts |= {"selected-pairs": trace.array("mask_topk").sum(), "positive-anchors": fg.sum()}
    for name, count in counts.items():
        assert picture.text(f"funnel-{name}-count").split()[0] == str(count)
    boxes = trace.array("target_bboxes")[fg]
    sides = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    edges = [0, 8, 16, 32, 64, 128, 256, 512]
    totals = [str(((sides >= low) & (sides < high)).sum()) for low, high in pairwise(edges)]
    numbers = [text for text in picture.texts if text.isdigit()]
    assert all(total in numbers for total in totals)
    assert {f"P3-from-{low}" for low in edges[:-1]} <= picture.ids("positives-")
    assert len(picture.ids("target-scores-")) == 20


def test_one_box_and_300_have_the_same_layout():
    one = image_of(stored(random_labels(1), "yolov8", "8.4.190", px=640))
    many = image_of(stored(random_labels(300), "yolov8", "8.4.190", px=640), theme="dark")
    assert one.root.attrib == many.root.attrib
    for name in ("panel", "all-panel", "P3-panel", "P5-panel"):
        frames = [next(picture.by_id[name].iter(f"{SVG}path")).get("d") for picture in (one, many)]
        assert frames[0] == frames[1]
    assert "list-more" not in one.by_id
    listed = len(many.ids("list-", "-gt"))
    assert 10 < listed < 300
    assert many.text("list-more").startswith(f"... and {300 - listed} more boxes")
    labelled, caption = len(many.ids("gt-", "-label")), [text for text in many.texts if text.startswith("300 boxes,")]
    assert any(f"{300 - labelled} labels left out" in text for text in caption)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 90), st.floats(1, 40), st.floats(-20, 300), st.floats(-20, 300)), max_size=60))
def test_labels_never_overlap_or_leave_their_panel(wanted):
    room, placed = Room(300, 200), []
    for width, height, x, y in wanted:
        at = room.take(width, height, [(x, y), (x, y + height)])
        if at is not None:
            placed.append((*at, at[0] + width, at[1] + height))
    for i, (left, top, right, bottom) in enumerate(placed):
        assert 0 <= left <= right <= 300
        assert 0 <= top <= bottom <= 200
        for other in placed[:i]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


@given(st.text(max_size=60), st.floats(20, 200))
@settings(max_examples=20, deadline=None)
def test_text_is_cut_to_its_room(text, width):
    with theme_settings(THEMES["light"]):
        sheet = Sheet(400, 300, THEMES["light"])
        shown = sheet.cut(printable(text), width)
        assert sheet.measure(shown) <= width or shown == "…"


def test_names_are_text():
    names = ["$x$", "<script>alert(1)</script>", r"a&b \frac{1}{2}$"]
    trace = with_header(stored(STUDY_LABELS), {"names": json.dumps(names)})
    trace = with_images(trace, "", "", "<b>$y$&amp;.jpg")
    # the boxes of image 2 have classes 2, 1, 0
    image, box = image_of(trace, 2), box_of(trace, 2, 1)
    assert image.text("title") == "Image 2: <b>$y$&amp;.jpg"
    assert box.text("title").startswith("Image 2, gt 1: <script>alert(1)</script>, ")
    assert image.text("gt-2-label") == "2 $x$"
    assert image.text("gt-0-label") == f"0 {names[2]}"
    assert {element.tag for element in image.root.iter()} == {
        element.tag for element in image_of(stored(STUDY_LABELS)).root.iter()
    }


def test_control_characters_in_names_do_not_break_the_file():
    named = with_header(stored(STUDY_LABELS), {"names": json.dumps(["", "a\x1b[31m\0b\u202e"])})
    picture = image_of(with_images(named, "\udc80\x07.jpg"))
    assert picture.text("list-0-class") == r"a\x1b[31m\x00…"


def test_a_trace_that_lacks_an_output_is_told_before_anything_is_written(tmp_path):
    trace = stored(STUDY_LABELS)
    part = replace(trace, outputs={key: out for key, out in trace.outputs.items() if out.name != "cutoff"})
    with pytest.raises(InputError, match="no output 'cutoff'"):
        draw(part, tmp_path / "out", DrawOptions(), print)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_trace_gives_the_same_bytes(tmp_path, format):
    trace = stored(STUDY_LABELS)
    wanted = DrawOptions(images=(0,), format=format)
    first, second = ([path.read_bytes() for path in draw(trace, tmp_path / name, wanted, print)] for name in "ab")
    assert len(first) == 2
    assert first == second


def test_settings_of_matplotlib_neither_matter_nor_change(tmp_path):
    trace = stored(STUDY_LABELS)
    before = [path.read_bytes() for path in draw(trace, tmp_path / "a", DrawOptions(images=(0,), format="svg"), print)]
    with mpl.rc_context({"text.usetex": False, "font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path"}):
        mine = dict(mpl.rcParams)
        after = [
            path.read_bytes() for path in draw(trace, tmp_path / "b", DrawOptions(images=(0,), format="svg"), print)
        ]
        assert dict(mpl.rcParams) == mine
    assert before == after
