"""`yolo-assign check` for other languages: cases out as .npz, answers in as .npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.check.candidates import function
from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.check.cases import CASE_NAMES, build_case

STAGES = {"mask_in_gts", "overlaps", "align_metric", "mask_topk", "mask_pos", "tie_order"}
FEW = ("nested", "empty-batch", "non-square")


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture
def exported(yolo_assign, folder: Path) -> Path:
    outcome = yolo_assign("check", "--export", "cases", *(argument for name in FEW for argument in ("--case", name)))
    assert (outcome.code, outcome.out) == (0, "")
    return folder / "cases"


class TestExport:
    def test_every_case_is_written_with_its_inputs_and_the_answer_of_every_generation(
        self, yolo_assign, folder: Path
    ) -> None:
        outcome = yolo_assign("check", "--export", "some/where")
        assert outcome.code == 0
        expected = {"inputs.npz", *(f"expected-{name}.npz" for name in GENERATIONS)}
        for name in CASE_NAMES:
            assert {path.name for path in (folder / "some/where" / name).iterdir()} == expected
        assert {path.name for path in (folder / "some/where").iterdir()} == {"README.md", *CASE_NAMES}
        assert outcome.err == f"wrote {1 + len(CASE_NAMES) * len(expected)} files to some/where\n"

    def test_the_readme_names_every_file_key_and_case(self, exported: Path) -> None:
        text = (exported / "README.md").read_text(encoding="utf-8")
        for name in FEW:
            assert f"| `{name}` | {build_case(name).about} |" in text
            for key in [*read(exported / name / "inputs.npz"), *read(exported / name / "expected-8.0.0.npz")]:
                assert f"`{key}`" in text, key
        assert "yolo-assign check <folder>" in text

    def test_the_inputs_are_plain_arrays_of_the_usual_shapes(self, exported: Path) -> None:
        found = read(exported / "non-square" / "inputs.npz")
        anchors = (24 * 48) + (12 * 24) + (6 * 12)
        assert {name: (array.shape, array.dtype.name) for name, array in found.items()} == {
            "pd_scores": ((1, anchors, 4), "float32"),
            "pd_bboxes": ((1, anchors, 4), "float32"),
            "anc_points": ((anchors, 2), "float32"),
            "gt_labels": ((1, 7, 1), "int64"),
            "gt_bboxes": ((1, 7, 4), "float32"),
            "mask_gt": ((1, 7, 1), "float32"),
            "strides": ((3,), "int64"),
            "imgsz": ((2,), "int64"),
        }
        assert found["imgsz"].tolist() == [192, 384]
        assert found["anc_points"][1].tolist() == [12, 4]  # x runs first

    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_every_stage_is_there_and_adds_up(self, exported: Path, generation: str) -> None:
        inputs = read(exported / "nested" / "inputs.npz")
        found = read(exported / "nested" / f"expected-{generation}.npz")
        stages = GENERATIONS[generation].stages[5:]
        assert set(found) == {output.name for stage in stages for output in stage.outputs}
        b, m, a = len(inputs["gt_bboxes"]), inputs["gt_bboxes"].shape[1], len(inputs["anc_points"])
        for name in STAGES - {"tie_order"}:
            assert found[name].shape == (b, m, a)
            assert not found[name][~found["mask_in_gts"]].any()
        np.testing.assert_array_equal(found["mask_topk"].sum(1) > 0, found["fg_mask"])
        owned = found["target_gt_idx"][:, None] == np.arange(m)[:, None]
        np.testing.assert_array_equal(
            found["mask_pos"], owned & found["fg_mask"][:, None] & found["mask_in_gts"], err_msg=generation
        )

    def test_exporting_again_gives_the_same_numbers(self, yolo_assign, exported: Path) -> None:
        before = read(exported / "nested" / "inputs.npz")
        assert yolo_assign("check", "--export", "cases", "--case", "nested").code == 0
        for name, array in read(exported / "nested" / "inputs.npz").items():
            np.testing.assert_array_equal(array, before[name])

    def test_a_folder_that_cannot_be_made_is_an_error(self, yolo_assign, folder: Path) -> None:
        outcome = yolo_assign("check", "--export", "labels.txt/cases")
        assert outcome.code == 2
        assert outcome.err.startswith("error: labels.txt/cases: the cases cannot be written: not a directory")

    def test_an_unknown_case_is_refused_before_anything_is_written(self, yolo_assign, folder: Path) -> None:
        assert yolo_assign("check", "--export", "cases", "--case", "nest").code == 2
        assert not (folder / "cases").exists()


def _answer_with(folder: Path, exported: Path, names: tuple[str, ...], pick) -> None:
    folder.mkdir()
    for name in names:
        np.savez(folder / f"{name}.npz", **pick(exported / name))


class TestAnswers:
    def _check(self, yolo_assign, *arguments: str, names: tuple[str, ...] = FEW):
        return yolo_assign("check", "answers", *(a for name in names for a in ("--case", name)), "--json", *arguments)

    @pytest.mark.parametrize("generation", GENERATIONS)
    def test_the_expected_answers_are_equal_to_their_generation(
        self, yolo_assign, folder: Path, exported: Path, generation: str
    ) -> None:
        _answer_with(folder / "answers", exported, FEW, lambda path: read(path / f"expected-{generation}.npz"))
        outcome = self._check(yolo_assign, "--assigner", generation)
        assert outcome.code == 0
        assert [row["verdict"] for row in outcome.document["cases"]] == ["equal"] * len(FEW)
        assert generation in outcome.document["agrees_everywhere_with"]

    def test_an_implementation_that_reads_the_inputs_can_answer(
        self, yolo_assign, folder: Path, exported: Path
    ) -> None:
        import torch

        def run(path: Path) -> dict[str, np.ndarray]:
            inputs = read(path / "inputs.npz")
            names = ("pd_scores", "pd_bboxes", "anc_points", "gt_labels", "gt_bboxes", "mask_gt")
            outputs = function(*(torch.from_numpy(inputs[name]) for name in names))
            return {name: output.numpy() for name, output in zip(RESULTS, outputs, strict=True)}

        _answer_with(folder / "answers", exported, FEW, run)
        assert self._check(yolo_assign).code == 0

    def test_any_of_the_five_will_do(self, yolo_assign, folder: Path, exported: Path) -> None:
        _answer_with(
            folder / "answers",
            exported,
            FEW,
            lambda path: {"fg_mask": read(path / "expected-8.0.52.npz")["fg_mask"].astype(np.uint8)},
        )
        assert self._check(yolo_assign).code == 0

    def test_a_wrong_answer_is_different(self, yolo_assign, folder: Path, exported: Path) -> None:
        def wrong(path: Path) -> dict[str, np.ndarray]:
            found = read(path / "expected-8.0.52.npz")
            return found | {"target_scores": found["target_scores"] * 0.9}

        _answer_with(folder / "answers", exported, FEW, wrong)
        outcome = self._check(yolo_assign)
        assert outcome.code == 1
        first = {row["case"]: row["first"] and row["first"]["output"] for row in outcome.document["cases"]}
        assert first == {"nested": "target_scores", "empty-batch": None, "non-square": "target_scores"}

    def test_a_missing_answer_is_an_error_that_names_the_file(self, yolo_assign, folder: Path, exported: Path) -> None:
        _answer_with(folder / "answers", exported, ("nested",), lambda path: read(path / "expected-8.0.52.npz"))
        assert self._check(yolo_assign, names=("nested",)).code == 0
        outcome = self._check(yolo_assign)
        assert outcome.code == 2
        assert outcome.err.startswith("error: answers/empty-batch.npz: there is no answer to the case empty-batch")

    def test_a_file_without_any_output_is_an_error(self, yolo_assign, folder: Path, exported: Path) -> None:
        _answer_with(folder / "answers", exported, FEW, lambda path: {"fg": np.zeros(3)})
        outcome = self._check(yolo_assign)
        assert outcome.code == 2
        assert outcome.err.startswith("error: answers/nested.npz: none of the five outputs is in this file")

    @pytest.mark.parametrize(
        "content",
        [
            b"",  # nothing
            b"not an archive",
            b"PK\x03\x04 cut short",
        ],
    )
    def test_a_file_that_is_no_npz_is_an_error(self, yolo_assign, folder: Path, content: bytes) -> None:
        (folder / "answers").mkdir()
        (folder / "answers" / "nested.npz").write_bytes(content)
        outcome = self._check(yolo_assign, names=("nested",))
        assert outcome.code == 2
        assert outcome.err == "error: answers/nested.npz: this is not a readable .npz file [not-npz]\n"

    def test_objects_are_not_unpickled(self, yolo_assign, folder: Path) -> None:
        (folder / "answers").mkdir()
        np.savez(folder / "answers" / "nested.npz", fg_mask=np.array([object()], dtype=object))
        outcome = self._check(yolo_assign, names=("nested",))
        assert (outcome.code, outcome.out) == (2, "")
        assert "[not-npz]" in outcome.err
