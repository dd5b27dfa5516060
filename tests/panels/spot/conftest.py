"""One state of the spot page on few traces, put back after each test, and what a page says."""

from __future__ import annotations

from collections.abc import Iterator

import ipywidgets
import pytest

from costlib.panels import spot
from costlib.panels.spot_fields import CONTROLS
from costlib.panels.spot_record import SpotRecord
from costlib.panels.spot_state import SpotState
from costlib.planner.spot import drills
from tests.example import sources
from tests.few_traces import few_traces

PIECES = ("policies", "ways", "dates", "moves", "job", "drills", "waiting")


@pytest.fixture(scope="module")
def made() -> Iterator[SpotState]:
    with pytest.MonkeyPatch.context() as patch:
        # Game days in longer steps: the same questions, answered sooner.
        patch.setattr(drills._Bench, "MOST_STEPS", 150)
        yield SpotState(sources(), traces=few_traces())


@pytest.fixture
def state(made: SpotState) -> Iterator[SpotState]:
    """The one state, and after each test as it was: its pieces are kept, so nothing is replayed for that."""
    before = dict(made.values), made.answer, made.record, made.started
    yield made
    if made.started != before[3]:
        made.start(before[3])
    made.propose(before[0])
    assert not made.faults and made.started == before[3]


@pytest.fixture
def page(state: SpotState) -> Iterator[spot._Page]:
    yield spot._Page(state)
    # The state outlives its pages: a page that is gone must not be redrawn.
    state.unobserve_all()
    ipywidgets.Widget.close_all()


def asked(state: SpotState, **values: str) -> None:
    """Sets controls by the last part of their key."""
    keys = {key.split(".")[-1]: key for key in CONTROLS}
    state.propose({**state.values, **{keys[name]: value for name, value in values.items()}})


def record_of(state: SpotState) -> SpotRecord:
    assert state.record is not None
    return state.record


def told(page: spot._Page) -> dict[str, str]:
    """What stands beside controls, refused or noted."""
    return {
        key: box.children[1].value for key, box in page.form.boxes.items() if "costlib-fault" in box.children[1].value
    }


def changed(before: SpotRecord, after: SpotRecord) -> set[str]:
    return {name for name in PIECES if getattr(before, name) is not getattr(after, name)}
