"""The history as a page, in a real browser: charts, tables, links, colours, widths."""

from __future__ import annotations

import pytest

from tests.draw.drawn import with_images
from tests.history.recordings import assigner_line, box_line, count_line, picture_line, run_line, write
from tests.page.browser import chromium, opened
from tests.page.pages import HOSTILE, study
from yolo_assign_trace.history.against import hold_against
from yolo_assign_trace.history.history import read_history
from yolo_assign_trace.history.html import history_html
from yolo_assign_trace.history.links import Links
from yolo_assign_trace.page.html import page_html


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory, recording):
    """Pages of a real recording, of it against another, and of one whose every name would be markup."""
    folder = tmp_path_factory.mktemp("pages")
    one = read_history(recording)
    many = [count_line(epoch, part) for epoch in range(200) for part in ("train", "val")]
    long = "/a/very/long/path" * 9
    more = [picture_line(labels=f"{long}.txt"), *(box_line(0, gt, "") for gt in range(40))]
    other = read_history(write(folder / "other", [run_line(), assigner_line("8.3.200")], many, more))
    names = {"kind": "trainer", "class_names": [HOSTILE] * 3, "arguments": {"model": HOSTILE}}
    levels = count_line(0, levels=[HOSTILE, "P4"])
    markup = [picture_line(0, f"/d/{HOSTILE}.jpg", HOSTILE), box_line(0, 0, "", cause=HOSTILE)]
    hostile = read_history(write(folder / "hostile", [run_line(), names, assigner_line(HOSTILE)], [levels], markup))
    written = {
        "one": history_html([one], None),
        "two": history_html([one, other], hold_against(one, other)),
        "hostile": history_html([hostile], None),
    }
    for name, html in written.items():
        (folder / f"{name}.html").write_bytes(html)
    return folder


@pytest.fixture
def shown(browser, pages, request):
    """Opens a page; afterwards nothing was complained of and nothing left the machine."""
    with opened(browser, pages / f"{request.param}.html") as found:
        yield found
    assert found.complaints == []
    assert len(found.requests) == 1


@pytest.mark.parametrize("shown", ["one"], indirect=True)
def test_a_curve_for_every_size_and_head_and_a_map_of_levels(shown, recording):
    history = read_history(recording)
    for (part, head), epochs in history.groups.items():
        sizes = [n for n in range(5) if any(epoch.tally.boxes[n] for epoch in epochs)]
        charts = shown.page.locator(f"#{part}-{head} .chart").evaluate_all(
            "charts => charts.map(chart => [...chart.querySelectorAll('.curve')].map(c => c.getAttribute('class')))"
        )
        curves = [f"curve size-{size}" for size in ("all", *sizes)]
        assert charts[:2] == [curves, curves]
        assert len(charts) == (4 if part == "val" else 3)  # validations have churn
        cells = shown.page.locator(f"#{part}-{head} rect title").all_text_contents()
        shares = {(e.number, level): e.tally.share_of(level) for level in history.levels for e in epochs}
        assert cells == [f"epoch {n}, {level}: {100 * share:.3g}%" for (n, level), share in shares.items()]


@pytest.mark.parametrize("shown", ["one"], indirect=True)
def test_numbers_are_told_where_one_points_and_stand_in_a_table(shown, recording):
    epoch = read_history(recording).groups["val", "one2many"][-1]
    dots = shown.page.locator("#val-one2many .chart >> nth=0").locator(".dot.size-all title").all_text_contents()
    assert dots[-1] == f"epoch 2, all: {epoch.tally.per_box():.3g}"
    table = shown.page.locator("#val-one2many details table")
    assert not table.is_visible()
    shown.page.click("#val-one2many summary")
    assert table.locator("tbody tr").last.locator("td").all_inner_texts()[:3] == [
        "2",
        str(epoch.tally.boxes.sum()),
        f"{epoch.tally.per_box():.2f}",
    ]


@pytest.mark.parametrize("shown", ["one"], indirect=True)
def test_the_boxes_that_starve_stand_with_their_label_lines(shown, recording):
    rows = shown.page.locator(".starving tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )
    assert [row[0] for row in rows] == [box.place for box in read_history(recording).boxes.starving()]
    assert rows[0][-1] == "no-anchor-inside"
    assert shown.page.locator("a").count() == 0  # links only where there is a page to go to


@pytest.mark.parametrize("shown", ["two"], indirect=True)
def test_two_recordings_share_their_charts(shown):
    first = shown.page.locator("#val-one2many .chart >> nth=0")
    assert first.locator(".curve.size-all").count() == 2
    assert first.locator(".curve.size-all.second").count() == 1
    assert shown.text(".panel >> nth=0").startswith("Settings that differ")


@pytest.mark.parametrize("shown", ["hostile"], indirect=True)
def test_no_name_is_read_as_markup(shown):
    assert HOSTILE in shown.text("body")
    assert shown.page.locator("img, script").count() == 0


@pytest.mark.parametrize("name", ["one", "two", "hostile"])
@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_window_and_texts_can_be_read(browser, pages, name, width):
    with opened(browser, pages / f"{name}.html", viewport={"width": width, "height": 800}) as found:
        found.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width
        assert min(found.page.locator(".chart text").evaluate_all(HEIGHTS)) >= 9
        assert found.page.evaluate(OVERLAPS) == []


HEIGHTS = "texts => texts.map(text => text.getBoundingClientRect().height)"
OVERLAPS = """[...document.querySelectorAll('.chart')].flatMap(chart => {
  const texts = [...chart.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  return texts.flatMap(([one, a], n) => texts.slice(n + 1)
    .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
    .map(([other]) => [chart.getAttribute('aria-label'), one, other]));
})"""
"""Pairs of texts of one chart that cover each other."""


def test_colours_follow_the_system(browser, pages):
    background = "getComputedStyle(document.body).backgroundColor"
    for system, colour in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 22, 26)")):
        with opened(browser, pages / "one.html", color_scheme=system) as found:
            assert found.page.evaluate(background) == colour
            curve = found.page.locator(".curve.size-all >> nth=0").evaluate("c => getComputedStyle(c).stroke")
            assert curve == found.page.evaluate("getComputedStyle(document.body).color")


def test_a_starving_box_leads_to_the_page_that_shows_it(browser, tmp_path):
    """Its picture is found by the file's name, and its row if the page has the same there."""
    trace = with_images(study(), "pictures/0.jpg")
    page = tmp_path / "a page.html"
    page.write_bytes(page_html(trace))
    boxes = [picture_line(0, "/elsewhere/0.jpg"), picture_line(1, "/elsewhere/9.jpg")]
    label = trace.array("gt_labels")[0, 1, 0]
    boxes += [box_line(0, 1, "", **{"class": int(label)}), box_line(0, 2, ""), box_line(0, 0, "", picture=1)]
    history = read_history(write(tmp_path / "w", boxes=boxes))
    links = Links(page, tmp_path)
    starving = history.boxes.starving()
    assert [links.of(box) for box in starving] == ["a%20page.html#image=0&gt=1", "a%20page.html#image=0", ""]
    (tmp_path / "h.html").write_bytes(history_html([history], None, links.of))
    with opened(browser, tmp_path / "h.html") as found:
        found.page.click(".starving a >> nth=0")
        found.page.wait_for_function("document.getElementById('box-1')")
        assert found.page.get_attribute("#box-1", "aria-pressed") == "true"
    assert found.complaints == []
