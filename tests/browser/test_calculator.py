"""The managers' page in a browser: it moves, travels in its link, fits a phone and shows no code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import harness

NOTEBOOK = harness.ROOT / "notebooks" / "calculator.ipynb"
DRAWN = ".costlib-main-chart .js-plotly-plot .point"
LEFT_TO_PAY = "() => document.querySelector('.costlib-main-chart .js-plotly-plot')._fullData[1].x.at(-1)"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with harness.voila(NOTEBOOK, pool=1) as address:
        yield address


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector(DRAWN)
    return page


def answer_usd(page: Page) -> str:
    return page.locator(".costlib-answer .costlib-big").inner_text().split()[0]


def test_a_slider_moves_answer_chart_and_link(base: str, page: Page) -> None:
    opened(page, base)
    before = (answer_usd(page), page.evaluate(LEFT_TO_PAY))
    harness.move_slider(page, 5)
    expect(page.locator(".costlib-answer .costlib-big")).not_to_contain_text(before[0])
    page.wait_for_function(f"before => ({LEFT_TO_PAY})() > before", arg=before[1])
    # The address is written when the slider has come to rest; each stop on the way had an answer of its own.
    page.wait_for_url(re.compile(r"\?parameters=\d+$"))
    # What the bar shows and what the answer says are the same dollars.
    page.wait_for_function(
        f"said => Math.round(({LEFT_TO_PAY})()) === said", arg=int(re.sub(r"\D", "", answer_usd(page)))
    )
    expect(page.locator(".costlib-link")).to_have_value(page.url)
    moved = answer_usd(page)
    # Another visitor opens the link.
    harness.screenshot(page, "calculator")
    opened(page, page.url)
    expect(page.locator(".costlib-answer .costlib-big")).to_contain_text(moved)
    assert page.watched.foreign_urls == []  # type: ignore[attr-defined]
    assert page.watched.received_bytes < 6_000_000  # type: ignore[attr-defined]


def test_a_link_is_data_and_a_token_does_not_travel(base: str, page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"the link ran: {dialog.message}"))
    opened(page, f"{base}/?token=secret&may_commit=no&home_region=<img src=x onerror=alert(1)>")
    expect(page.locator(".costlib-message", has_text="home_region")).to_contain_text("is not a known region")
    expect(page.get_by_label("link to this scenario")).to_have_value(re.compile(r"/\?may_commit=no$"))
    assert page.locator("img[src=x]").count() == 0
    expect(page.get_by_label("We may commit ahead")).not_to_be_checked()


def test_an_impossible_wish_is_told_beside_its_control(base: str, page: Page) -> None:
    opened(page, f"{base}/?parameters=20000000000&tokens=1000000000000&deadline_days=1")
    row = page.locator(".costlib-row", has_text="It must be ready within")
    expect(row.locator(".costlib-message")).to_contain_text("too short")
    expect(page.locator(".costlib-answer.costlib-stale")).to_contain_text("last good answer")


def test_it_fits_a_phone_and_shows_no_code(base: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, base)
    harness.screenshot(page, "calculator-phone")
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('.costlib-calculator, .costlib-calculator *')]
            .filter(e => !e.closest('.js-plotly-plot') && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.className)"""
    )
    assert too_wide == []
    assert page.locator(".jp-InputArea-editor, .jp-CodeMirrorEditor").count() == 0
    # The big answer stays in sight while the last control is used.
    page.get_by_label("We may commit ahead").scroll_into_view_if_needed()
    expect(page.locator(".costlib-answer .costlib-big")).to_be_in_viewport()
    # Text beside the bars is not cut.
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.costlib-main-chart .bartext')]
            .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.textContent)"""
    )
    assert cut == []
