"""`yolo-assign page`: one file that refers to nothing else, in which names never become markup."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.commands import ROOT, loaded_after
from tests.draw.drawn import with_images
from tests.inputs.heads import captures
from tests.page.pages import HOSTILE, Parsed, hostile, parsed, study
from yolo_assign_trace.draw.photos import in_folder
from yolo_assign_trace.page.data import page_data


class TestMarkup:
    def test_names_stay_data(self):
        page = parsed(hostile())
        assert [tag for tag, _ in page.tags].count("script") == 2
        assert not {"img", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
        assert page.document["classes"]["1"] == page.document["header"]["labels"] == HOSTILE

    def test_the_policy_allows_this_script_and_style_and_nothing_else(self):
        page = parsed(study())
        policy = next(
            about["content"] for _, about in page.tags if about.get("http-equiv") == "Content-Security-Policy"
        )
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
        assert directives["script-src"] == digest(page.inside["script"][1])
        assert directives["style-src"] == digest(page.inside["style"][0])
        assert directives["img-src"] == "data:"

    def test_nothing_refers_to_another_place(self):
        html = "".join(parsed(study()).html)
        assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
        assert "innerHTML" not in html


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class TestPictures:
    def test_a_picture_is_embedded_small_at_its_place(self, tmp_path):
        Image.new("RGB", (1600, 1200), (200, 30, 30)).save(tmp_path / "street.png")
        placed = with_images(study(), "street.png", size=(1600, 1200))
        found = page_data(placed, in_folder(tmp_path, placed))["images"]
        assert found[0]["name"] == "street.png"
        assert found[0]["picture"]["place"] == [0, 80, 640, 480]
        assert found[1]["picture"] is None
        data = base64.b64decode(found[0]["picture"]["uri"].removeprefix("data:image/jpeg;base64,"))
        (tmp_path / "found.jpg").write_bytes(data)
        with Image.open(tmp_path / "found.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (800, 600))

    def test_a_missing_one_is_a_remark(self, tmp_path):
        remarks: list[str] = []
        placed = with_images(study(), "street.png")
        assert page_data(placed, in_folder(tmp_path, placed), remarks.append)["images"][0]["picture"] is None
        assert remarks[0] == f"there is no picture street.png in {tmp_path}; image 0 is shown without it"


@pytest.fixture
def saved(yolo_assign, folder):
    assert yolo_assign("trace", "--labels", "labels.txt", "--save", "t.safetensors", "--quiet").code == 0
    return "t.safetensors"


class TestCommand:
    def test_it_writes_one_file_and_says_how_large_it_is(self, yolo_assign, folder, saved):
        done = yolo_assign("page", saved)
        size = (folder / "trace.html").stat().st_size
        assert (done.code, done.out, done.err) == (0, "", f"wrote trace.html: {size / 1e6:.2f} MB\n")
        assert Parsed((folder / "trace.html").read_text(encoding="utf-8")).document["format"] == 2

    def test_log_and_saved_trace_and_a_trace_on_the_spot_make_a_page(self, yolo_assign, folder, saved):
        for source in (["run.log"], [saved], ["--labels", "labels.txt"]):
            assert yolo_assign("page", *source, "-o", "a.html").code == 0
            document = Parsed((folder / "a.html").read_text(encoding="utf-8")).document
            assert [len(image["boxes"]) for image in document["images"]] == [2, 1, 3, 1]

    def test_the_pictures_of_a_dataset_are_in_the_page(self, yolo_assign, dataset):
        asked = ("page", "--data", "data.yaml", "--shapes", "yolov8", "--imgsz", "64", "-o", "a.html")
        assert yolo_assign(*asked).code == 0
        images = Parsed(Path("a.html").read_text(encoding="utf-8")).document["images"]
        assert [image["name"] for image in images] == [f"{i}.png" for i in range(5)]
        assert [image["picture"]["place"] for image in images] == [[0, 16, 64, 32]] * 5  # 80x40 px in 64x64
        assert all(image["picture"]["uri"].startswith("data:image/jpeg;base64,") for image in images)

    def test_the_pictures_of_a_captured_call_are_in_the_page(self, yolo_assign, folder):
        images = len(captures.call()["pd_scores"])
        pictures = torch.full((images, 3, 64, 64), 200, dtype=torch.uint8)
        captures.saved(folder, pictures=pictures)
        assert yolo_assign("page", "--capture", "call.pt", "-o", "a.html").code == 0
        found = Parsed(Path("a.html").read_text(encoding="utf-8")).document["images"]
        assert [image["picture"]["place"] for image in found] == [[0, 0, 64, 64]] * images
        captures.saved(folder, pictures=pictures[:, :, :32])  # of another input
        outcome = yolo_assign("page", "--capture", "call.pt", "-o", "a.html")
        assert outcome.code == 0
        assert f"they are uint8 [{images}, 3, 32, 64], expected uint8 [{images}, 3, 64, 64]" in outcome.err

    def test_the_same_trace_makes_the_same_bytes(self, yolo_assign, folder, saved):
        for name in ("a.html", "b.html"):
            assert yolo_assign("page", saved, "-o", name).code == 0
        assert (folder / "a.html").read_bytes() == (folder / "b.html").read_bytes()

    def test_open_hands_the_page_to_the_browser(self, yolo_assign, folder, saved, monkeypatch):
        opened = []
        monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) is None)
        assert yolo_assign("page", saved, "--open").code == 0
        assert opened == [(folder / "trace.html").as_uri()]
        monkeypatch.setattr("webbrowser.open", lambda url: False)
        assert "no browser could be opened" in yolo_assign("page", saved, "--open").err

    def test_the_folder_of_pictures_may_still_be_called_images_which_is_told(self, yolo_assign, folder, saved):
        (folder / "pictures").mkdir()
        for option, told in (("--pictures", False), ("--images", True)):
            done = yolo_assign("page", saved, option, "pictures")
            assert done.code == 0
            assert "the trace does not say which picture image 0 is; shown without it" in done.err
            assert ("the folder of pictures is --pictures pictures\n" in done.err) == told

    @pytest.mark.parametrize(
        ("arguments", "id"),
        [
            (["nothing.log"], "no-such-file"),
            ([], "no-trace"),  # neither a trace nor inputs
            (["labels.txt"], "no-trace"),
            (["t.safetensors", "--labels", "labels.txt"], "options-exclude"),
            (["t.safetensors", "--pictures", "nowhere"], "no-such-folder"),
            (["t.safetensors", "--images", "nowhere"], "wrong-images"),  # neither images nor a folder
            (["t.safetensors", "--images", "0:2"], "options-exclude"),  # it selects what is traced
            (["t.safetensors", "--images", ".", "--pictures", "."], "options-exclude"),
            (["t.safetensors", "-o", "t.safetensors"], "would-overwrite"),
            (["--labels", "labels.txt", "-o", "labels.txt"], "would-overwrite"),
            (["t.safetensors", "-o", "nowhere/a.html"], "no-such-folder"),
            (["t.safetensors", "-o", "."], "is-a-folder"),
        ],
    )
    def test_errors_say_what_is_wrong_and_leave_files_alone(self, yolo_assign, folder, saved, arguments, id):
        before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        done = yolo_assign("page", *arguments)
        assert done.code == 2
        assert f"[{id}]" in done.err
        assert "Traceback" not in done.err
        assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_page_of_a_stored_trace_needs_no_torch():
    code = (
        "from pathlib import Path\nfrom yolo_assign_trace.traces.open_trace import open_trace\n"
        "from yolo_assign_trace.page.html import page_html\n"
        f"assert page_html(open_trace(Path({str(ROOT / 'run.log')!r})))"
    )
    loaded = loaded_after(code)
    assert "yolo_assign_trace.page.html" in loaded
    assert not {"torch", "matplotlib", "typer"} & loaded


def test_the_parts_of_the_script_are_all_there_and_small():
    template = Path(ROOT / "yolo_assign_trace" / "page" / "template")
    from yolo_assign_trace.page.html import SCRIPTS

    assert {path.name for path in template.glob("*.js")} == {
        *SCRIPTS,
        "index.js",
    }  # that of the index is one of its own
    assert all(path.read_text(encoding="utf-8").count("\n") < 300 for path in template.iterdir())
