"""Spot as text: amounts with units, what is not known in words, and nothing that steers a terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costlib.display import usd
from costlib.exports.spot_text import replay_text, spot_text
from costlib.planner.search import Result
from costlib.planner.spot.replays import Question, Tape, replayed, summary
from costlib.planner.spot.report import SpotReport, spot_report
from costlib.planner.spot.run import choose
from tests.few_traces import few_traces


@pytest.fixture(scope="module")
def report(result: Result) -> SpotReport:
    return spot_report(choose(result, instance_type="p4d.24xlarge"), traces=few_traces())


def test_it_has_the_plan_its_odds_and_its_pools(report: SpotReport) -> None:
    text, plan = spot_text(report), report.run.plan
    assert usd(plan.cost_usd.expected) in text and plan.key in text
    assert report.ways is not None and report.policies is not None
    for row in report.policies.to_dict("records"):
        line = next(line for line in text.splitlines() if line.startswith(row["policy"]))
        assert usd(row["usd"]) in line
    assert "net for 72.0 h" in text and "spot only" in text and report.fleet.command in text
    for name in ("young", "daly", "best"):
        assert any(line.startswith(name) and " min" in line for line in text.splitlines())


def test_why_nothing_was_replayed_is_said(report: SpotReport) -> None:
    bare = replace(report, ways=None, policies=None, why_not_replayed="a\x1b[31mreason\u202e")
    text = spot_text(bare)
    assert "was not replayed: a[31mreason" in text and "\x1b" not in text and "\u202e" not in text
    assert "lookahead" not in text


def test_what_never_ends_is_no_number(report: SpotReport) -> None:
    endless = report.intervals.assign(hours=np.inf, usd=np.inf, why_not="it will not finish")
    text = spot_text(replace(report, intervals=endless))
    line = next(line for line in text.splitlines() if line.startswith("young"))
    assert line.count("never") == 2 and "it will not finish" in line and "inf" not in text and "nan" not in text


def test_names_in_data_cannot_steer_a_terminal(report: SpotReport) -> None:
    pools = report.pools.pools.assign(az="use1\x1b[2J-az1")
    text = spot_text(replace(report, pools=replace(report.pools, pools=pools)))
    assert "use1[2J-az1" in text and "\x1b" not in text


def test_a_replay_in_words() -> None:
    tape = Tape("my\x1b]0;trace", np.ones(40, dtype=bool), 0.5)
    question = Question("optimum", 4, 8, 0.5)
    text = replay_text(tape, question, summary(replayed(tape, question)))
    assert "my]0;trace: 40 steps of 30 min, capacity in 100 % of them" in text and "\x1b" not in text
    assert "Wu et al." in text and "not known" in text and "nan" not in text
    found = summary(replayed(tape, Question("greedy", 4, 8, 0.5, 0.5)))
    assert "0.562" in replay_text(tape, Question("greedy", 4, 8, 0.5, 0.5), found)
