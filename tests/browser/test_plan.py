"""The planning notebook in Voilà, as a reader meets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import harness

NOTEBOOK = harness.ROOT / "notebooks" / "13_plan.ipynb"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with harness.voila(NOTEBOOK, COSTLIB_HOME=str(tmp_path_factory.mktemp("home"))) as address:
        yield address


def give(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def open_tab(page: Page, title: str) -> None:
    page.click(f".lm-TabBar-tab:has-text('{title}')")


def test_the_plan_from_form_to_download(page: Page, base: str) -> None:
    page.goto(base)
    page.wait_for_selector(".js-plotly-plot .point")
    answer = page.locator(".costlib-answer").first
    first = answer.inner_text()

    # A refused value is said beside its control; the last good answer stays.
    give(page, "Parameters (count)", "lots")
    expect(page.locator(".costlib-refused .costlib-fault")).to_contain_text("is not a number")
    assert answer.inner_text() == first

    # A good one moves the answer; undo brings it back.
    give(page, "Parameters (count)", "3e9")
    expect(answer).not_to_have_text(first, use_inner_text=True)
    expect(page.locator(".costlib-refused")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text(first, use_inner_text=True)
    expect(page.get_by_label("Parameters (count)", exact=True)).to_have_value("1 558 000 000")

    # Filter, sort, and the explanation of a row.
    page.get_by_label("Filter", exact=True).fill("p5 spot us-east")
    page.keyboard.press("Tab")
    row = page.locator("tr[data-click]").first
    expect(row).to_contain_text("p5")
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.locator("body")).to_contain_text("usd_per_hour * count * work_hours")
    page.locator("[data-click='sort:hours']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-click='sort:hours']")).to_contain_text("▲")
    harness.screenshot(page, "plan")

    # Every chart moves with the workload.
    for title in ("Plans", "Cost items", "Savings ladder"):
        open_tab(page, title)
        drawn = page.locator(".js-plotly-plot:visible")
        expect(drawn).to_have_count(1)
        before = drawn.evaluate("plot => JSON.stringify(plot.data)")
        give(page, "Parameters (count)", "2e9" if title != "Cost items" else "1e9")
        page.wait_for_function(
            """before => [...document.querySelectorAll('.js-plotly-plot')].some(
                plot => plot.offsetParent && JSON.stringify(plot.data) !== before)""",
            arg=before,
        )
        harness.screenshot(page, f"plan-{title.replace(' ', '-').lower()}")

    # What is taken away is a file.
    open_tab(page, "Downloads")
    for button, suffix in (("CSV", ".csv"), ("HTML page", ".html")):
        page.click(f"button:text-is('{button}')")
        link = page.locator(f".costlib-download[download$='{suffix}']")
        with page.expect_download() as download:
            link.click()
        assert download.value.path().stat().st_size > 1000

    # A scenario is kept, and compared.
    open_tab(page, "Scenarios")
    give(page, "Save as", "from the browser")
    page.click("button:text-is('Save')")
    page.click("button:text-is('Compare')")
    expect(page.locator("tr:has-text('from the browser')")).to_contain_text("$")
    # Voilà's template asks a CDN for icons that it also brings; the page's policy blocks that, and says so.
    problems = [said for said in page.watched.problems if "cdn.jsdelivr.net" not in said]  # type: ignore[attr-defined]
    assert problems == []
    assert not page.watched.foreign_urls  # type: ignore[attr-defined]
