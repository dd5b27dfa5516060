"""Takes the README's pictures anew, from the pages as they are: ``make pictures``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import harness

PICTURES = harness.ROOT / "notebooks" / "images"
TO_THE_PANEL = "() => document.querySelector('.costlib-banner').scrollIntoView({block: 'start'})"


def main() -> None:
    """The plan notebook in JupyterLab, as notebooks/images/plan.png."""
    chromium = harness.find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium was found: make browser")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = harness.launch(playwright, chromium)
        with harness.lab(harness.ROOT, Path(scratch)) as base:
            page = browser.new_page(viewport={"width": 1280, "height": 1200})
            harness.run_all_in_lab(page, base, "notebooks/13_plan.ipynb")
            page.wait_for_selector(".js-plotly-plot .point")
            page.keyboard.press("Escape")
            page.keyboard.press("Control+b")
            page.evaluate(TO_THE_PANEL)
            # The layout settles after the side bar has gone; the scroll is done again then.
            page.wait_for_timeout(3000)
            page.evaluate(TO_THE_PANEL)
            page.wait_for_timeout(1000)
            page.screenshot(path=PICTURES / "plan.png")
        browser.close()


if __name__ == "__main__":
    main()
