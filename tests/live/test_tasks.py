"""Calls of assigners that have no equal here yet are saved with all that they were given."""

from __future__ import annotations

import pytest

from tests.live.releases import RELEASES, SETTINGS, Release, dataset
from tests.training.recorded import calls, lines
from yolo_assign_trace.assignment.call import CALL, RESULTS

CASES = [
    # release, model, task, extra inputs of its assigner
    ("8.4.190", "yolo26n-pose", "pose", {"anc_strides", "gt_kpts", "pd_kpts"}),
    ("8.4.190", "yolo26n-seg", "segment", {"gt_masks", "mask_scale", "pd_coef", "proto"}),
    ("8.4.190", "yolo26n-obb", "obb", set()),
    ("8.3.200", "yolov8n-obb", "obb", set()),
]
USUAL = {*CALL, *(f"output.{name}" for name in RESULTS), "topk", "topk2", "alpha", "beta", "strides", "imgsz"}
STEPS, VALIDATION_BOXES = 2, 16


@pytest.mark.parametrize(("number", "model", "task", "extra"), CASES, ids=["-".join(case[:2]) for case in CASES])
def test_all_inputs(number, model, task, extra, tmp_path):
    if number not in RELEASES:
        pytest.skip(f"{number} is not among RELEASES={' '.join(RELEASES)}")
    release = Release(number, tmp_path)
    release.prepare()
    data = dataset(tmp_path / "d", task)
    command = [*release.yolo, task, "train", f"model={model}.yaml", f"data={data}", "epochs=1", "batch=4", *SETTINGS]
    release.watch(["--out", "w", "--every", "1"], [*command, f"project={tmp_path / 'runs'}"])
    heads = ("one2many", "one2one") if "26" in model else ("one2many",)
    saved = calls(tmp_path / "w")
    assert len(saved) == STEPS * len(heads)
    for tensors, texts in saved.values():
        assert {name for name in tensors if not name.startswith("assigner.")} - USUAL == extra
        assert texts["assigner"].endswith("TaskAlignedAssigner")
        assert not texts["assigner"].endswith(".TaskAlignedAssigner")
    counted = lines(tmp_path / "w", "counts")
    assert {line["contested"] for line in counted} == {None}
    assert {line["head"] for line in counted} == set(heads)
    boxes = [line for line in lines(tmp_path / "w", "boxes") if "gt" in line]
    assert sum(line["line"] is not None for line in boxes) == VALIDATION_BOXES * len(heads)
