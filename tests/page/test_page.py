"""`yolo-assign page`: what the document holds is what the trace holds, and names never become markup."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.assignment.strategies import examples, scenes
from tests.commands import ROOT, loaded_after
from tests.draw.drawn import stored, with_header, with_images
from tests.explain.explained import stored_scene
from tests.inputs.heads.captures import golden_capture
from tests.page.pages import Parsed, crowd, parsed, study, values_of
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.explain.pair import fate, pair_story
from yolo_assign_trace.explain.sentences import SIDES, number, text_of
from yolo_assign_trace.explain.texts import NOUNS
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.page.columns import column, text_column
from yolo_assign_trace.page.data import Limits, page_data
from yolo_assign_trace.page.tables import texts
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.traces.in_memory import stored_trace
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.view import OUTCOMES, TraceView

ANY_GENERATION = pytest.mark.parametrize("generation", GENERATIONS)
BEFORE_CONFLICTS = ("ground_truth", "screen", "align", "topk")


@cache
def captured():
    """A trace that begins at the assigner's call."""
    memory = Memory()
    trace(golden_capture("over_the_border"), tracers=[memory])
    return stored_trace(memory)


@cache
def in_double():
    """The study sample in float64."""
    inputs, _ = load_inputs(Request(ROOT / "sample_inputs" / "labels.txt"))
    memory = Memory()
    trace(inputs, tracers=[memory], dtype=torch.float64)
    return stored_trace(memory)


TRACES = {
    "study": study,
    "crowd": crowd,
    "crowd, topk2": lambda: crowd("yolo26-one2one"),
    "every box competes": lambda: crowd("8.0.0"),
    "no box at all": lambda: stored(""),
    "an image without boxes": lambda: stored("1 0 .5 .5 .4 .4\n"),
    "capture": captured,
    "float64": in_double,
    "log": lambda: open_trace(ROOT / "run.log"),
}
ANY_TRACE = pytest.mark.parametrize("name", TRACES)


class TestValues:
    @ANY_TRACE
    def test_columns_of_pairs_are_the_arrays_of_the_trace_as_explain_writes_them(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        pairs = kept.array("pairs")
        names = {"score": "class_scores", "overlap": "overlaps", "metric": "align_metric"}
        for image, about in enumerate(found["images"]):
            rows = pairs[:, 0] == image
            columns = {key: values_of(values) for key, values in about["pairs"].items()}
            assert np.array_equal(columns["gt"], pairs[rows, 1])
            assert np.array_equal(columns["anchor"], pairs[rows, 2])
            assert np.array_equal(columns["selected"].astype(bool), kept.array("mask_topk")[rows])
            assert np.array_equal(columns["rank"], kept.array("rank")[rows])
            for key, output in names.items():
                if rows.any():
                    assert columns[key].tolist() == list(map(number, kept.array(output)[rows].tolist())), key

    @ANY_TRACE
    def test_columns_of_anchors_cover_every_candidate_and_positive(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        fg, owner = kept.array("fg_mask"), kept.array("target_gt_idx")
        pairs, scores, target = kept.array("pairs"), kept.array("pd_scores"), kept.array("target_scores")
        chosen = pairs[kept.array("mask_topk")]
        for image, about in enumerate(found["images"]):
            columns = {key: values_of(values) for key, values in about["anchors"].items()}
            here = columns["anchor"].tolist()
            assert here == sorted({*pairs[pairs[:, 0] == image, 2].tolist(), *np.flatnonzero(fg[image]).tolist()})
            predicted = columns["predicted"].reshape(-1, 4) if here else ()
            for n, anchor in enumerate(here):
                assert columns["owner"][n] == (owner[image, anchor] if fg[image, anchor] else -1)
                assert columns["claims"][n] == ((chosen[:, 0] == image) & (chosen[:, 2] == anchor)).sum()
                assert columns["target"][n] == number(float(target[image, anchor].max(initial=0)))
                assert columns["best_score"][n] == number(float(scores[image, anchor].max()))
                assert columns["best_class"][n] == scores[image, anchor].argmax()
                corners = kept.array("pd_bboxes")[image, anchor].tolist()
                assert predicted[n].tolist() == [f"{corner:.6g}" for corner in corners]

    @ANY_TRACE
    def test_boxes_have_their_corners_cause_and_counts(self, name):
        found, kept = page_data(TRACES[name]()), TRACES[name]()
        fg, owner, pairs = kept.array("fg_mask"), kept.array("target_gt_idx"), kept.array("pairs")
        assert [len(image["boxes"]) for image in found["images"]] == list(kept.box_counts)
        for i, image in enumerate(found["images"]):
            for j, box in enumerate(image["boxes"]):
                positives = int((fg[i] & (owner[i] == j)).sum())
                assert box["corners"] == kept.array("gt_bboxes")[i, j].tolist()
                assert sum(box["funnel"][0]) == (pairs[:, :2] == (i, j)).all(axis=1).sum()
                assert sum(box["funnel"][-1]) == positives
                assert bool(box["cause"]) == (positives == 0)
                assert bool(box["told"]) == bool(box["cause"])

    def test_numbers_of_a_stage_are_counts_of_the_trace(self):
        kept = crowd()
        numbers = page_data(kept)["numbers"]
        claims = np.bincount(kept.array("pairs")[kept.array("mask_topk"), 2], minlength=kept.grid.anchors)
        assert numbers["pairs"] == {"total": str(len(kept.array("pairs"))), "images": [str(len(kept.array("pairs")))]}
        assert numbers["contested"]["total"] == str((claims > 1).sum()) != "0"
        assert numbers["positives"]["total"] == str(kept.array("fg_mask").sum())
        assert numbers["best-overlap"]["total"] == number(float(kept.array("overlaps").max()))
        assert float(numbers["target-sum"]["total"]) == pytest.approx(kept.array("target_scores").sum(), rel=1e-4)

    def test_a_log_brings_the_distances_that_it_printed(self):
        """Differences of rounded corners and centres are not the printed distances."""
        exact, log = page_data(study()), page_data(open_trace(ROOT / "run.log"))
        assert (exact["digits"], log["digits"]) == (None, 5)
        kept = open_trace(ROOT / "run.log")
        first = kept.array("bbox_deltas")[kept.array("pairs")[:, 0] == 0]
        for side, name in enumerate(SIDES):
            found = values_of(log["images"][0]["pairs"][name]).tolist()
            assert found == [f"{distance:.6g}" for distance in first[:, side].tolist()]

    @pytest.mark.parametrize(
        ("texts", "data"),
        [
            (["0.5", "2.0", "nan"], "0.5 2.0 nan"),  # few are equal: as they are
            (["0.5", "2.0", "0.5", "0.5", "2.0"], "0.5 2.0"),  # most are: each once
        ],
    )
    def test_texts_that_stand_often_are_written_once(self, texts, data):
        stored_column = text_column(texts)
        assert stored_column["data"] == data
        assert values_of(stored_column).tolist() == texts

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ([0, 255], "u1"),
            ([0, 256], "u2"),
            ([0, 65536], "u4"),
            ([-1, 3], "i4"),
            ([], "u1"),
        ],
    )
    def test_integers_get_the_smallest_type_that_holds_them(self, values, kind):
        stored_column = column(np.array(values, dtype=np.int64))
        assert stored_column["type"] == kind
        assert values_of(stored_column).tolist() == values


