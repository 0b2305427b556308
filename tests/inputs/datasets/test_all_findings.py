"""``labels --json`` and ``--all`` list every place, however many there are."""

from __future__ import annotations


def test_nothing_is_cut(yolo_assign, folder):
    (folder / "labels").mkdir()
    for i in range(3):
        (folder / "labels" / f"{i}.txt").write_text("0 .5 .5 x .5\n" * 700)
    for processes in ("1", "2"):
        (group,) = yolo_assign("labels", "labels", "--json", "--processes", processes).document["findings"]
        assert group["count"] == len(group["first"]) == 2100
    assert yolo_assign("labels", "labels", "--all").out.count("'x' is not a number") == 2100
    assert yolo_assign("labels", "labels").out.count("'x' is not a number") == 3
