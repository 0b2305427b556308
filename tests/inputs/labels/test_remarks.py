"""What a trace says of label files that pass: rows by example, whole files in one line."""

from __future__ import annotations

from yolo_assign_trace.inputs.labels.findings import Finding, remarks_about


def test_files_as_a_whole_take_one_line_and_rows_three():
    missing = [Finding("image-not-found", "there is no such image", f"{i}.png") for i in range(400)]
    rows = [Finding("zero-size", "the box is 0 wide and 0 high", "a.txt", line) for line in range(1, 6)]
    assert remarks_about([*missing, *rows]) == (
        "0.png: there is no such image (and 399 more); training never sees it [image-not-found]",
        *(
            f"a.txt:{line}: the box is 0 wide and 0 high; the box contains no anchor and gets no positive [zero-size]"
            for line in (1, 2, 3)
        ),
        "2 more of [zero-size]; yolo-assign labels lists them",
    )
    assert remarks_about(missing[:1]) == ("0.png: there is no such image; training never sees it [image-not-found]",)
