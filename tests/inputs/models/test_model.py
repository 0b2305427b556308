"""`--model`: a model file run on the pictures of a dataset; what runs it stands in for the real package.

Trainings of the real one are in tests/live.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.inputs.models.site import install_standin
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.load import load_inputs, open_inputs
from yolo_assign_trace.inputs.models.input_pictures import network_input
from yolo_assign_trace.inputs.request import Request
from yolo_assign_trace.run.letterbox import Letterbox

SIZES = [(80, 40), (64, 64), (33, 50)]  # width and height: wide; as the input; enlarged


@pytest.fixture
def package(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install_standin(tmp_path_factory.mktemp("site")))
    monkeypatch.delitem(sys.modules, "ultralytics", raising=False)
    importlib.invalidate_caches()


@pytest.fixture
def pictures(folder: Path, package: None) -> Path:
    """Three pictures of one colour each, a box in each, and a model trained at 64 px."""
    colours = [(250, 10, 20), (30, 200, 40), (5, 60, 255)]
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for i, (size, colour) in enumerate(zip(SIZES, colours, strict=True)):
        Image.new("RGB", size, colour).save(folder / "images" / f"{i}.png")
        (folder / "labels" / f"{i}.txt").write_text(f"{i} .5 .5 .5 .5\n")
    (folder / "data.yaml").write_text("train: images\nnames: [a, b, c]\n")
    save_model("best.pt")
    return folder


def save_model(name: str, **told: object) -> None:
    Path(name).write_text(json.dumps(told))


def request(model: str = "best.pt", **more: object) -> Request:
    return Request(data=Path("data.yaml"), model=Path(model), **more)


class TestOutputs:
    def test_they_are_those_of_the_letterboxed_pictures(self, pictures: Path) -> None:
        inputs, _ = load_inputs(request())
        assert [level.shape for level in inputs.maps] == [(3, 67, 8, 8), (3, 67, 4, 4), (3, 67, 2, 2)]
        red, green, blue = inputs.maps[0][0, :3]  # 80x40 px in 64x64: 16 px of grey above and below
        grey = np.float32(114) / np.float32(255)
        for channel, colour in zip((red, green, blue), (250, 10, 20), strict=True):
            np.testing.assert_allclose(channel[:2], grey, rtol=2e-5)
            np.testing.assert_allclose(channel[2:6], colour / 255, rtol=2e-5)
            np.testing.assert_allclose(channel[6:], grey, rtol=2e-5)
        np.testing.assert_allclose(inputs.maps[2][1, 1], 200 / 255, rtol=2e-5)  # 64x64 px fill it

    @pytest.mark.parametrize(
        "layout",
        [
            "maps",  # a list of maps: until 8.3
            "boxes and scores",  # from 8.4 on
            "two heads of maps",  # end to end, until 8.3
            "two heads",  # from 8.4 on
        ],
    )
    def test_every_layout_gives_the_same_maps(self, pictures: Path, layout: str) -> None:
        plain, _ = load_inputs(request())
        save_model("other.pt", layout=layout)
        inputs, _ = load_inputs(request("other.pt"))
        for one, other in zip(plain.maps, inputs.maps, strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("layout", ["two heads of maps", "two heads"])
    def test_a_head_is_chosen_and_brings_its_parameters(self, pictures: Path, layout: str) -> None:
        save_model("two.pt", layout=layout)
        many, one = (open_inputs(request("two.pt", branch=branch)) for branch in ("one2many", "one2one"))
        both = [opened.parts[0].inputs().maps[0] for opened in (many, one)]
        np.testing.assert_array_equal(both[0][:, 0] + 1, both[1][:, 0])
        assert (many.parameters, one.parameters) == ({}, {"topk": 7, "topk2": 1})

    def test_batches_and_whole_selections_are_the_same(self, pictures: Path) -> None:
        whole, _ = load_inputs(request())
        parts = open_inputs(request(at_once=1)).parts
        single = [part.inputs().maps[1] for part in parts]
        np.testing.assert_array_equal(np.concatenate(single), whole.maps[1])

    def test_rectangular_batches_have_inputs_of_their_own(self, pictures: Path) -> None:
        parts = open_inputs(request(rect=True, at_once=1)).parts
        shapes = [part.inputs().maps[0].shape[2:] for part in parts]
        assert shapes == [(8, 12), (12, 12), (12, 8)]  # wide, square, high; half a stride more


class TestHeader:
    def test_it_names_file_digest_release_and_classes(self, pictures: Path) -> None:
        inputs, _ = load_inputs(request())
        said = inputs.about["heads"]
        assert said.startswith("model best.pt: sha256 ")
        assert said.endswith(", 3 classes, run by ultralytics 8.4.190")
        assert not inputs.synthetic
        assert inputs.release.line(inputs.release.assigner).startswith("8.4.190, installed, it runs the model")

    def test_a_description_makes_a_model_that_knows_nothing(self, pictures: Path) -> None:
        save_model("new.yaml", names=["x"] * 80)
        inputs, _ = load_inputs(request("new.yaml"))
        assert inputs.about["heads"].startswith("model new.yaml: built untrained, random weights, 3 classes")
        assert inputs.synthetic
        assert inputs.nc == 3  # of the dataset, as training builds it

    @pytest.mark.parametrize(
        ("asked", "grid"),
        [
            (None, "64x64 px"),  # what it was trained at
            ((96, 64), "96x64 px"),
            ((100, 70), "128x96 px"),  # in whole largest strides
        ],
    )
    def test_the_input_is_as_large_as_in_training_unless_something_is_said(self, pictures, asked, grid) -> None:
        inputs, _ = load_inputs(request(imgsz=asked))
        assert str(inputs.grid).startswith(grid)

    def test_another_release_reads_labels_and_assigns_if_asked(self, pictures: Path) -> None:
        inputs, _ = load_inputs(request(release="8.3.200"))
        assert inputs.release.name == "8.3.200"
        assert inputs.about["heads"].endswith("run by ultralytics 8.4.190")


class TestCommands:
    ASKED = ("--model", "best.pt", "--data", "data.yaml")

    def test_trace_writes_nothing_of_the_package_to_stdout(self, yolo_assign, pictures: Path) -> None:
        outcome = yolo_assign("trace", *self.ASKED, "--json")
        assert outcome.code == 0
        assert "model best.pt" in json.dumps(json.loads(outcome.out))
        assert "this package prints" in outcome.err

    @pytest.mark.parametrize("command", ["explain", "page", "sweep", "plan", "draw -o out"])
    def test_other_commands_take_it_too(self, yolo_assign, pictures: Path, command: str) -> None:
        outcome = yolo_assign(*command.split(), *self.ASKED)
        assert (outcome.code, "Traceback" in outcome.err) == (0, False), outcome.err
        assert "synthetic" not in outcome.out + outcome.err

    def test_the_help_says_that_code_is_run(self, yolo_assign, folder: Path) -> None:
        said = " ".join(yolo_assign("trace", "--help").out.replace("│", " ").split())
        assert "Loading a model file runs code in it" in said


ERRORS = [
    # the model or what makes it, options beside it, id, what the message says
    ("nowhere.pt", {}, "no-such-file", "there is no such model file"),
    ("labels", {}, "is-a-folder", "folder"),
    ("labels/0.txt", {}, "model-not-loaded", "ultralytics 8.4.190 cannot load it: "),
    ("labels/0.onnx", {}, "model-not-loaded", "this is no PyTorch model"),
    ({"task": "segment"}, {}, "model-of-another-task", "this is a segment model"),
    ({"layout": "no head"}, {}, "model-of-another-task", "a model with the head Detect"),
    ({"names": ["a", "b"]}, {}, "classes-disagree", "2 according to best.pt, 3 according to data.yaml"),
    ({"layout": "maps"}, {"branch": "one2one"}, "no-such-branch", "this model has one head"),
    ({"layout": "two heads"}, {"branch": "one2two"}, "unknown-branch", "'one2two' is no head"),
    ({}, {"heads": Path("heads.npz")}, "options-exclude", "`model` cannot be combined with `heads`"),
    ({}, {"letterboxed": True}, "options-exclude", "`model` cannot be combined with `letterboxed`"),
]


@pytest.mark.parametrize(("model", "options", "id", "says"), ERRORS)
def test_what_cannot_be_run_is_told(pictures: Path, model, options, id, says) -> None:
    Path("labels/0.onnx").write_bytes(b"x")
    if isinstance(model, dict):
        save_model("best.pt", **model)
        model = "best.pt"
    with pytest.raises(InputError) as told:
        load_inputs(request(model, **options))
    assert told.value.id == id
    assert says in told.value.message


def test_a_head_without_a_model_and_a_model_without_pictures_are_told(pictures: Path) -> None:
    with pytest.raises(InputError, match="cannot be combined") as told:
        load_inputs(Request(data=Path("data.yaml"), branch="one2one"))
    assert told.value.id == "options-exclude"
    with pytest.raises(InputError, match="run on pictures") as told:
        load_inputs(Request(labels=Path("labels/0.txt"), model=Path("best.pt")))
    assert told.value.id == "model-needs-pictures"


def test_without_the_package_the_extra_is_named(yolo_assign, folder: Path) -> None:
    (folder / "data.yaml").write_text("train: images\nnames: [a]\n")
    outcome = yolo_assign("trace", "--model", "best.pt", "--data", "data.yaml")
    assert outcome.code == 2
    assert "[no-ultralytics]" in outcome.err
    assert "pip install 'yolo-assign-trace[ultralytics]'" in outcome.err


class TestPictures:
    def test_until_8_0_168_pictures_were_averaged_when_they_shrank(self, pictures: Path) -> None:
        pixels = np.zeros((100, 100, 3), np.uint8)
        pixels[::2] = 255
        Image.fromarray(pixels).save("stripes.png")
        box = Letterbox.of((100, 100), (50, 50))
        old, new = (network_input("stripes.png", box, release) for release in ((8, 0, 168), (8, 0, 169)))
        assert {int(value) for value in np.unique(old)} <= {127, 128}
        assert old.shape == new.shape == (3, 50, 50)

    def test_a_turned_picture_is_turned(self, pictures: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # stands on its side
        Image.new("RGB", (20, 40)).save("turned.jpg", exif=exif)
        box = Letterbox.of((40, 20), (64, 64))
        assert network_input("turned.jpg", box, (8, 4, 190)).shape == (3, 64, 64)

    @pytest.mark.parametrize(
        ("file", "id"),
        [
            ("none.png", "no-such-file"),
            ("broken.png", "not-a-picture"),
            ("empty.png", "not-a-picture"),
            ("images/0.png", "picture-of-another-size"),  # replaced after its header was read
        ],
    )
    def test_a_picture_that_cannot_be_used_is_told(self, pictures: Path, file: str, id: str) -> None:
        Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
        Path("empty.png").write_bytes(b"")
        with pytest.raises(InputError) as told:
            network_input(file, Letterbox.of((10, 10), (64, 64)), (8, 4, 190))
        assert (told.value.id, told.value.where) == (id, file)
