"""An exported page in a browser without a network: charts are drawn, nothing is fetched, nothing sticks out."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from costlib.exports.page import to_html
from costlib.planner.answer import open_answer
from costlib.planner.explain import plans
from costlib.planner.ladder import ladder
from tests.exports.conftest import WORKLOAD


@pytest.mark.parametrize("width", [1280, 390])
def test_page_opens_without_a_network(page: Page, tmp_path: Path, width: int) -> None:
    result = open_answer(WORKLOAD)
    document = tmp_path / "plans.html"
    document.write_bytes(to_html(result, plans(result, result.order[:10]), ladder(result)))
    page.set_viewport_size({"width": width, "height": 844})
    page.context.set_offline(True)
    page.goto(document.as_uri())
    marks = {"cost-time": ".scatterlayer .point", "breakdown": ".barlayer .point", "ladder": ".bars .point"}
    for name, mark in marks.items():
        assert page.locator(f"#chart-{name} {mark}").first.is_visible(), name
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".answer strong").inner_text().startswith("$")
    assert page.watched.problems == []  # type: ignore[attr-defined]
    assert [url for url in page.watched.foreign_urls if not url.startswith("file:")] == []  # type: ignore[attr-defined]
