"""The page of evidence: what it lists, and what follows a choice."""

from __future__ import annotations

import pandas as pd
import pytest
import traitlets

from costlib.errors import NotKnown
from costlib.panels.background import Foreground
from costlib.panels.how_sure import how_sure_panel, rows_html, summary_html
from costlib.panels.how_sure_commitments import held_out_html
from costlib.panels.how_sure_state import HowSureState
from costlib.validation import evidence
from costlib.validation.commitments import backtest, commitment_check


@pytest.fixture(scope="module")
def state() -> HowSureState:
    state = HowSureState()
    state.pending = ()
    return state


class Later:
    """A worker whose work is done when the test says so."""

    def __init__(self) -> None:
        self.waiting = []

    def start(self, work, on_progress, on_end) -> None:
        self.waiting.append((work, on_progress, on_end))

    def next(self) -> None:
        Foreground().start(*self.waiting.pop(0))

    def cancel(self) -> None:
        self.waiting.clear()


def test_rows_are_the_farthest_off_first(state: HowSureState) -> None:
    errors = state.rows["error_fraction"].abs().dropna()
    assert errors.is_monotonic_decreasing and len(errors) > 5


def test_only_outside_keeps_what_the_band_missed(state: HowSureState) -> None:
    state.chosen = next(n for n, one in enumerate(state.evidence) if "published runs" in one.what)
    every = state.rows
    state.only_outside = True
    outside = state.rows
    state.only_outside = False
    assert 0 < len(outside) < len(every)
    assert ((outside["reference"] < outside["low"]) | (outside["reference"] > outside["high"])).all()
    share = state.one.statistics["inside the band"]
    assert len(outside) == pytest.approx(len(every) * (1 - share))


def test_a_position_that_is_none_is_refused(state: HowSureState) -> None:
    with pytest.raises(traitlets.TraitError, match="from 0 to"):
        state.chosen = 99


def test_the_page_follows_the_choice(state: HowSureState) -> None:
    state.chosen = 0
    page = how_sure_panel(state)
    before = page.children[6].value
    state.chosen = 2
    assert page.children[6].value != before
    assert state.one.topic in page.children[4].figure.layout.title.text
    assert "evidence-" in page.children[7].value


def test_text_of_rows_is_escaped() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    rows = pd.DataFrame(
        [
            {
                "label": hostile, "group": hostile, "reference": 1.0, "predicted": 2.0, "low": None, "high": None,
                "source": hostile, "error_fraction": 1.0, "inside": None,
            }
        ]
    )  # fmt: skip
    assert "<img" not in rows_html(rows, hostile)


def test_the_summary_names_what_does_not_hold(state: HowSureState) -> None:
    worse = state.summary.assign(holds=False)
    assert "costlib-bad" in summary_html(worse)
    assert "costlib-bad" not in summary_html(state.summary)


def test_what_takes_long_comes_while_the_page_is_read(monkeypatch: pytest.MonkeyPatch, state: HowSureState) -> None:
    later = Later()
    monkeypatch.setattr("costlib.panels.how_sure.worker", lambda: later)
    first, second = (one for one in state.evidence[:2])

    def fails(_snapshot: object) -> None:
        raise NotKnown("no <b>traces</b>")

    opened = HowSureState(state.snapshot)
    known = len(opened.evidence)
    opened.pending = (("slow one", lambda _: first), ("one that fails", fails), ("slow two", lambda _: second))
    page = how_sure_panel(opened)
    opened.chosen = 3
    choice = page.children[2].children[0]
    assert len(choice.options) == known and "slow one" in page.children[1].value
    drawn = page.children[4].figure.layout.title.text
    later.next()
    assert len(opened.evidence) == len(choice.options) == known + 1 and opened.evidence[-1] is first
    assert "slow one" not in page.children[1].value and "slow two" in page.children[1].value
    later.next()
    assert "one that fails" in page.children[1].value and "<b>traces" not in page.children[1].value
    later.next()
    assert not opened.pending and not later.waiting and opened.evidence[-1] is second
    assert "Being worked out" not in page.children[1].value
    # Whoever has chosen a piece goes on looking at it.
    assert opened.chosen == choice.value == 3 and page.children[4].figure.layout.title.text == drawn
    choice.value = known + 1
    assert opened.one is second


def test_the_years_held_out_are_listed_by_rule_and_kind_with_what_is_missed() -> None:
    check = commitment_check(backtest(1, 5))
    shown = held_out_html(check)
    assert shown.count("<table") == 7 and shown.count("ladder from nothing") == 7
    row = check.query("kind == 'growing' and rule == 'portfolio'").iloc[0]
    assert f"{row['mean_cost']:.3f}" in shown and "commitments-held-out.csv" in shown
    assert ">missed<" in shown and "(within 0.5 % of cost) in at least 95 %" in shown


def test_the_years_held_out_wait_for_their_evidence(state: HowSureState) -> None:
    opened = HowSureState(state.snapshot)
    assert opened.held_out is None
    name, make = next(slow for slow in evidence.SLOW if "ladder" in slow[0])
    opened.pending = ((name, make),)
    page = how_sure_panel(opened)
    assert opened.held_out is not None and "from nothing" in page.children[8].value
