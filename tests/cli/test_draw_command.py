"""`yolo-assign draw` on the command line: files, pictures, fonts, and errors without a traceback."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

from tests.commands import ROOT, loaded_after
from tests.draw.drawn import drawn, read_svg, stored, with_header, with_images
from yolo_assign_trace.draw import theme
from yolo_assign_trace.draw.photos import find_photo, in_folder
from yolo_assign_trace.draw.work import DrawOptions, draw
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.tensors import TensorFile


@pytest.fixture
def saved(folder):
    """A trace of the study sample as a file in the working folder."""
    (folder / "t.safetensors").write_bytes(study_file())
    return "t.safetensors"


@cache
def study_file():
    with TemporaryDirectory() as folder:
        inputs, _ = load_inputs(Request(ROOT / "sample_inputs" / "labels.txt"))
        trace(inputs, tracers=[TensorFile(Path(folder) / "t.safetensors")])
        return (Path(folder) / "t.safetensors").read_bytes()


def test_files_have_predictable_names_and_the_message_says_them(yolo_assign, folder, saved):
    done = yolo_assign("draw", saved, "-o", "out/deep", "--image", "3", "--image", "0", "--gt", "0")
    names = ["trace.png", "image-0.png", "image-0-gt-0.png", "image-3.png", "image-3-gt-0.png"]
    assert (done.code, done.out) == (0, "")
    assert done.err == f"wrote 5 pictures to out/deep: {', '.join(names)}\n"
    assert sorted(path.name for path in (folder / "out" / "deep").iterdir()) == sorted(names)
    for name in names:
        with Image.open(folder / "out" / "deep" / name) as picture:
            assert picture.width >= 1400


def test_a_log_is_drawn_as_well(yolo_assign, folder):
    assert yolo_assign("trace", "--labels", "labels.txt", "--save", "t.safetensors", "--quiet").code == 0
    for source, out in (("t.safetensors", "exact"), ("run.log", "log")):
        assert yolo_assign("draw", source, "-o", out, "--format", "svg", "--image", "0").code == 0
    exact, log = (read_svg(folder / out / "image-0.svg") for out in ("exact", "log"))
    assert set(exact.by_id) == set(log.by_id)


def test_stages_are_named_in_the_files(yolo_assign, folder, saved):
    done = yolo_assign("draw", saved, "-o", "out", "--image", "1", "--stage", "topk,screen", "--stage", "topk")
    assert done.code == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "image-1-screen.png",
        "image-1-topk.png",
        "trace.png",
    ]


def test_without_an_image_a_gt_is_drawn_wherever_it_is(yolo_assign, folder, saved):
    assert yolo_assign("draw", saved, "-o", "out", "--gt", "2").code == 0
    assert [path.name for path in (folder / "out").glob("*-gt-*")] == ["image-2-gt-2.png"]  # only image 2 has 3 boxes


SELECTED = [
    # options, images that are drawn
    (["--images", "1:3"], {1, 2}),
    (["--images", "2"], {2}),
    (["--images", "2:", "--image", "0"], {0, 2, 3}),
]


@pytest.mark.parametrize(("options", "numbers"), SELECTED, ids=[" ".join(row[0]) for row in SELECTED])
def test_images_selects_images_as_it_does_for_trace(yolo_assign, folder, saved, options, numbers):
    assert yolo_assign("draw", saved, "-o", "out", "--format", "svg", *options).code == 0
    assert {path.name for path in (folder / "out").glob("image-*")} == {f"image-{n}.svg" for n in numbers}


def test_a_folder_of_pictures_given_as_images_is_understood_and_told(yolo_assign, folder, saved):
    (folder / "pictures").mkdir()
    outcome = yolo_assign("draw", saved, "-o", "out", "--format", "svg", "--image", "0", "--images", "pictures")
    assert outcome.code == 0
    assert outcome.err.startswith(
        "note: --images selects images, such as 0:8; the folder of pictures is --pictures pic"
    )
    assert "the trace does not say which picture image 0 is" in outcome.err


ERRORS = [
    # arguments behind the trace's name, id of the error, a part of what is said
    (["--image", "4"], "no-such-image", "0..3"),
    (["--image", "-1"], "no-such-image", "0..3"),
    (["--image", "0", "--gt", "2"], "no-such-gt", "image 0 has no gt 2: it has 2 boxes"),
    (["--gt", "3"], "no-such-gt", "no image of the trace has a gt 3"),
    (["--gt", "-1"], "no-such-gt", "no image of the trace"),
    (["--stage", "resolv"], "unknown-stage", "did you mean resolve"),
    (["--stage", "decode"], "unknown-stage", "screen"),
    (["--format", "jpg"], "unknown-format", "png"),
    (["--theme", "drak"], "unknown-theme", "did you mean dark"),
    (["--pictures", "nowhere"], "no-such-folder", "nowhere"),
    (["--images", "nowhere"], "wrong-images", "--pictures FOLDER"),
    (["--images", ".", "--pictures", "."], "options-exclude", "leave --images out"),
    (["--images", "4:"], "no-such-image", "there are 4"),
    (["-o", "labels.txt"], "not-writable", "labels.txt"),
    (["-o", "taken"], "is-a-folder", "trace.png"),
]


@pytest.mark.parametrize(("arguments", "id", "said"), ERRORS, ids=[" ".join(row[0]) for row in ERRORS])
def test_what_cannot_be_drawn_is_an_error(yolo_assign, folder, saved, arguments, id, said):
    (folder / "taken" / "trace.png").mkdir(parents=True)
    outcome = yolo_assign("draw", saved, *([] if "-o" in arguments else ["-o", "out"]), *arguments)
    assert outcome.code == 2
    assert f"[{id}]" in outcome.err
    assert said in outcome.err
    assert not list(folder.glob("out/*"))


def test_no_trace_is_an_error(yolo_assign, folder):
    for name in ("missing.safetensors", "missing.log", "labels.txt"):
        outcome = yolo_assign("draw", name, "-o", "out")
        assert outcome.code == 2
        assert name in outcome.err


def test_without_matplotlib_the_extra_is_named(yolo_assign, saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    outcome = yolo_assign("draw", saved, "-o", "out")
    assert outcome.code == 2
    assert "yolo-assign-trace[draw]" in outcome.err


def test_drawing_needs_no_torch(saved):
    arguments = ["draw", saved, "-o", "out", "--image", "0", "--gt", "0"]
    loaded = loaded_after(f"from yolo_assign_trace.cli.main import run\nassert run({arguments!r}) == 0")
    assert "matplotlib" in loaded
    assert "torch" not in loaded


REMARKS = [
    # content of the file (None: there is none), what the remark says
    (None, "there is no picture street.png"),
    (b"", "street.png cannot be read"),
    (b"no picture", "street.png cannot be read"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "street.png cannot be read"),  # cut off
]


class TestPictures:
    @pytest.fixture
    def trace(self, folder):
        return with_images(stored("0 .5 .5 .5 .5\n"), "street.png", size=(320, 240))

    def test_a_picture_lies_where_the_header_says(self, trace, folder):
        Image.fromarray(np.full((240, 320, 3), (200, 30, 30), np.uint8)).save(folder / "street.png")
        (path,) = draw(trace, folder / "out", DrawOptions(images=(0,)), pytest.fail, in_folder(folder, trace))[1:]
        with Image.open(path) as opened:
            page = np.asarray(opened.convert("RGB")).astype(int)
        red = np.argwhere((page[..., 0] > 180) & (page[..., 1] < 60))
        (top, left), (bottom, right) = red.min(axis=0), red.max(axis=0)
        assert (bottom - top) / (right - left) == pytest.approx(480 / 640, abs=0.02)  # scale 2: the width of the input

    def test_the_backdrop_and_the_picture_are_in_the_svg(self, trace, folder):
        Image.fromarray(np.zeros((240, 320, 3), np.uint8)).save(folder / "street.png")
        picture = drawn(trace, folder, in_folder(folder, trace))["image-0"]
        assert {"picture", "all-picture"} <= set(picture.by_id)
        assert "picture" not in drawn(trace, folder)["image-0"].by_id

    @pytest.mark.parametrize(("content", "said"), REMARKS)
    def test_a_missing_or_broken_picture_is_a_remark(self, trace, folder, content, said):
        if content is not None:
            (folder / "street.png").write_bytes(content)
        found = find_photo(in_folder(folder, trace), trace, 0)
        assert found.photo is None
        assert said in found.remark
        assert "drawn without it" in found.remark

    def test_the_remark_is_heard_and_the_image_drawn(self, trace, folder):
        remarks: list[str] = []
        assert len(draw(trace, folder / "out", DrawOptions(), remarks.append, in_folder(folder, trace))) == 2
        assert len(remarks) == 1

    def test_a_trace_that_names_no_picture_is_a_remark(self, trace, folder):
        named = with_images(trace)
        found = find_photo(in_folder(folder, named), named, 0)
        assert found.remark.startswith("the trace does not say which picture")
        assert find_photo(None, with_images(trace), 0).remark == ""  # nobody asked for pictures

    def test_a_name_cannot_lead_out_of_the_folder(self, trace, folder):
        (folder / "inside").mkdir()
        Image.new("RGB", (320, 240)).save(folder / "street.png")
        outside = with_images(trace, "../street.png", size=(320, 240))
        assert "there is no picture street.png" in find_photo(in_folder(folder / "inside", outside), outside, 0).remark


class TestFonts:
    @pytest.fixture(autouse=True)
    def fresh(self):
        """Which fonts there are is asked once; these tests change the answer."""
        yield
        theme.families.cache_clear()
        theme._characters.cache_clear()

    def test_chinese_without_a_font_is_said_once(self, folder, monkeypatch, recwarn):
        monkeypatch.setattr(theme, "CJK_FONTS", ())
        theme.families.cache_clear()
        theme._characters.cache_clear()
        trace = with_header(stored("0 .5 .5 .5 .5\n0 .4 .4 .2 .2\n"), {"names": '["汽车"]'})
        remarks: list[str] = []
        draw(trace, folder / "out", DrawOptions(gts=(0,)), remarks.append)
        assert [remark.startswith("no font here has 汽车") for remark in remarks] == [True]
        assert [warning for warning in recwarn if "Glyph" in str(warning.message)] == []
        draw(trace, folder / "out", DrawOptions(format="svg"), pytest.fail)  # there the text stays text

    def test_a_chinese_font_is_taken_where_there_is_one(self, monkeypatch):
        here = type("Font", (), {"name": "WenQuanYi Zen Hei"})
        monkeypatch.setattr(theme.font_manager.fontManager, "ttflist", [here])
        theme.families.cache_clear()
        assert theme.families() == ("DejaVu Sans", "WenQuanYi Zen Hei")