class TestSentences:
    """The page says what explain says, pair by pair, with the texts that are in its document."""

    @ANY_GENERATION
    @given(scene=scenes(min_boxes=1, max_images=2), topk2=st.sampled_from([None, 1, 2]))
    @examples(8)
    def test_every_pair_has_the_sentences_of_its_story(self, generation, scene, topk2):
        check_sentences(stored_scene(scene, generation, topk2))

    @ANY_TRACE
    def test_of_other_traces_too(self, name):
        check_sentences(TRACES[name]())


def check_sentences(kept):
    view, document = TraceView(kept), page_data(kept)
    columns = [{key: values_of(values) for key, values in image["pairs"].items()} for image in document["images"]]
    first = np.searchsorted(view.pairs[:, 0], np.arange(view.b)).tolist()
    for index, (image, gt, anchor) in enumerate(view.pairs.tolist()):
        story = pair_story(view, image, gt, anchor)
        early = [sentence.text for sentence in story.sentences if sentence.stage in BEFORE_CONFLICTS]
        own = {name: str(column[index - first[image]]) for name, column in columns[image].items()}
        x, y = (f"{value:.6g}" for value in view.array("anc_points")[anchor].tolist())
        values = document["shown"] | document["images"][image]["boxes"][gt]["shown"] | own | {"x": x, "y": y}
        assert [english(kind, values) for kind in document["kinds"][int(own["kind"])]] == early
        later = [sentence for sentence in story.sentences if sentence.stage not in BEFORE_CONFLICTS]
        told = document["images"][image]["fates"].get(str(anchor), {}).get(str(gt))
        if told is None:
            assert [s.id for s in later] == ["resolve.unclaimed", "targets.background", "normalize.background"]
        else:
            assert [english(*one) for one in told] == [sentence.text for sentence in later]
    for image, anchor in np.argwhere(view.resolved_owner >= 0).tolist():
        owner = int(view.resolved_owner[image, anchor])
        told = document["images"][image]["fates"][str(anchor)][str(owner)]
        index = view.index.one(image, owner, anchor)
        assert [english(*one) for one in told] == [s.text for s in fate(view, image, anchor, owner, index)]


