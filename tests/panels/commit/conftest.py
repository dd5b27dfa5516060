"""One state of the commitments page, put back after each test, and what a page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import pytest

from costlib.errors import Cancelled
from costlib.panels import commit
from costlib.panels.background import Foreground, Progress, Work
from costlib.panels.commit_later import CommitLater
from costlib.panels.commit_state import CommitState
from costlib.paths import data_dir
from tests.example import sources

EXAMPLE = data_dir() / "examples" / "usage" / "made_up_ml_team.csv"


@pytest.fixture(scope="module")
def made() -> CommitState:
    return CommitState(sources())


@pytest.fixture
def state(made: CommitState) -> Iterator[CommitState]:
    """The one state, and after each test as it was: put back, not worked out anew."""
    before = {name: getattr(made, name) for name in made.trait_names()}
    weighed = made._weighed
    yield made
    # The state outlives its pages: a page that is gone must not be redrawn.
    made.unobserve_all()
    made._weighed, made._behind, made._ahead = weighed, [], []
    for name, value in before.items():
        made.set_trait(name, value)


@pytest.fixture
def page(state: CommitState) -> Iterator[commit._Page]:
    yield commit._Page(state)
    ipywidgets.Widget.close_all()


def later_of(state: CommitState) -> CommitLater:
    assert state.later is not None
    return state.later


def told(page: commit._Page) -> dict[str, str]:
    """What is refused beside a control."""
    return {
        key: re.sub(r"<[^>]*>", "", box.children[1].value)
        for key, box in page.controls.form.boxes.items()
        if "costlib-fault" in box.children[1].value
    }


def drawn(page: commit._Page) -> dict[str, str]:
    return {name: chart.figure.to_json() for name, chart in page.charts.items()}


def write(path: Path, *rows: str) -> str:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


class Waits(Foreground):
    """A worker that keeps work until it is told to do it."""

    def __init__(self) -> None:
        self.kept: list = []

    def start(self, work: Work, on_progress: Progress, on_end: object) -> None:
        self.kept = [(work, on_progress, on_end)]

    def run(self) -> None:
        for work, on_progress, on_end in self.kept:
            Foreground().start(work, on_progress, on_end)


class Stopped(Foreground):
    """A worker that is stopped, or fails."""

    error: Exception = Cancelled("stopped by the user")

    def start(self, work: Work, on_progress: Progress, on_end: object) -> None:
        on_end(None, self.error)  # type: ignore[operator]
