"""Long work in a thread of its own, one piece at a time, with progress and a way to stop it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from costlib.errors import Cancelled

Progress = Callable[[float, str], None]
Work = Callable[[Progress], Any]


#: Work that ends sooner shows no progress: telling it would take longer than the work.
QUIET_SECONDS = 0.2


class Worker(Protocol):
    """Runs ``work(progress)`` and says how it went; a newer piece of work takes the place of an older one."""

    def start(self, work: Work, on_progress: Progress, on_end: Callable[[Any, BaseException | None], None]) -> None:
        """``on_end`` gets the answer and None, or None and what was raised."""

    def cancel(self) -> None:
        """Stops what runs, at its next progress report; its ``on_end`` gets Cancelled."""


class Foreground:
    """Runs work at once, in the caller; for tests and for scripts."""

    def start(self, work: Work, on_progress: Progress, on_end: Callable[[Any, BaseException | None], None]) -> None:
        try:
            answer = work(on_progress)
        except Exception as error:
            on_end(None, error)
        else:
            on_end(answer, None)

    def cancel(self) -> None:
        """Nothing runs between two calls."""


class Background:
    """Runs work in a thread; reports come back on the event loop that made it, so widgets see one thread only."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()

    def start(self, work: Work, on_progress: Progress, on_end: Callable[[Any, BaseException | None], None]) -> None:
        self._stop.set()  # an older piece of work, if any, is of no use any more
        stop = self._stop = threading.Event()
        started = time.monotonic()

        def progress(share: float, what: str) -> None:
            if stop.is_set():
                raise Cancelled("stopped by the user")
            if time.monotonic() - started > QUIET_SECONDS:
                self._loop.call_soon_threadsafe(report, share, what)

        def report(share: float, what: str) -> None:
            if self._stop is stop and not stop.is_set():
                on_progress(share, what)

        def end(answer: Any, error: BaseException | None) -> None:
            if self._stop is stop:
                # Stopped in the last stretch, where nothing asks any more: an answer nobody waits for.
                on_end(None, Cancelled("stopped by the user")) if stop.is_set() else on_end(answer, error)

        def run() -> None:
            try:
                answer, error = work(progress), None
            except Exception as raised:
                answer, error = None, raised
            self._loop.call_soon_threadsafe(end, answer, error)

        threading.Thread(target=run, name="costlib search", daemon=True).start()

    def cancel(self) -> None:
        self._stop.set()


def worker() -> Worker:
    """Background work inside a kernel or any running event loop; else work in the caller."""
    try:
        return Background()
    except RuntimeError:
        return Foreground()
