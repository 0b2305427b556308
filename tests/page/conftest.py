"""A browser, and the pages that it opens."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.page.browser import chromium, opened
from tests.page.pages import study
from yolo_assign_trace.page.html import page_html


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the pages."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def written(pages):
    """Writes the page of a trace once and says where it is."""

    @cache
    def write(make, pictures=None) -> Path:
        path = pages / f"{make.__name__}.html"
        path.write_bytes(page_html(make(), pictures))
        return path

    return write


@pytest.fixture
def shown(browser, written):
    """Opens the page of the study sample; afterwards nothing was complained of and nothing left the machine."""
    with opened(browser, written(study), "image=2&lang=en") as found:
        yield found
    assert found.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in found.requests)
    assert len({url for url in found.requests if url.startswith("file:")}) == 1
