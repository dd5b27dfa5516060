"""The page of evidence: what it lists, and what follows a choice."""

from __future__ import annotations

import pandas as pd
import pytest
import traitlets

from costlib.panels.how_sure import how_sure_panel, rows_html, summary_html
from costlib.panels.how_sure_state import HowSureState


@pytest.fixture(scope="module")
def state() -> HowSureState:
    return HowSureState()


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
