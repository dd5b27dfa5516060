"""Odds of a start now, from a trace of one's own: what was seen moves them, and too little is refused."""

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.planner.spot.own_odds import own_odds
from costlib.planner.spot.recorded import base_usd
from costlib.planner.spot.replays import Tape
from costlib.planner.spot.run import SpotRun
from tests.few_traces import few_traces

DEADLINE_HOURS = 72.0


@pytest.fixture(scope="module")
def few() -> SpotTraces:
    return few_traces()


def watched(*flags: np.ndarray) -> Tape:
    return Tape("mine", np.concatenate(flags).astype(bool), 1.0)


def test_a_good_zone_has_better_odds_than_a_bad_one(run: SpotRun, few: SpotTraces) -> None:
    good = own_odds(run, DEADLINE_HOURS, few, watched(np.ones(300))).set_index("way")
    bad = own_odds(run, DEADLINE_HOURS, few, watched(np.zeros(300))).set_index("way")
    assert good.loc["spot_only", "chance"] > 0.9 and bad.loc["spot_only", "chance"] < 0.1
    in_time = [table[table["net_hours"] == DEADLINE_HOURS].iloc[0] for table in (good, bad)]
    assert all(row["chance"] == pytest.approx(1.0) for row in in_time), "a net in time is certain anywhere"
    assert in_time[0]["usd"] < in_time[1]["usd"]
    for table in (good, bad):
        assert (table["usd_low"] <= table["usd_high"]).all()
        assert (table["usd_high"] <= 1.2 * base_usd(run)).all()


def test_a_day_must_have_been_watched_and_the_deadline_recorded(run: SpotRun, few: SpotTraces) -> None:
    with pytest.raises(InvalidInput, match="24 h or more"):
        own_odds(run, DEADLINE_HOURS, few, watched(np.ones(20)))
    with pytest.raises(InvalidInput, match="deadline_hours"):
        own_odds(run, 5000.0, few, watched(np.ones(100)))