def english(id, values):
    """The sentence with its numbers as they came; only counts are still to get their noun."""
    return text_of(
        id, values, texts()["en"]["sentences"], {name: noun for name, noun in NOUNS.items() if name in values}
    )


class TestLanguages:
    @pytest.mark.parametrize("kind", sorted(set(texts()["en"]) - {"nouns"}))
    def test_both_have_the_same_ids_and_the_same_numbers_in_them(self, kind):
        one, other = texts()["en"][kind], texts()["zh"][kind]
        assert set(one) == set(other)
        for name in one:
            assert places(one[name]) == places(other[name]), name

    def test_chinese_is_chinese(self):
        for kind, table in texts()["zh"].items():
            for name, text in table.items():
                both = " ".join(text) if isinstance(text, tuple) else text
                words = re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}|\bgt\b|\bpx\b", "", both))
                assert re.search(r"[\u4e00-\u9fff]", both) or not words or name == "language", (kind, name)

    def test_every_outcome_stage_and_output_of_a_trace_has_its_text(self):
        for make in TRACES.values():
            found = page_data(make())
            for language in texts().values():
                assert set(found["outcomes"]) == set(OUTCOMES) == set(language["outcomes"])
                for stage in found["stages"]:
                    assert stage["declaration"] in language["stages"]
                    assert {output["name"] for output in stage["outputs"]} <= set(language["meanings"])
                    assert {name for name in stage["numbers"] if name != "boxes"} <= set(language["words"])


def places(text):
    return set(re.findall(r"\{(\w+)\}", " ".join(text) if isinstance(text, (tuple, list)) else text))


HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&amp;\"'"


class TestMarkup:
    def test_names_stay_data(self):
        page = parsed(
            with_images(with_header(study(), {"names": f'["a", {quoted(HOSTILE)}, "c"]', "labels": HOSTILE}), HOSTILE)
        )
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


def quoted(text):
    import json

    return json.dumps(text)


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class TestSize:
    def test_pairs_are_cut_to_the_best_the_selected_and_the_owned(self):
        kept = crowd()
        whole, cut = page_data(kept), page_data(kept, limits=Limits(pairs=300))
        view = TraceView(kept)
        of_interest = {tuple(pair) for pair in view.pairs[view.selected | (view.outcome != 4)].tolist()}
        columns = {key: values_of(values) for key, values in cut["images"][0]["pairs"].items()}
        left = {(0, gt, anchor) for gt, anchor in zip(columns["gt"].tolist(), columns["anchor"].tolist(), strict=True)}
        assert of_interest <= left
        assert cut["left_out"]["pairs"] == len(view.pairs) - len(left) > 0
        assert len(left - of_interest) <= 300
        assert cut["numbers"] == whole["numbers"]
        assert [box["funnel"] for box in cut["images"][0]["boxes"]] == [
            box["funnel"] for box in whole["images"][0]["boxes"]
        ]
        best = {}  # of every box the best candidate is there
        for (_, gt, anchor), metric in zip(view.pairs.tolist(), view.metric.tolist(), strict=True):
            best[gt] = max(best.get(gt, (-1.0, 0)), (metric, -anchor))
        assert {(0, gt, -anchor) for gt, (metric, anchor) in best.items() if metric > 0} <= left

    def test_stories_are_cut_those_of_boxes_concerned_come_first(self):
        kept = crowd()
        told = sum(len(stories) for stories in page_data(kept)["images"][0]["fates"].values())
        cut = page_data(kept, limits=Limits(fates=20))
        assert sum(len(stories) for stories in cut["images"][0]["fates"].values()) == 20
        assert cut["left_out"] == {"pairs": 0, "fates": told - 20}

    def test_a_large_trace_makes_a_small_page(self):
        """8,400 anchors and tens of thousands of pairs: 30 to 60 bytes a pair, 50 an anchor, and no logits."""
        kept = stored("".join(f"0 .5 .5 .{size} .{size}\n" for size in range(50, 60)), "yolov8", px=640)
        pairs = len(kept.array("pairs"))
        assert pairs > 20_000
        assert len(parsed(kept).html) < 700_000 + 40 * pairs


class TestPictures:
    def test_a_picture_is_embedded_small_at_its_place(self, tmp_path):
        Image.new("RGB", (1600, 1200), (200, 30, 30)).save(tmp_path / "street.png")
        placed = with_images(study(), "street.png", size=(1600, 1200))
        found = page_data(placed, tmp_path)["images"]
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
        assert page_data(placed, tmp_path, remarks.append)["images"][0]["picture"] is None
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

    assert {path.name for path in template.glob("*.js")} == set(SCRIPTS)
    assert all(path.read_text(encoding="utf-8").count("\n") < 300 for path in template.iterdir())
