"""Starts servers and a browser, and drives the pages: for the browser tests and for bench/."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = Path(__file__).parent / "notebooks"
LOGS = ROOT / "build" / "logs"
SCREENSHOTS = ROOT / "build" / "screenshots"
#: Generous: continuous integration has two cores, and starts kernels on them while the page loads.
PAGE_SECONDS = 120
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def find_chromium() -> str | None:
    """The browser's path, found as `make browser` finds it."""
    found = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "find_browser.py")], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def launch(playwright: Playwright, path: str) -> Browser:
    """A headless Chromium with an empty profile."""
    return playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_ARGUMENTS)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(command: list[str], ready_url: str, log: str, **environment: str) -> Iterator[Path]:
    """Runs a server until the block ends; gives its log once ``ready_url`` answers."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    try:
        deadline = time.monotonic() + PAGE_SECONDS
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}:\n{path.read_text()[-2000:]}")
            try:
                requests.get(ready_url, timeout=5)
                break
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield path
    finally:
        # An interrupt lets the server end its kernels; a server that does not heed it is killed.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def voila(notebook: Path, pool: int = 0, token: str = "", **environment: str) -> Iterator[str]:
    """Serves ``notebook`` as `make calculator` does; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "costlib.serve", "--notebook", str(notebook)]
    command += ["--port", str(port), "--pool", str(pool), "--token", token]
    base = f"http://127.0.0.1:{port}"
    # A file's address answers without starting a kernel.
    log = f"voila-{notebook.stem}-{port}"
    with serving(command, f"{base}/voila/static/none", log, **environment) as path:
        deadline = time.monotonic() + PAGE_SECONDS
        while pool and "is filled with" not in path.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield base


@contextmanager
def lab(folder: Path, scratch: Path) -> Iterator[str]:
    """JupyterLab on ``folder``, with settings of its own under ``scratch``; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    command += ["--IdentityProvider.token=", "--ServerApp.password="]
    base = f"http://127.0.0.1:{port}"
    folders = {
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
    }
    # A new JupyterLab asks whether it may fetch news, over the page's corner.
    asked = scratch / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    with serving(command, f"{base}/api", f"lab-{port}", **folders):
        yield base


def screenshot(page: Page, name: str) -> None:
    """Keeps a picture of the whole page under build/screenshots/."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def run_all_in_lab(page: Page, base: str, notebook: str) -> None:
    """Opens ``notebook`` (a path below the server's folder) and runs its cells, once its kernel is idle."""
    page.goto(f"{base}/lab/tree/{notebook}?reset")
    page.set_default_timeout(PAGE_SECONDS * 1000)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(IDLE)
    run_all(page)


def run_all(page: Page) -> None:
    """Run > Run All Cells, in the notebook that is open."""
    page.click("div.lm-MenuBar-itemLabel:has-text('Run')")
    page.click(".lm-Menu-item[data-command='runmenu:run-all']")


IDLE = "() => [...document.querySelectorAll('.jp-StatusBar-TextItem')].some(e => /Idle/.test(e.textContent))"


def move_slider(page: Page, steps: int = 1, slider: str = ".costlib-first-slider") -> None:
    """Moves an ipywidgets slider by ``steps`` with the keyboard."""
    page.focus(f"{slider} .noUi-handle")
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowUp" if steps > 0 else "ArrowDown")


def chart_values(page: Page) -> list[list[float]]:
    """The first trace's y of every drawn chart of the page, in page order."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')].map(plot => [...plot._fullData[0].y])"""
    )
