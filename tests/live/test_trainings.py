"""Real releases, untouched: what is watched trains as before, and what is recorded is what happened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.commands import ROOT
from tests.live.releases import LIVE, RELEASES, SETTINGS, Release, dataset, odd_pictures
from tests.training.recorded import calls, kinds, lines
from yolo_assign_trace import assign, find_assigner
from yolo_assign_trace.assignment.call import CALL, RESULTS
from yolo_assign_trace.training.watching.points_grid import grid_of

STEPS, PICTURES, VALIDATION_BOXES = 2, 4, 16
NAMES = ("without", "by-command", "in-python", "fast")


@dataclass(frozen=True)
class Trained:
    """One model, trained four times.

    Attributes:
        folder: of the release's runs; the recordings are in it, called as the runs.
        weights: hash of the last checkpoint by name of the run.
        said: what the command told of its recording.
    """

    release: Release
    folder: Path
    weights: dict[str, str]
    said: str

    def checkpoint(self, name: str, file: str) -> Path:
        return self.folder / "runs" / name / "weights" / f"{file}.pt"


@pytest.fixture(scope="class")
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    number, model, epochs = request.cls.number, request.cls.model, request.cls.epochs
    if number not in RELEASES:
        pytest.skip(f"{number} is not among RELEASES={' '.join(RELEASES)}")
    folder = tmp_path_factory.mktemp(f"{number}-{model}")
    release = Release(number, folder)
    release.prepare()
    data, runs = dataset(folder / "d", "detect"), folder / "runs"
    arguments = [f"model={model}.yaml", f"data={data}", f"epochs={epochs}", "batch=4", "save_period=1", *SETTINGS]
    command = [*release.yolo, "detect", "train", *arguments, f"project={runs}"]
    release.run([*command, "name=without"])
    said = release.watch(["--out", "by-command", "--every", "1", "--pictures"], [*command, "name=by-command"])
    release.watch(["--out", "fast", "--fast"], [*command, "name=fast"])
    values = {name: value for name, _, value in (argument.partition("=") for argument in arguments)}
    values |= {"project": str(runs), "name": "in-python"}
    typed = {name: {"False": False, "True": True}.get(v, int(v) if v.isdecimal() else v) for name, v in values.items()}
    script = f"from yolo_assign_trace import watch\nvalues = {typed!r}\nwith watch('in-python', every=3):\n"
    release.python(script + "    from ultralytics import YOLO\n    YOLO(values.pop('model')).train(**values)", ROOT)
    hashes = release.weights([runs / name / "weights" / "last.pt" for name in NAMES])
    return Trained(release, folder, dict(zip(NAMES, hashes, strict=True)), said)


class Promises:
    """What holds for every release and model; the classes below name them."""

    number: str
    model: str
    heads: tuple[str, ...] = ("one2many",)
    epochs = 2

    def test_the_weights_are_those_of_a_training_without_us(self, trained):
        same = {digest for name, digest in trained.weights.items() if name != "fast" or self.number == "8.4.190"}
        assert len(same) == 1

    def test_every_call_of_the_fast_one_is_the_fast_forms(self, trained):
        told = [line["fast"] for line in lines(trained.folder / "fast", "run") if line["kind"] == "assigner"]
        assert told == [True] * len(self.heads)
        assert kinds(trained.folder / "by-command").count("assigner") == len(self.heads)
        assert not any(line.get("fast") for line in lines(trained.folder / "by-command", "run"))

    def test_checkpoints_know_nothing_of_us(self, trained):
        """That they load without us is how their weights were read."""
        for name in NAMES:
            files = sorted((trained.folder / "runs" / name / "weights").glob("*.pt"))
            assert len(files) >= 3
            assert [file.name for file in files if b"yolo_assign" in file.read_bytes()] == []

    @pytest.mark.parametrize("name", ["by-command", "in-python"])
    def test_every_call_is_counted(self, trained, name):
        counted = lines(trained.folder / name, "counts")
        steps = [(epoch, [*range(epoch * STEPS, (epoch + 1) * STEPS)]) for epoch in range(self.epochs)]
        places = [[*((epoch, n, "train") for n in own), (epoch, own[-1], "val")] for epoch, own in steps]
        expected = [(*place, head) for of_epoch in places for place in of_epoch for head in self.heads]
        assert [(line["epoch"], line["step"], line["part"], line["head"]) for line in counted] == expected
        for line in counted:
            assert sum(line["boxes"]) >= sum(line["without"])
            assert line["contested"] is not None
            assert (line["beyond"] is None) == ("one2one" in self.heads)  # those heads have no bins
        assert {sum(line["boxes"]) for line in counted if line["part"] == "val"} == {VALIDATION_BOXES}

    @pytest.mark.parametrize("name", ["by-command", "in-python"])
    def test_every_box_of_every_validation_has_its_line(self, trained, name):
        recorded = lines(trained.folder / name, "boxes")
        assert [line["lines_by"] for line in recorded if "file" in line] == ["position"] * PICTURES
        boxes = [line for line in recorded if "gt" in line]
        assert len(boxes) == VALIDATION_BOXES * self.epochs * len(self.heads)
        places = [(line["picture"], line["gt"], line["line"], line["class"], *line["size"]) for line in boxes]
        assert len(set(places)) == VALIDATION_BOXES
        assert {line["line"] for line in boxes} == {1, 2, 3, 4}
        assert all((line["cause"] == "") == bool(line["owners"]) == any(line["positives"]) for line in boxes)

    def test_about_the_run(self, trained):
        assert kinds(trained.folder / "by-command") == ["run", "trainer", *["assigner"] * len(self.heads), "end"]
        by_kind = {line["kind"]: line for line in lines(trained.folder / "by-command", "run")}
        assert by_kind["run"]["epochs_by"] == "trainer"
        assert by_kind["trainer"]["class_names"] == ["a", "b", "c"]
        assert by_kind["assigner"]["release"] == self.number
        ours = [line for line in trained.said.splitlines() if line.startswith("yolo-assign watch: ")]
        assert len(ours) == 2
        assert f"{self.epochs} epochs, {self.epochs * STEPS} steps" in ours[1]

    def test_every_saved_call_gives_again_what_it_gave(self, trained):
        saved = calls(trained.folder / "by-command")
        assert len(saved) == self.epochs * STEPS * len(self.heads)
        for tensors, texts in saved.values():
            own = find_assigner(texts["release"])
            names = ("topk", "topk2", "alpha", "beta") if own.has_topk2 else ("topk", "alpha", "beta")
            own = own.with_parameters(**{name: texts["parameters"].get(name) for name in names})
            grid = grid_of(tensors["anc_points"], tuple(tensors["imgsz"].tolist()))
            again = assign(*(tensors[name] for name in CALL), grid=grid, assigner=own)
            for name in RESULTS:
                recorded = tensors[f"output.{name}"]
                if recorded.is_floating_point():
                    assert torch.allclose(again[name], recorded.float(), rtol=0, atol=1e-6)
                else:
                    assert torch.equal(again[name].to(recorded.dtype), recorded)
            assert tensors["pictures"].shape == (4, 3, 160, 160)
            assert len(texts["images"]) == 4

    def test_its_model_gives_on_our_pictures_what_it_gives_on_theirs(self, trained):
        data = odd_pictures(trained.folder / "odd")
        script = str(Path(__file__).with_name("model_beside.py"))
        for head in self.heads if len(self.heads) > 1 else ("",):
            arguments = [str(trained.checkpoint("without", "last")), str(data), str(data.parent / "images"), head]
            said = trained.release.run([str(LIVE / "bin" / "python"), script, *arguments], ROOT)
            assert "outputs equal (4, " in said
            assert ("owners equal " in said) == (self.number != "8.0.100")

    def test_resume(self, trained):
        """The last checkpoint but one of a run without us, resumed without us; of a watched one, watched."""
        release, file = trained.release, f"epoch{self.epochs - 2}"
        for name in ("without", "by-command"):
            command = [*release.yolo, "detect", "train", "resume=True", f"model={trained.checkpoint(name, file)}"]
            if name == "without":
                release.run(command)
            else:
                release.watch(["--out", "resumed"], command)
        without, watched = release.weights([trained.checkpoint(name, "last") for name in ("without", "by-command")])
        assert without == watched
        epochs = [line["epoch"] for line in lines(trained.folder / "resumed", "counts")]
        assert epochs == [self.epochs - 1] * (STEPS + 1) * len(self.heads)


class TestYolov8nOn84190(Promises):
    number, model = "8.4.190", "yolov8n"


class TestYolo26nOn84190(Promises):
    number, model, heads = "8.4.190", "yolo26n", ("one2many", "one2one")


class TestYolov8nOn83200(Promises):
    number, model = "8.3.200", "yolov8n"


class TestYolov8nOn80100(Promises):
    number, model = "8.0.100", "yolov8n"
    epochs = 3  # it saves no checkpoint of the first epoch
