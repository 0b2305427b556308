"""A log that was cut, edited or shuffled: the line that does not fit is told; never wrong arrays, never a crash."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces.traces import KINDS, SMALL, traced
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.traces.run_log import read_run_log


class Log:
    """A log as text, its arrays, and a place for edited copies."""

    def __init__(self, folder: Path, kind) -> None:
        path = folder / "whole.log"
        traced(folder, kind, RunLog(path))
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.split("\n")
        self.outputs = read_run_log(path).outputs
        self.path = folder / "edited.log"

    def error(self, text: str) -> InputError | None:
        """The error that ``text`` gives; None if it gives the same arrays. Anything else fails."""
        self.path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found = read_run_log(self.path).outputs
        except InputError as error:
            problem = error
        else:
            assert list(found) == list(self.outputs)
            for key, stored in self.outputs.items():
                assert np.array_equal(found[key].array, stored.array), key
            return None
        assert problem.message
        return problem

    def line_of(self, error: InputError | None) -> int:
        """The line number that an error names."""
        assert error is not None, "this log was accepted"
        assert error.where.startswith(f"{self.path}:"), error
        return int(error.where.removeprefix(f"{self.path}:"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Log(tmp_path_factory.mktemp("study"), KINDS[0])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Log(tmp_path_factory.mktemp("small"), SMALL)


@pytest.mark.parametrize("line_end", ["\n", ""], ids=["after the line end", "before the line end"])
def test_a_log_that_breaks_off_after_a_line(study, line_end):
    for number in [*range(1, 12), *range(12, len(study.lines) - 1, 200), len(study.lines) - 2]:
        line = study.line_of(study.error("\n".join(study.lines[:number]) + line_end))
        assert line in (number, number + 1)


def test_a_log_that_breaks_off_within_a_line(small):
    for length in range(0, len(small.text) - 2, 97):
        number = small.text.count("\n", 0, length) + 1
        assert small.line_of(small.error(small.text[:length])) in (number, number + 1)
    assert small.error(small.text.rstrip("\n")) is None  # only the last line end is missing


EDITS = [
    # what, the first match of this ..., becomes this, the error may be that many lines further down
    ("another format", r"format 2$", "format 3", 0),
    ("no log", r"# yolo-assign trace, format 2", "# something else", 0),
    ("an unreadable grid", r"^# grid .*$", "# grid      large", 0),
    ("a grid that does not tile", r"640x640 px", "640x641 px", 0),
    ("unreadable digits", r"^# digits .*$", "# digits    ²", 0),
    ("settings that are no JSON", r"^# settings .*$", "# settings  topk 10", 0),
    ("settings of another kind", r"^# settings .*$", "# settings  []", 0),
    ("settings with a word for a number", r'"topk": 10', '"topk": "ten"', 0),
    ("settings with a number for boxes", r'"boxes": \[[^]]*\]', '"boxes": 7', 0),
    ("settings with an image without a name", r'"images": \[\]', '"images": [{}]', 0),
    ("an unknown line", r"^-- = 84 anchors", "= 84 anchors", 0),
    ("an unknown line between values", r"^pred_distri\[0,4\]", "note\npred_distri[0,4]", 0),
    # beginnings of value lines
    ("another index", r"^pred_distri\[0,4\]", "pred_distri[0,5]", 0),
    ("another level", r"^pred_distri\[1,70\] P4", "pred_distri[1,70] P3", 0),
    ("another column", r"^(gt_.*\n)*^pred_scores\[0,3\] P3 y0 x3", "pred_scores[0,3] P3 y0 x4", 0),
    ("another name", r"^pd_scores\[0,3\]", "pred_scores[0,3]", 0),
    ("another row of cells", r"^fg_mask\[1\] P3 y2", "fg_mask[1] P3 y3", 0),
    ("another pair", r"^align_metric\[0,0,12\]", "align_metric[0,0,13]", 0),
    ("one space less", r"^(cutoff\[0,0\])  ", r"\1 ", 0),
    # values
    ("no number", r"(?<=^pred_distri\[0,4\] P3 y0 x4  )\S+", "1.2.3", 0),
    ("no whole number", r"(?<=^gt_labels\[0,0\]  )1", "1.5", 0),
    ("too large a number", r"(?<=^gt_labels\[0,0\]  )1", "99999999999999999999", 0),
    ("no mask", r"(?<=^fg_mask\[1\] P3 y2  )\S", "x", 0),
    ("a value too few", r"(?<=^pred_distri\[0,4\] P3 y0 x4  )\S+ ", "", 0),
    ("a value too many", r"(?<=^pred_distri\[0,4\] P3 y0 x4  )", "1.5 ", 0),
    ("no value", r"(?<=^cutoff\[0,0\]  ).*", "", 0),
    ("a cell too few", r"(?<=^fg_mask\[1\] P3 y2  )\S ", "", 0),
    ("a fold too long", r"(?<=^gt_bboxes\[0,2\]  )0.0\*4", "0.0*5", 0),
    ("a fold of less than nothing", r"(?<=^gt_bboxes\[0,2\]  )0.0\*4", "0.0*-4", 0),
    ("a fold beyond all memory", r"(?<=^gt_bboxes\[0,2\]  )0.0\*4", "0.0*999999999999999", 0),
    # masks over pairs
    ("an unknown cell", r"(?<=^mask_topk\[0,0\] P3 y1  )\.", "x", 0),
    ("a candidate too many", r"(?<=^mask_topk\[0,0\] P3 y1  )\.", "o", 0),
    ("a candidate too few", r"(?<=^mask_topk\[0,0\] P3 y1  \. \. )o", ".", 0),
    ("a row that the grid does not have", r"^mask_in_gts\[0,0\] P3 y3", "mask_in_gts[0,0] P3 y9", 0),
    ("a level that the grid does not have", r"^mask_in_gts\[0,0\] P3 y3", "mask_in_gts[0,0] P9 y3", 0),
    ("an image that the batch does not have", r"^mask_in_gts\[3,0\] P4 y2", "mask_in_gts[7,0] P4 y2", 0),
    # tables over pairs
    ("a column too few", r"(?<=^align_metric\[0,0,12\] P3 y1 x4  )class_scores=\S+ ", "", 0),
    ("a renamed column", r"(?<=^align_metric\[0,0,12\] P3 y1 x4  )class_scores", "scores", 0),
    ("an empty column", r"(?<=^align_metric\[0,0,12\] P3 y1 x4  class_scores=)\S+", "", 0),
    ("a part too few", r"(?<=^bbox_deltas\[0,0,10\] P3 y1 x2  bbox_deltas=)[^,]+,", "", 0),
    ("other columns announced", r"^-- one line a pair: class_scores, ", "-- one line a pair: ", 0),
    ("no table", r"^-- one line a pair: bbox_deltas", "-- ", 1),
    # declarations
    ("an unknown type", r"(?<=^gt_bboxes  )float32", "float31", 1),
    ("a type that no output has", r"(?<=^gt_bboxes  )float32", "object", 1),
    ("a size that is no number", r"(?<=^gt_bboxes  float32 \[image )4", "many", 1),
    ("a size below zero", r"(?<=^gt_bboxes  float32 \[image )4", "-4", 1),
    ("a size below zero of pairs", r"(?<=^bbox_deltas  float32 \[pair )86", "-86", 1),
    ("a size beyond all memory", r"(?<=^bbox_deltas  float32 \[pair )86", "99999999999999", 1),
    ("another size than the grid's", r"(?<=^fg_mask  bool \[image 4, anchor )84", "85", 1),
    ("a missing axis", r"(?<=^fg_mask  bool \[)image 4, anchor 84", "anchor 84", 1),
    ("only a channel", r"(?<=^gt_bboxes  float32 \[)image 4, gt 3, xyxy 4", "xyxy 4", 1),
    # the end
    ("text after the end", r"^(# end of .*)$", r"\1\nmore", 1),
]


@pytest.mark.parametrize(("pattern", "text", "further"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_an_edited_line_is_told_with_its_number(study, pattern, text, further):
    match = re.search(pattern, study.text, re.MULTILINE)
    assert match, "the log has changed; the edit no longer applies"
    edited = study.text[: match.start()] + match.expand(text) + study.text[match.end() :]
    number = study.text.count("\n", 0, match.start()) + 1
    assert number <= study.line_of(study.error(edited)) <= number + further


def test_the_format_of_the_log_and_of_the_reader_are_both_told(study):
    error = study.error(study.text.replace("format 2\n", "format 7\n", 1))
    assert "this log has format 7, this version reads format 1 and 2" in str(error)
    assert error.id == "wrong-log"


def test_lines_out_of_order(study):
    """Two lines of values change places: the first of them is told."""
    values = [i for i, line in enumerate(study.lines) if re.match(r"\w+(\[| P)", line)]
    for first, second in zip(values[::150], values[40::150], strict=False):
        lines = study.lines.copy()
        lines[first], lines[second] = lines[second], lines[first]
        number = study.line_of(study.error("\n".join(lines)))
        assert number == first + 1 or study.lines[first].startswith("mask_in_gts")


def test_deleting_or_doubling_any_line_is_told_or_does_no_harm(small):
    for number, line in enumerate(small.lines[:-1]):
        for instead in ([], [line, line]):
            error = small.error("\n".join([*small.lines[:number], *instead, *small.lines[number + 1 :]]))
            if error is not None:
                assert small.line_of(error) <= len(small.lines) + 1
            elif line not in instead or not line.startswith("== "):
                # only remarks, blank lines and header lines that carry no array may come and go
                assert not re.match(r"\w|== \d", line), (
                    f"line {number + 1} {'doubled' if instead else 'deleted'}: {line}"
                )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_putting_anything_in_the_place_of_any_line_is_told_or_does_no_harm(small, data):
    number = data.draw(st.integers(0, len(small.lines) - 1), "line")
    other = data.draw(
        st.one_of(
            st.sampled_from(small.lines),  # another line of the log
            st.text(),
            st.tuples(st.sampled_from(small.lines), st.integers(1, 40)).map(lambda cut: cut[0][cut[1] :]),
            st.integers(0, 60).map(lambda length: small.lines[number].partition("  ")[0][:length]),
        ),
        "instead",
    )
    lines = [*small.lines[:number], other, *small.lines[number + 1 :]]
    error = small.error("\n".join(lines))
    assert error is None or error.id in ("wrong-log", "not-text")


NO_LOGS = [
    # content of the file (None: no such file), id
    (None, "no-such-file"),
    (b"", "wrong-log"),
    (b"\n", "wrong-log"),
    (b"# yolo-assign trace, format 2", "wrong-log"),
    (b"# yolo-assign trace, format 2\n", "wrong-log"),
    (b"\x89PNG\0", "not-text"),
    (b"# yolo-assign trace, format 2\n\xff", "not-text"),
    (b"0 0.5 0.5 0.5 0.5\n", "wrong-log"),  # a label file
]


@pytest.mark.parametrize(("content", "id"), NO_LOGS)
def test_other_files(tmp_path, content, id):
    path = tmp_path / "other"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_run_log(path)
    assert caught.value.id == id
    assert caught.value.where.startswith(str(path))
