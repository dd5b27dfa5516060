"""Times the calculator's page against a bare one (a slider and a plain FigureWidget), in one browser run.

    python -m tests.bench.browser [--notebook NOTEBOOK] [--moves 40] [--loads 3]

Times on a shared machine are sizes; the ratios hold better, because the two pages take turns. Moves: from the
key press in the page until the answer's text, and the main chart, have changed and been painted. Loads: from
the address to a page whose answer and chart are there, with a kernel waiting ready. Writes build/bench/browser.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import harness

BARE = harness.NOTEBOOKS / "plain.ipynb"
OUT = harness.ROOT / "build" / "bench" / "browser.json"

#: What a notebook marks with add_class for the measurement to find.
SLIDER, ANSWER, CHART = ".costlib-first-slider", ".costlib-answer", ".costlib-main-chart"

READY = """([slider, answer, chart]) => {
    const plot = document.querySelector(`${chart} .js-plotly-plot, ${chart}.js-plotly-plot`);
    return document.querySelector(`${slider} .noUi-handle`) && plot?._fullData?.length
        && plot.querySelector('.main-svg') && document.querySelector(answer)?.textContent.trim();
}"""

#: Presses one key on the slider; gives the milliseconds until the answer and the chart are painted (null: never).
MOVE = """async ([slider, answer, chart, key]) => {
    const plot = document.querySelector(`${chart} .js-plotly-plot, ${chart}.js-plotly-plot`);
    const text = document.querySelector(answer);
    const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    const limit = () => new Promise(done => setTimeout(() => done(null), 10000));
    const start = performance.now();
    const since = async changed => { await changed; await painted(); return performance.now() - start; };
    const told = new Promise(done => {
        const observer = new MutationObserver(() => { observer.disconnect(); done(); });
        observer.observe(text, { childList: true, characterData: true, subtree: true });
    });
    const drawn = new Promise(done => plot.once('plotly_afterplot', done));
    const both = [Promise.race([since(told), limit()]), Promise.race([since(drawn), limit()])];
    document.querySelector(`${slider} .noUi-handle`).dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true }));
    const [answer_ms, chart_ms] = await Promise.all(both);
    return { answer_ms, chart_ms };
}"""


def load_seconds(browser: Browser, base: str) -> tuple[float, Page]:
    """Opens the page in an empty profile; gives the seconds until it is ready, and the page."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(harness.PAGE_SECONDS * 1000)
    start = time.perf_counter()
    page.goto(base)
    page.wait_for_function(READY, arg=[SLIDER, ANSWER, CHART], polling=20)
    return time.perf_counter() - start, page


def move_milliseconds(page: Page, key: str) -> dict[str, float | None]:
    """One step of the slider, to the answer and to the chart."""
    times: dict[str, float | None] = page.evaluate(MOVE, [SLIDER, ANSWER, CHART, key])
    return times


def p95(values: list[float]) -> float:
    """The smallest value that at least 95 in 100 do not exceed."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


def summary(loads_seconds: list[float], moves: list[dict[str, float | None]]) -> dict[str, float | int]:
    """Medians and 95th percentiles of one page; moves after which nothing changed are counted apart."""
    result: dict[str, float | int] = {"load_median_seconds": median(loads_seconds), "loads": len(loads_seconds)}
    for what in ("answer", "chart"):
        seen = [move[f"{what}_ms"] for move in moves]
        times = [value for value in seen if value is not None]
        result[f"{what}_unchanged_moves"] = len(seen) - len(times)
        if times:
            result[f"{what}_median_ms"], result[f"{what}_p95_ms"] = median(times), p95(times)
    result["moves"] = len(moves)
    return result


def measure(notebook: Path, moves: int, loads: int) -> dict[str, dict[str, float | int]]:
    """Both pages' summaries and their ratios; the two take turns at loading and at moving."""
    path = harness.find_chromium()
    if path is None:
        raise SystemExit("no Chromium: see `make browser`")
    with sync_playwright() as playwright, harness.voila(BARE, pool=1) as bare, harness.voila(notebook, pool=1) as ours:
        browser = harness.launch(playwright, path)
        seconds: dict[str, list[float]] = {"bare": [], "ours": []}
        pages: dict[str, Page] = {}
        for _ in range(loads):
            for name, base in (("bare", bare), ("ours", ours)):
                if name in pages:
                    pages[name].context.close()
                taken, pages[name] = load_seconds(browser, base)
                seconds[name].append(taken)
                # The server makes the next kernel ready now; that must not run into the next measurement.
                time.sleep(8)
        times: dict[str, list[dict[str, float | None]]] = {"bare": [], "ours": []}
        for step in range(moves + 3):
            for name, page in pages.items():
                taken_ms = move_milliseconds(page, "ArrowUp" if step % 10 < 5 else "ArrowDown")
                if step >= 3:  # the first moves warm the kernel up
                    times[name].append(taken_ms)
                page.wait_for_timeout(50)
        browser.close()
    result = {name: summary(seconds[name], times[name]) for name in ("bare", "ours")}
    result["ratio"] = {
        key: result["ours"][key] / result["bare"][key]
        for key in result["ours"]
        if key.endswith(("_ms", "_seconds")) and result["bare"].get(key)
    }
    return result


def main() -> None:
    """Prints the table and keeps it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebook", type=Path, default=harness.ROOT / "notebooks" / "calculator.ipynb")
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--loads", type=int, default=3)
    given = parser.parse_args()
    result = measure(given.notebook, given.moves, given.loads)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{'':24}{'bare':>10}{'ours':>10}{'ratio':>8}")
    for key, value in result["ours"].items():
        bare, ratio = result["bare"].get(key, float("nan")), result["ratio"].get(key)
        print(f"{key:24}{bare:10.2f}{value:10.2f}" + (f"{ratio:8.2f}" if ratio is not None else ""))


if __name__ == "__main__":
    main()
