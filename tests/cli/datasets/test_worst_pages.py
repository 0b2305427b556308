"""``explain --html``: pages of the images that lost most, and an index that leads to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.commands import Outcome
from tests.page.browser import chromium, opened

UNREACHABLE = "0 0.5 0.5 0.01 0.01\n"  # between the centres of 64 px
GOOD = "1 0.5 0.5 0.6 0.6\n"
LABELS = [GOOD, UNREACHABLE + GOOD, GOOD, UNREACHABLE * 2 + "1 0.51 0.5 0.01 0.01\n", ""]
OPTIONS = ("--imgsz", "64", "--shapes", "yolov8", "--release", "8.3.253")


@pytest.fixture
def data(folder: Path) -> str:
    """Five images, of which the second loses one box and the fourth both: rows given twice are dropped."""
    for kind in ("images", "labels"):
        (folder / "set" / kind).mkdir(parents=True)
    for i, rows in enumerate(LABELS):
        Image.new("RGB", (64, 64)).save(folder / "set" / "images" / f"{i}.png")
        (folder / "set" / "labels" / f"{i}.txt").write_text(rows)
    (folder / "data.yaml").write_text("path: set\ntrain: images\nval: images\nnames: [a, b]\n")
    return "data.yaml"


def links(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<a href="([^"]+)">([^<]+)</a>', html)


@pytest.mark.parametrize("batch", ["2", "8"])
def test_the_index_leads_to_the_worst_first(yolo_assign: Callable[..., Outcome], data: str, batch: str) -> None:
    done = yolo_assign("explain", "--data", data, *OPTIONS, "--batch", batch, "--html", "out")
    assert done.code == 0, done.err
    html = Path("out/index.html").read_text()
    found = links(html)
    assert [name for _, name in found] == ["3.png", "1.png"]
    assert '<td class="figure">2</td><td class="figure">2</td>' in html
    assert "5 images, 6 boxes, 3 without positives" in html
    for address, _ in found:
        assert Path("out", address.partition("#")[0]).stat().st_size > 10_000
    assert "Synthetic heads" in html


def test_heads_of_no_model_are_blamed_for_nothing(yolo_assign: Callable[..., Outcome], data: str) -> None:
    yolo_assign("explain", "--data", data, *OPTIONS, "--html", "out")
    causes = re.findall(r'<span lang="en">\d ([^<]+)</span>', Path("out/index.html").read_text())
    assert {cause for cause in causes if "image" not in cause} == {"no anchor centre lies inside it"}


def test_with_real_heads_every_cause_counts(
    yolo_assign: Callable[..., Outcome], data: str, folder: Path, save_heads: Callable[..., str]
) -> None:
    """Where all metrics are equal, two boxes in one place select the same anchor, and the second loses it."""
    (folder / "set" / "labels" / "2.txt").write_text("0 0.5 0.5 0.6 0.6\n" + GOOD)
    save_heads(channels=66, batch=5, maps=((8, 8), (4, 4), (2, 2)))
    equal = ("--heads", "heads.npz", "--topk", "1", "--alpha", "0", "--beta", "0")
    assert yolo_assign("explain", "--data", data, *OPTIONS, *equal, "--html", "out").code == 0
    html = Path("out/index.html").read_text()
    assert [name for _, name in links(html)] == ["3.png", "1.png", "2.png"]
    assert "it lost every anchor it selected to other boxes" in html
    assert "Synthetic heads" not in html


def test_nothing_lost_is_said(yolo_assign: Callable[..., Outcome], data: str) -> None:
    assert yolo_assign("explain", "--data", data, *OPTIONS, "--images", "0:1", "--html", "out").code == 0
    assert "No image lost a box." in Path("out/index.html").read_text()
    assert [path.name for path in Path("out").iterdir()] == ["index.html"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "data.yaml", "--image", "0"), "options-exclude"),
        (("run.log",), "options-exclude"),
        (("--data", "data.yaml", "--imgsz", "64", "--html", "data.yaml/out"), "not-writable"),
    ],
)
def test_what_cannot_be_is_said(
    yolo_assign: Callable[..., Outcome], data: str, arguments: tuple[str, ...], says: str
) -> None:
    done = (
        yolo_assign("explain", "--html", "out", *arguments)
        if "--html" not in arguments
        else yolo_assign("explain", *arguments)
    )
    assert done.code == 2
    assert says in done.err


def test_in_a_browser_both_languages_fit_and_lead_on(
    yolo_assign: Callable[..., Outcome], data: str, folder: Path
) -> None:
    yolo_assign("explain", "--data", data, *OPTIONS, "--batch", "2", "--html", "out")
    with chromium() as browser:
        for width in (400, 1280):
            size = {"width": width, "height": 800}
            with opened(browser, folder / "out" / "index.html", "lang=zh", viewport=size) as shown:
                assert shown.text("h1") == "损失最多的图像"
                assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                shown.page.click("#language")
                assert shown.text("h1") == "Images that lost most"
                shown.page.click("td a")
                shown.page.wait_for_load_state()
                assert shown.page.url.endswith("image-000003.html#lang=en") or "lang=en" in shown.page.url
                assert shown.complaints == []
