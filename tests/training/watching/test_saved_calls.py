"""A saved call: everything the assigner was given and answered, readable by trace, equal when it is replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.commands import Outcome
from tests.training.recorded import calls, kinds, lines
from yolo_assign_trace import Grid, assign, find_assigner, watch
from yolo_assign_trace.assignment.call import CALL, RESULTS
from yolo_assign_trace.formats.call_file import write_tensors
from yolo_assign_trace.training.watching.saved_call import _CODES, _raw, as_bytes

GRID = Grid.of((64, 64), [(8, 8), (4, 4), (2, 2)])


@pytest.fixture
def seen(site, train):
    """Inputs and outputs of the first call of a training, as the assigner itself got them."""
    from ultralytics.utils.tal import TaskAlignedAssigner

    own, found = TaskAlignedAssigner.forward, []

    def forward(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
        six = pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt
        found.append((six, own(self, *six)))
        return found[-1][1]

    TaskAlignedAssigner.forward = forward
    return found


def test_inputs_and_outputs_are_those_of_the_call(site, seen, train):
    with watch("w", every=2):
        train()
    saved = calls(site / "w")
    assert list(saved) == [f"step00000{n}-one2many-rank0.safetensors" for n in (0, 2, 4)]
    for (tensors, _), (six, answer) in zip(saved.values(), (seen[0], seen[2], seen[5]), strict=True):  # 3: validation
        for name, tensor in [*zip(CALL, six, strict=True), *zip([f"output.{n}" for n in RESULTS], answer, strict=True)]:
            assert tensors[name].dtype == tensor.dtype
            assert torch.equal(tensors[name], tensor)


def test_what_stands_beside_them(site, train):
    with watch("w", pictures=True):
        train()
    tensors, texts = calls(site / "w")["step000000-one2many-rank0.safetensors"]
    assert tensors["topk"] == 10
    assert (tensors["alpha"], tensors["beta"]) == (0.5, 6.0)
    assert tensors["imgsz"].tolist() == [64, 64]
    assert tensors["strides"].tolist() == [8, 16, 32]
    from ultralytics.engine.trainer import BaseTrainer

    own = BaseTrainer(site).batch(0)["img"]
    assert tensors["pictures"].dtype == torch.uint8
    assert torch.equal(tensors["pictures"], (own * 255).round().to(torch.uint8))
    assert texts == {
        "format": "yolo-assign call 1",
        "assigner": "ultralytics.utils.tal.TaskAlignedAssigner",
        "package": "ultralytics",
        "release": "8.3.200",
        "head": "one2many",
        "part": "train",
        "epoch": 0,
        "step": 0,
        "batch": 0,
        "parameters": {"topk": 10, "num_classes": 3, "alpha": 0.5, "beta": 6.0, "eps": 1e-9},
        "arguments": {},
        "class_names": ["a", "b", "c"],
        "images": ["/pictures/0.jpg", "/pictures/1.jpg"],
        "reg_max": 2,
    }


def test_pictures_are_left_out_unless_asked_for(site, train):
    with watch("w"):
        train(epochs=1)
    assert "pictures" not in calls(site / "w")["step000000-one2many-rank0.safetensors"][0]


@pytest.mark.parametrize("kind", ["detect", "e2e"])
def test_replayed_they_give_what_was_answered(site, train, kind):
    with watch("w", every=1):
        train(kind=kind)
    saved = calls(site / "w")
    assert len(saved) == 6 * (1 + (kind == "e2e"))
    for tensors, texts in saved.values():
        own = find_assigner(texts["release"]).with_parameters(topk=texts["parameters"]["topk"])
        again = assign(*(tensors[name] for name in CALL), grid=GRID, assigner=own)
        for name in RESULTS:
            recorded = tensors[f"output.{name}"]
            if recorded.is_floating_point():
                assert torch.allclose(again[name], recorded, rtol=0, atol=1e-6)
            else:
                assert torch.equal(again[name].to(recorded.dtype), recorded)


def test_trace_reads_them(site, train, yolo_assign):
    with watch(site / "w", pictures=True):
        train(epochs=1)
    call = str(site / "w" / "calls" / "step000000-one2many-rank0.safetensors")
    done: Outcome = yolo_assign("trace", "--capture", call, "--no-log", "--json")
    assert done.code == 0
    positives = sum(map(sum, lines(site / "w", "counts")[0]["positives"]))
    assert sum(box["positives"] for box in done.document["boxes"]) == positives


def test_extra_inputs_and_tensors_of_other_assigners(site, train):
    with watch("w", every=1):
        train(kind="pose", epochs=1)
    tensors, texts = calls(site / "w")["step000000-one2many-rank0.safetensors"]
    assert tensors["anc_strides"].shape == (84, 1)
    assert tensors["gt_kpts"].shape == (2, 4, 2, 3)
    assert tensors["assigner.sigmas"].tolist() == [0.5, 0.5]
    assert texts["assigner"] == "ultralytics.utils.tal.PoseTaskAlignedAssigner"
    assert lines(site / "w", "counts")[0]["contested"] is None
    assert {line["cause"] for line in lines(site / "w", "boxes") if "gt" in line} == {"", None}
    assert next(line for line in lines(site / "w", "run") if line["kind"] == "assigner")["replayed"] is False


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_kept_and_counted(site, train, monkeypatch, dtype):
    from ultralytics.utils.tal import TaskAlignedAssigner

    own = TaskAlignedAssigner.forward

    def called(self, pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt):
        wide = pd_scores.float(), pd_bboxes.float(), anc_points.float(), gt_labels, gt_bboxes, mask_gt
        return own(self, *wide)

    def halved(self, *six):
        return TaskAlignedAssigner.forward(self, six[0].to(dtype), six[1], six[2].to(dtype), *six[3:])

    monkeypatch.setattr(TaskAlignedAssigner, "forward", called)
    monkeypatch.setattr(TaskAlignedAssigner, "__call__", halved)
    with watch("w"):
        train(epochs=1)
    tensors, _ = calls(site / "w")["step000000-one2many-rank0.safetensors"]
    assert tensors["pd_scores"].dtype == tensors["anc_points"].dtype == dtype
    assert tensors["pd_bboxes"].dtype == torch.float32
    assert lines(site / "w", "counts")[0]["contested"] is not None
    assert kinds(site / "w")[-1] == "end"


PICTURES = [
    # as a batch may hold them
    torch.arange(256, dtype=torch.uint8),
    torch.arange(256, dtype=torch.float32) / 255,
    torch.arange(256, dtype=torch.float16) / 255,
    (torch.arange(256, dtype=torch.float32) / 255).bfloat16(),
]


@pytest.mark.parametrize("pictures", PICTURES, ids=lambda tensor: str(tensor.dtype))
def test_pictures_as_bytes(pictures):
    miss = 1 if pictures.dtype == torch.bfloat16 else 0  # 8 bits of which one is the sign of the exponent
    assert (as_bytes(pictures).long() - torch.arange(256)).abs().max() <= miss


def test_files_are_what_the_library_writes(tmp_path: Path):
    """Every type, a scalar, an empty tensor, and one that is not contiguous."""
    tensors = {str(dtype): torch.arange(6).reshape(2, 3).to(dtype) for dtype in _CODES}
    tensors |= {"scalar": torch.tensor(7), "empty": torch.zeros(2, 0, 4), "turned": torch.arange(6.0).view(2, 3).T}
    raw = {name: _raw(tensor) for name, tensor in tensors.items()}
    size = write_tensors(tmp_path / "a.safetensors", raw, {"what": "über"})
    assert size == (tmp_path / "a.safetensors").stat().st_size
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, tmp_path / "b.safetensors")
    own, theirs = load_file(tmp_path / "a.safetensors"), load_file(tmp_path / "b.safetensors")
    assert own.keys() == theirs.keys()
    assert all(own[name].dtype == theirs[name].dtype and torch.equal(own[name], theirs[name]) for name in own)
