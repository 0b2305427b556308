"""The page of an audit, in a real browser: the numbers of the document, both languages, sorting, pictures, widths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.page.browser import Opened, chromium, opened
from tests.page.pages import HOSTILE
from yolo_assign_trace.audit.document import document
from yolo_assign_trace.audit.page.chinese import CHINESE, chinese_verdict
from yolo_assign_trace.audit.page.html import audit_html
from yolo_assign_trace.audit.page.pictures import worst_numbers
from yolo_assign_trace.audit.page.words import ENGLISH
from yolo_assign_trace.audit.question import ask
from yolo_assign_trace.audit.report import Report
from yolo_assign_trace.audit.run import audit
from yolo_assign_trace.audit.verdict import verdict
from yolo_assign_trace.audit.workers import process_pool
from yolo_assign_trace.inputs.datasets.dataset import open_dataset

NUMBER = re.compile(r"\d[\d,.]*")


def drone_like(folder: Path, names: str = "[pedestrian, car, van]") -> Path:
    """Six pictures of 1360 x 765 px with hundreds of boxes of 4 to 20 px each; the last one's file is broken."""
    random = np.random.RandomState(0)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for i in range(6):
        Image.new("RGB", (1360, 765), (90, 120, 60)).save(folder / "images" / f"{i}.jpg")
        size = 4 * 5 ** random.uniform(size=(100 + 40 * i, 2)) / [1360, 765]
        centre = size / 2 + random.uniform(size=size.shape) * (1 - size)
        rows = np.column_stack([random.randint(3, size=len(size)), centre, size])
        rows = np.concatenate([rows, rows[:5]])  # the same boxes once more
        (folder / "labels" / f"{i}.txt").write_text(
            "".join(f"{int(r[0])} " + " ".join(map(repr, r[1:].tolist())) + "\n" for r in rows)
        )
    (folder / "images" / "5.jpg").write_bytes((folder / "images" / "0.jpg").read_bytes()[:3000])
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images\nval: images\nnames: {names}\n")
    return data


def report_of(data: Path, releases: tuple[str, ...], sizes: tuple[int, ...] = (640,), **options: Any) -> Report:
    question, remarks = ask(list(releases), [(size, size) for size in sizes], ["yolov8"], **options)
    dataset = open_dataset(data)
    question = question.with_classes(dataset.nc)
    with process_pool(1) as pool:
        return Report(dataset, question, audit(dataset, question, pool), tuple(remarks))


