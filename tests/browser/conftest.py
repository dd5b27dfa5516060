"""A browser for the session, and pages that keep what they said and moved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import harness


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a browser test: ``pytest -m "not browser"`` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests. Without one: a failure in CI, a skip that says so elsewhere."""
    path = harness.find_chromium()
    if path is None:
        message = "no Chromium: the pages are not tested (see `make browser`)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        browser = harness.launch(playwright, path)
        yield browser
        browser.close()


class Watched:
    """What a page fetched, received and complained about."""

    def __init__(self, page: Page) -> None:
        self.received_bytes = 0
        self.problems: list[str] = []
        self.urls: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        page.on("response", lambda response: self.urls.append(response.url))
        # What the page's own policy blocks never leaves the browser.
        page.on("requestfailed", lambda failed: failed.failure != "csp" and self.urls.append(failed.url))

    def _count(self, payload: bytes | str) -> None:
        self.received_bytes += len(payload)

    @property
    def foreign_urls(self) -> list[str]:
        """What the page asked of other machines, answered or not."""
        return [url for url in self.urls if not url.startswith(("http://127.0.0.1", "data:", "blob:"))]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page in a profile of its own; ``page.watched`` tells what it received and complained about."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(harness.PAGE_SECONDS * 1000)
    opened = context.new_page()
    opened.watched = Watched(opened)  # type: ignore[attr-defined]
    yield opened
    context.close()


@pytest.fixture(scope="session")
def lab_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on copies of notebooks/ and of this folder's (as fixtures/): saving there changes no checkout."""
    scratch = tmp_path_factory.mktemp("lab")
    shutil.copytree(harness.ROOT / "notebooks", scratch / "root" / "notebooks")
    shutil.copytree(harness.NOTEBOOKS, scratch / "root" / "fixtures")
    with harness.lab(scratch / "root", scratch) as base:
        yield base
