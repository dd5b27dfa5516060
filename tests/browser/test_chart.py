"""Charts on real pages: all of them move, plotly.js travels once, clicks come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import harness

CHARTS = harness.NOTEBOOKS / "charts.ipynb"
#: plotly.js, gzipped, is 1.7 MB; a second copy would pass this, and so would one unpacked copy of 4.8 MB.
ONE_PLOTLY_BYTES = 3_000_000


def all_show(page: Page, factor: float, charts: int) -> None:
    """Waits until each of ``charts`` drawn charts shows its own multiple of ``factor``."""
    page.wait_for_function(
        """([factor, charts]) => {
            const plots = [...document.querySelectorAll('.js-plotly-plot')];
            const names = plots.map(plot => Number(plot.layout.title.text.split(' ')[1]));
            return plots.length === charts
                && plots.every((plot, i) => plot._fullData[0].y[0] === factor * names[i]);
        }""",
        arg=[factor, charts],
        timeout=30_000,
    )


@pytest.fixture(scope="module", params=[1, 0], ids=["ready-kernel", "progressive"])
def voila_base(request: pytest.FixtureRequest) -> Iterator[str]:
    with harness.voila(CHARTS, pool=request.param, AWS_ACCESS_KEY_ID="AKIA-OF-THE-SERVER") as base:
        yield base


def test_voila_charts_move_and_share_one_plotly(voila_base: str, page: Page) -> None:
    page.goto(voila_base)
    all_show(page, 1, 3)
    harness.move_slider(page, 5)
    all_show(page, 6, 3)
    # A chart in a closed tab is drawn when the tab opens, and shows the present.
    page.get_by_role("tab", name="Back").click()
    all_show(page, 6, 4)
    harness.move_slider(page, -2)
    all_show(page, 4, 4)
    harness.screenshot(page, "voila-charts")
    assert 1_000_000 < page.watched.received_bytes < ONE_PLOTLY_BYTES
    assert page.watched.foreign_urls == []


def test_kernel_has_no_aws_key_of_the_server(voila_base: str, page: Page) -> None:
    page.goto(voila_base)
    expect(page.locator(".costlib-answer")).to_have_text("1 no key")


def test_a_click_reaches_the_kernel(voila_base: str, page: Page) -> None:
    page.goto(voila_base)
    all_show(page, 1, 3)
    page.locator(".costlib-main-chart .points .point >> nth=1").click(force=True)
    expect(page.locator(".clicked")).to_have_text("0 1 second")


def test_charts_move_on_a_slow_page(page: Page) -> None:
    """So slow that plotly.js takes more than the two seconds that anywidget waits for a model to start."""
    session = page.context.new_cdp_session(page)
    with harness.voila(CHARTS) as base:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.goto(base)
        page.wait_for_selector(".js-plotly-plot .point")
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        harness.move_slider(page, 3)
        all_show(page, 4, 3)


def test_lab_charts_move_share_one_plotly_and_survive_a_reload(lab_base: str, page: Page) -> None:
    harness.run_all_in_lab(page, lab_base, "fixtures/charts.ipynb")
    all_show(page, 1, 3)
    harness.move_slider(page, 5)
    all_show(page, 6, 3)
    harness.screenshot(page, "lab-charts")
    received = page.watched.received_bytes
    assert 1_000_000 < received < ONE_PLOTLY_BYTES
    # New charts in the same kernel: plotly.js is there already.
    harness.run_all(page)
    all_show(page, 1, 3)
    harness.move_slider(page, 2)
    all_show(page, 3, 3)
    assert page.watched.received_bytes - received < 500_000
    # A new page finds the kernel, and shows the present, not the first picture.
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.lm-TabBar-tab.lm-mod-current.jp-mod-dirty')")
    page.reload()
    all_show(page, 3, 3)
    harness.move_slider(page, -1)
    all_show(page, 2, 3)