@pytest.fixture(scope="module")
def drone(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report_of(drone_like(tmp_path_factory.mktemp("drone")), ("8.3.253", "8.4.190"), (640, 1280))


@pytest.fixture(scope="module")
def written(drone: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "drone.html").write_bytes(audit_html(drone))
    hostile = drone_like(tmp_path_factory.mktemp("hostile"), json.dumps([HOSTILE] * 3))
    (folder / "hostile.html").write_bytes(audit_html(report_of(hostile, ("8.3.253",))))
    empty = tmp_path_factory.mktemp("empty")
    (empty / "images").mkdir()
    Image.new("RGB", (64, 64)).save(empty / "images" / "0.png")
    (empty / "data.yaml").write_text(f"path: {empty}\ntrain: images\nval: images\nnames: [a]\n")
    (folder / "empty.html").write_bytes(audit_html(report_of(empty / "data.yaml", ("8.4.190",))))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def shown(browser: Any, written: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Opens a page; afterwards nothing was complained of and nothing left the machine."""
    name, address, options = request.param
    with opened(browser, written / f"{name}.html", address, **options) as found:
        yield found
    assert found.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in found.requests)


ENGLISH_PAGE, CHINESE_PAGE = ("drone", "lang=en", {}), ("drone", "lang=zh", {})


def cells(shown: Opened, table: str, column: int) -> list[str]:
    found: list[str] = shown.page.locator(f"#{table} tbody td:nth-child({column})").all_inner_texts()
    return found


@pytest.mark.parametrize("shown", [ENGLISH_PAGE, CHINESE_PAGE], indirect=True)
def test_the_numbers_are_those_of_the_document(shown: Opened, drone: Report) -> None:
    data = document(drone)
    rows = data["combinations"]
    assert cells(shown, "combinations", 4) == [f"{row['never']:,}" for row in rows]
    assert cells(shown, "combinations", 6) == [f"{row['fewer_than_k']:,}" for row in rows]
    helps = [one for row in rows for one in row["helps"]]
    assert [cell.split(" / ")[0] for cell in cells(shown, "helps-table", 5)] == [f"{h['of_never']:,}" for h in helps]
    assert sum(int(cell.replace(",", "")) for cell in cells(shown, "by-class", 2)) == rows[0]["boxes"]
    bars = shown.page.locator("#charts .charts > div:nth-child(1) rect title").all_text_contents()
    assert len(bars) == sum(count > 0 for count in rows[0]["boxes_by_candidates"])


@pytest.mark.parametrize("shown", [ENGLISH_PAGE], indirect=True)
def test_a_title_sorts_and_the_chosen_combination_is_drawn(shown: Opened, drone: Report) -> None:
    never = [row["never"] for row in document(drone)["combinations"]]
    title = shown.page.locator("#combinations th:nth-child(4) button")
    for order in (sorted(never, reverse=True), sorted(never)):
        title.click()
        assert cells(shown, "combinations", 4) == [f"{number:,}" for number in order]
    shown.page.select_option("#combination", "2")
    one = document(drone)["combinations"][2]
    assert cells(shown, "by-class", 4) == [
        f"{row['never']:,}"
        for row in sorted(one["by_class"], key=lambda r: (-r["never"], -r["fewer_than_k"], -r["boxes"]))
    ]


@pytest.mark.parametrize("shown", [ENGLISH_PAGE], indirect=True)
def test_the_language_can_be_changed(shown: Opened) -> None:
    assert shown.text("h1") == ENGLISH["title"]
    shown.page.click("#language")
    assert shown.text("h1") == CHINESE["title"]
    assert shown.page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "没有候选" in shown.text("#verdict")
    shown.page.click("#language")
    assert shown.text("h1") == ENGLISH["title"]


@pytest.mark.parametrize("shown", [ENGLISH_PAGE], indirect=True)
def test_the_worst_pictures_show_every_box_in_the_colour_of_its_fate(shown: Opened, drone: Report) -> None:
    figures = shown.page.locator("#pictures figure")
    numbers = worst_numbers(drone)
    assert figures.count() == len(numbers) == 5  # 5.jpg is cut off, and training drops it
    never = document(drone)["combinations"][0]["never"]
    assert shown.page.locator("#pictures rect.outline.never-line").count() == never
    assert shown.page.locator("#pictures image").count() == 5
    first = figures.first.inner_text()
    assert f"{numbers[0]}.jpg" in first
    assert "image_size': '1360x765'" in first  # the command line makes a command of it


WIDTHS = [
    (name, f"lang={language}", {"viewport": {"width": width, "height": 800}, "color_scheme": scheme})
    for name in ("drone", "hostile", "empty")
    for language in ("en", "zh")
    for width, scheme in ((400, "dark"), (1280, "light"))
]


@pytest.mark.parametrize("shown", WIDTHS, indirect=True, ids=str)
def test_nothing_is_wider_than_the_window_and_names_stay_names(shown: Opened) -> None:
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.page.locator("#verdict dt").count() >= 2
    assert shown.page.locator("#audit script, #audit img").count() == 0


def test_both_languages_have_the_same_words_and_places_to_fill() -> None:
    assert list(ENGLISH) == list(CHINESE)
    for name, text in ENGLISH.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", CHINESE[name])), name


@pytest.mark.parametrize("releases", [("8.3.253", "8.4.190"), ("8.4.190",)])
@pytest.mark.parametrize("reg_max", [16, 2])
def test_the_chinese_verdict_says_the_same_numbers(tmp_path: Path, releases: tuple[str, ...], reg_max: int) -> None:
    report = report_of(drone_like(tmp_path), releases, reg_max=reg_max)
    english, chinese = verdict(report), chinese_verdict(report)
    assert [sentence.grade for sentence in english] == [sentence.grade for sentence in chinese]
    assert len(english) >= 6
    for one, other in zip(english, chinese, strict=True):
        numbers = [sorted({number.strip(",.") for number in NUMBER.findall(text)}) for text in (one.text, other.text)]
        assert numbers[0] == numbers[1], (one, other)
