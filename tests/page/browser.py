"""A real browser for the tests of the page: Debian's chromium, driven by Playwright, without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REQUIRED = "REQUIRE_BROWSER"
"""With this variable set, a missing browser fails the tests instead of skipping them; .ci/run sets it."""


def find_chromium() -> str:
    """Path of chromium; without one the calling test is skipped, or fails where a browser is required."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    reason = "no chromium on this machine: apt-get install chromium"
    if os.environ.get(REQUIRED):
        pytest.fail(reason)
    return pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Any]:
    """A Playwright browser."""
    path = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=sandbox)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page from disk, with everything that it complained about or asked the network for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def hash(self) -> dict[str, str]:
        """The state in the page's address."""
        said: dict[str, str] = self.page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
        return said

    def text(self, selector: str) -> str:
        found: str = self.page.inner_text(selector)
        return found

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the network input lies on the screen."""
        found: list[float] = self.page.evaluate(ON_SCREEN, [x, y])
        return found[0], found[1]

    def show(self, address: str) -> None:
        """Go to another state of the same page and wait until it is drawn."""
        self.at_each([address], "null")

    def at_each(self, addresses: list[str], expression: str) -> list[Any]:
        """What ``expression`` is worth at each of several states, one after the other."""
        found: list[Any] = self.page.evaluate(AT_EACH % expression, addresses)
        return found


AT_EACH = """async (addresses) => {
  const found = [];
  for (const address of addresses) {
    if (location.hash !== `#${address}`) {
      const drawn = new Promise((done) => addEventListener("hashchange", done, { once: true }));
      location.hash = address;
      await drawn;
    }
    found.push(%s);
  }
  return found;
}"""

ON_SCREEN = """([x, y]) => {
  const found = new DOMPoint(x, y).matrixTransform(document.getElementById('picture').getScreenCTM());
  return [found.x, found.y];
}"""

STORY = "[...document.querySelectorAll('.story li')].map(li => [li.dataset.stage, li.lastElementChild.textContent])"
"""Stage and sentence of every line of an anchor's life, as an expression of the page."""


@contextmanager
def opened(browser: Any, path: Path, address: str = "", **options: Any) -> Iterator[Opened]:
    """``path`` opened from disk at ``address``; ``options`` are those of a Playwright page."""
    options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options
    page = browser.new_page(**options)
    found = Opened(page)
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.requests.append(request.url))
    try:
        page.goto(f"{path.as_uri()}#{address}")
        yield found
    finally:
        page.close()
