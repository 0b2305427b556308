"""The named assigners: five generations that differ where they really do, every release, and the names people use."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import pytest

from yolo_assign_trace import InputError, assigners
from yolo_assign_trace.assignment.assigner import Assigner, Parameters
from yolo_assign_trace.assignment.generations import GENERATIONS, find_assigner
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS

STAGES = [result.stage for result in STAGE_RESULTS]


class TestGenerations:
    def test_they_are_five_from_the_oldest_to_the_newest(self) -> None:
        assert list(GENERATIONS) == ["8.0.0", "8.0.52", "8.4.0", "8.4.128", "8.4.144"]
        for name, generation in GENERATIONS.items():
            assert generation.name == generation.generation == name
            assert generation.parameters == Parameters(topk=10, topk2=None, alpha=0.5, beta=6.0, overlap="ciou")

    @pytest.mark.parametrize("generation", GENERATIONS.values(), ids=lambda generation: generation.name)
    def test_each_has_the_eleven_stages_in_order(self, generation: Assigner) -> None:
        assert [stage.name for stage in generation.stages] == STAGES

    NEIGHBOURS = (
        # older, newer, stages that differ
        ("8.0.0", "8.0.52", ["topk", "resolve", "normalize"]),  # metrics outside a box count no longer
        ("8.0.52", "8.4.0", ["screen", "resolve"]),  # very small boxes are enlarged; topk2
        ("8.4.0", "8.4.128", ["screen"]),  # the threshold of enlarging
        ("8.4.128", "8.4.144", ["align"]),  # the order of CIoU's sum
    )

    def test_the_table_of_neighbours_is_complete(self) -> None:
        assert list(pairwise(GENERATIONS)) == [(older, newer) for older, newer, _ in self.NEIGHBOURS]

    @pytest.mark.parametrize(("older", "newer", "changed"), NEIGHBOURS)
    def test_neighbours_differ_by_the_stages_that_really_differ(
        self, older: str, newer: str, changed: list[str]
    ) -> None:
        before, after = GENERATIONS[older], GENERATIONS[newer]
        assert [stage.name for stage in after.differences(before)] == changed
        assert [stage.name for stage in before.differences(after)] == changed
        functions = zip(before.stages, after.stages, strict=True)
        assert [one.name for one, other in functions if one.call is not other.call] == changed


class TestReleases:
    BOUNDARIES = (
        # release, generation
        ("8.0.0", "8.0.0"),  # the first that there is
        ("8.0.51", "8.0.0"),
        ("8.0.52", "8.0.52"),
        ("8.0.100", "8.0.52"),  # numbers, not text: 100 is after 52
        ("8.1.0", "8.0.52"),
        ("8.3.253", "8.0.52"),
        ("8.4.0", "8.4.0"),
        ("8.4.127", "8.4.0"),
        ("8.4.128", "8.4.128"),
        ("8.4.143", "8.4.128"),
        ("8.4.144", "8.4.144"),
        ("8.4.190", "8.4.144"),  # the last that was measured
    )

    @pytest.mark.parametrize("written", ["ultralytics=={}", "{}", "v{}", " ultralytics == {} ", "{}.post1", "{}.dev3"])
    @pytest.mark.parametrize(("release", "generation"), BOUNDARIES)
    def test_a_release_maps_to_its_generation_and_says_which(self, release: str, generation: str, written: str) -> None:
        found = find_assigner(written.format(release))
        assert found.stages == GENERATIONS[generation].stages
        assert found.parameters == GENERATIONS[generation].parameters
        assert (found.name, found.note) == (f"ultralytics=={release}", f"generation {generation}")

    @pytest.mark.parametrize("release", ["8.4.191", "8.5.0", "9.0.0"])
    def test_a_release_beyond_what_was_measured_says_so(self, release: str) -> None:
        found = find_assigner(f"ultralytics=={release}")
        assert found.stages == GENERATIONS["8.4.144"].stages
        assert found.note == "generation 8.4.144, taken to be as 8.4.190, the newest release that was measured"

    def test_the_trace_says_which_generation_a_release_belongs_to(self, yolo_assign, folder) -> None:
        outcome = yolo_assign("trace", "--labels", "labels.txt", "--assigner", "ultralytics==8.4.143")
        expected = "ultralytics==8.4.143 (generation 8.4.128): topk 10, alpha 0.5, beta 6, CIoU, float32"
        assert f"assigner  {expected}\n" in outcome.out
        assert f"# assigner  {expected}\n" in (folder / "run.log").read_text()

    def test_a_release_before_the_first_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"ultralytics 7\.9\.9 has no task-aligned assigner") as error:
            find_assigner("ultralytics==7.9.9")
        assert (error.value.id, error.value.where) == ("unknown-release", "assigner")
        assert "8.0.0" in error.value.hint


class TestNames:
    NAMES: ClassVar = {
        # name: generation, parameters that are not the usual ones
        "yolov8": ("8.0.52", {}),
        "yolo11": ("8.0.52", {}),
        "yolov10-one2many": ("8.0.52", {}),
        "yolov10-one2one": ("8.0.52", {"topk": 1}),
        "yolo26-one2many": ("8.4.144", {}),
        "yolo26-one2one": ("8.4.144", {"topk": 7, "topk2": 1}),
        "tood": ("8.0.52", {"topk": 13, "alpha": 1.0}),
        "ppyoloe": ("8.0.52", {"topk": 13, "alpha": 1.0}),
    }

    def test_these_are_all(self) -> None:
        assert list(assigners) == list(self.NAMES)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_name_is_a_generation_with_parameters(self, name: str) -> None:
        generation, parameters = self.NAMES[name]
        found = find_assigner(name)
        assert found is assigners[name]
        assert found.generation == generation
        assert found.stages == GENERATIONS[generation].stages
        assert found.parameters == Parameters(**parameters)

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("yolov9", "yolov8"),
            ("yolov10", "yolov10-one2one"),
            ("YOLO26_one2one", "yolo26-one2one"),
            ("todo", "tood"),
            # like nothing at all: every name is listed
            ("garbage", "yolov8, yolo11, yolov10-one2many"),
            ("", "yolov8, yolo11, yolov10-one2many"),
            # no release either; how one is written is told
            ("8.x", "a release is written ultralytics==8.4.190"),
            ("ultralytics=8.4.0", "a release is written ultralytics==8.4.190"),
            ("8.1.0rc1", "a release is written ultralytics==8.4.190"),
        ],
    )
    def test_an_unknown_name_is_refused_with_near_matches(self, name: str, near: str) -> None:
        with pytest.raises(InputError, match=f"no assigner is called '{name}'") as error:
            find_assigner(name)
        assert (error.value.id, error.value.where) == ("unknown-assigner", "assigner")
        assert near in error.value.hint


class TestParameters:
    @pytest.mark.parametrize("name", ["yolov8", "tood", "8.0.0", "8.0.52", "8.3.253"])
    def test_topk2_is_refused_before_it_came(self, name: str) -> None:
        with pytest.raises(InputError, match="no topk2") as error:
            find_assigner(name).with_parameters(topk2=1)
        assert (error.value.id, error.value.where) == ("no-topk2", "topk2")
        assert "8.4.0" in error.value.hint

    @pytest.mark.parametrize("name", ["8.4.0", "8.4.128", "8.4.190", "yolo26-one2many"])
    def test_topk2_is_taken_from_then_on(self, name: str) -> None:
        assert find_assigner(name).with_parameters(topk2=3).parameters.topk2 == 3

    def test_what_is_not_said_stays(self) -> None:
        told = assigners["tood"].with_parameters(topk=5, alpha=None)
        assert told.parameters == Parameters(topk=5, alpha=1.0)
        assert told.with_parameters() == told

    @pytest.mark.parametrize(("text", "near"), [("eiou", "iou"), ("CIoU", "ciou"), ("siou", "iou")])
    def test_an_unknown_overlap_is_refused_with_near_matches(self, text: str, near: str) -> None:
        with pytest.raises(InputError, match=f"'{text}' is no overlap") as error:
            assigners["yolov8"].with_parameters(overlap=text)
        assert (error.value.id, error.value.where) == ("unknown-overlap", "overlap")
        assert f"did you mean {near}" in error.value.hint

    def test_the_command_passes_all_of_them_on(self, yolo_assign, folder) -> None:
        options = ("--topk", "13", "--topk2", "1", "--alpha", "1", "--beta", "5", "--overlap", "giou")
        outcome = yolo_assign("trace", "--labels", "labels.txt", "--assigner", "8.4.0", *options, "--dtype", "float64")
        assert outcome.code == 0
        assert "topk 13, topk2 1, alpha 1, beta 5, GIoU, float64\n" in outcome.out


class TestCommand:
    def test_the_table_says_what_differs_from_the_lists_themselves(self, yolo_assign) -> None:
        outcome = yolo_assign("assigners")
        assert (outcome.code, outcome.err) == (0, "")
        generations, names = outcome.out.split("\nNames", 1)
        for older, newer, changed in TestGenerations.NEIGHBOURS:
            section = generations.split(f"\n{newer} ", 1)[1].split("\n8.")[0]
            assert GENERATIONS[newer].releases in section
            for stage in STAGES:
                says = f"{stage}: {GENERATIONS[newer].stage(stage).result.differs}"
                assert (says in " ".join(section.split())) == (stage in changed), (older, newer, stage)
        for name, (generation, _) in TestNames.NAMES.items():
            line = next(line for line in names.splitlines() if line.startswith(f"{name} "))
            assert line.split()[1] == generation
            assert str(assigners[name].parameters) in line

    def test_json_has_the_same(self, yolo_assign) -> None:
        document = yolo_assign("assigners", "--json").document
        assert [row["name"] for row in document["generations"]] == list(GENERATIONS)
        assert [row["name"] for row in document["names"]] == list(TestNames.NAMES)
        for row in [*document["generations"], *document["names"]]:
            found = find_assigner(row["name"]) if row["name"] in assigners else GENERATIONS[row["name"]]
            assert (row["generation"], row["releases"]) == (found.generation, found.releases)
            assert row["parameters"] == found.settings
            assert list(row["stages"]) == STAGES
        for older, newer, changed in TestGenerations.NEIGHBOURS:
            before, after = (
                next(row["stages"] for row in document["generations"] if row["name"] == name) for name in (older, newer)
            )
            assert [stage for stage in STAGES if before[stage] != after[stage]] == changed
