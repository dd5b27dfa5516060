"""Where a spot plan could run, headless: set a control, read pools, fleet, fail-over, managed spot and refusals."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from html import unescape

import ipywidgets
import pandas as pd
import pytest

from costlib.display import usd
from costlib.panels.spot_places import Places
from costlib.panels.spot_places_fields import CONTROLS, DEFAULTS, FLEET_REGION, NUMBER, RANKING, RANKING_NAMES, read
from costlib.panels.spot_places_state import PlacesAnswer, PlacesState
from costlib.panels.spot_places_views import managed_html, pools_html
from costlib.planner.search import search
from costlib.planner.spot.pools import RANKINGS, spot_pools
from costlib.planner.spot.run import SpotRun, choose
from tests.example import result, sources, workload


@pytest.fixture(scope="module")
def run() -> SpotRun:
    return choose(result(), instance_type="p4d.24xlarge", count=2)


@pytest.fixture
def places(run: SpotRun) -> Iterator[Places]:
    yield Places(PlacesState(run))
    ipywidgets.Widget.close_all()


def answer_of(places: Places) -> PlacesAnswer:
    assert places.state.answer is not None
    return places.state.answer


def told(places: Places) -> dict[str, str]:
    return {key: box.children[1].value for key, box in places.form.boxes.items() if box.children[1].value}


def asked(places: Places, **values: str) -> None:
    places.state.propose({**places.state.values, **values})


def test_a_plan_has_its_pools_at_once(places: Places, run: SpotRun) -> None:
    answer = answer_of(places)
    assert answer.region == run.plan.region and answer.number == 3 and not told(places)
    own = spot_pools(workload(), sources(), "p4d.24xlarge", 2)
    pd.testing.assert_frame_equal(answer.pools.pools, own.pools)
    best = own.ranked("price_capacity_optimized").iloc[0]
    assert usd(best["run_usd_expected"]) in places.pools.value and best["instance_type"] in places.pools.value
    assert f"<b>{usd(answer.spread.run_usd.expected)}</b>" in places.spread.value
    assert set(DEFAULTS) == set(CONTROLS) and set(RANKING_NAMES) == set(RANKINGS)


def test_the_fleet_on_the_page_is_the_request(places: Places) -> None:
    shown = re.search(r"<pre[^>]*>(.*)</pre>", places.fleet.value, re.DOTALL)
    assert shown is not None and json.loads(unescape(shown.group(1))) == answer_of(places).fleet.request


@pytest.mark.parametrize(
    ("values", "moves"),
    [
        ({"tolerance_percent": "40"}, ("pools", "managed", "failover")),
        ({"ranking": "price"}, ("spread", "pools")),
        ({"number": "1"}, ("spread", "fleet")),
        ({"fleet_type": "maintain"}, ("fleet",)),
        ({"fleet_region": "us-east-2"}, ("spread", "fleet")),
        ({"chance_percent": "60 %"}, ("failover",)),
        ({"sync_hours": "3"}, ("failover",)),
        ({"max_wait_hours": "30"}, ("managed",)),
    ],
)
def test_every_control_moves_what_it_is_for(places: Places, values: dict[str, str], moves: tuple[str, ...]) -> None:
    before = {name: getattr(places, name).value for name in ("spread", "pools", "fleet", "failover", "managed")}
    asked(places, **values)
    assert not places.state.faults and not told(places)
    for name in moves:
        assert getattr(places, name).value != before[name], name
    if set(values) & {"chance_percent", "sync_hours", "missed_usd", "max_wait_hours"}:
        same = set(before) - set(moves)
        assert all(getattr(places, name).value == before[name] for name in same)
    asked(places, **{key: DEFAULTS[key] for key in values})
    assert {name: getattr(places, name).value for name in before} == before


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"tolerance_percent": "-1"}, "tolerance_percent", "must not be below 0"),
        ({"tolerance_percent": "wide"}, "tolerance_percent", "not a number"),
        ({"number": "0"}, "number", ""),
        ({"number": "2.5"}, "number", "whole number"),
        ({"number": ""}, "number", "is needed"),
        ({"chance_percent": "101"}, "chance_percent", "from 0 to 100"),
        ({"sync_hours": "0"}, "sync_hours", ""),
        ({"missed_usd": "-1"}, "missed_usd", ""),
        ({"max_wait_hours": "-3"}, "max_wait_hours", ""),
    ],
)
def test_what_cannot_be_is_told_beside_its_control(
    places: Places, values: dict[str, str], key: str, words: str
) -> None:
    before = places.state.answer
    asked(places, **values)
    (fault,) = places.state.faults
    assert words in str(fault) and set(told(places)) == {key} and places.state.answer is before
    assert "last good values" in places.general.value
    places.state.propose(places.state.values)
    assert not places.state.faults and not told(places) and places.general.value == ""


def test_several_faults_are_told_together(places: Places) -> None:
    asked(places, tolerance_percent="x", number="1.5", chance_percent="-1", missed_usd="<b>")
    assert set(told(places)) == {"tolerance_percent", "number", "chance_percent", "missed_usd"}
    assert "<b>" not in told(places)["missed_usd"]
    assert read({**DEFAULTS, NUMBER: "two"})[0] is None


def test_a_missed_deadline_costs_where_it_is_missed(run: SpotRun) -> None:
    late = search(workload().changed({"deadline_hours": run.plan.hours.expected + 0.2}), sources())
    state = PlacesState(choose(late, instance_type="p4d.24xlarge", count=2))
    assert state.answer is not None
    before = state.answer.failover.table["on_need_expected_usd"]
    state.propose({**state.values, "missed_usd": "$1 000"})
    assert (state.answer.failover.table["on_need_expected_usd"] > before).any() and not state.faults


def test_more_pools_than_there_are_is_noted(places: Places) -> None:
    asked(places, number="500")
    answer = answer_of(places)
    held = int((answer.pools.ranked(answer.ranking)["region"] == answer.region).sum())
    assert answer.number == held and str(held) in told(places)[NUMBER] and not places.state.faults


def test_a_region_without_ranked_pools_is_noted_and_replaced(places: Places) -> None:
    asked(places, fleet_region="eu-west-1")
    assert answer_of(places).region == "eu-west-1"
    asked(places, ranking="stable_price")
    assert answer_of(places).region == "us-east-1" and "eu-west-1" in told(places)[FLEET_REGION]
    assert places.state.values[RANKING] == "stable_price" and places.state.values[FLEET_REGION] == ""


def test_a_plan_whose_own_region_is_not_ranked_says_which_is_shown() -> None:
    history = [{"interruptions": 1, "instance_hours": 1000}]
    found = search(workload().changed({"spot.history": history}, sources().vocabulary), sources())
    state = PlacesState(choose(found, az="use1-atl2-az1"))
    assert state.answer is not None and state.answer.region != "us-east-1-atl-2a"
    assert "us-east-1-atl-2a, of the plan" in state.notes[FLEET_REGION]
    state.propose({**state.values, RANKING: "run_cost"})
    assert "own history" in pools_html(state.answer) and FLEET_REGION not in state.notes


def test_it_follows_another_plan_and_keeps_its_controls(places: Places) -> None:
    asked(places, ranking="price", chance_percent="60")
    other = choose(result(), instance_type="p5.48xlarge", count=1)
    before = places.pools.value
    places.state.follow(other)
    assert answer_of(places).run is other and places.pools.value != before
    assert places.form.inputs["ranking"].value == "price" and answer_of(places).failover.chance_fraction == 0.6


def test_text_from_data_is_escaped(places: Places) -> None:
    from dataclasses import replace

    answer = answer_of(places)
    bad = "<img src=x>"
    table = answer.pools.pools.assign(az=bad, instance_type=bad, accelerator=bad, price_as_of=bad, region=bad)
    worse = replace(answer, pools=replace(answer.pools, pools=table, left_out=(bad,)))
    assert "<img" not in pools_html(worse) and "&lt;img" in pools_html(worse)
    managed = answer.managed.table.assign(instance_type=bad, region=bad, max_wait=bad)
    assert "<img" not in managed_html(replace(answer, managed=replace(answer.managed, table=managed)))


def test_csv_holds_what_is_shown(places: Places) -> None:
    places.download.click()
    files = re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", places.links.value)
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in files}
    assert list(frames) == [f"gpt2-1.5b-spot-{what}.csv" for what in ("pools", "fail-over", "managed-spot")]
    pools = frames["gpt2-1.5b-spot-pools.csv"]
    assert pools["run_usd_expected"].tolist() == pytest.approx(
        answer_of(places).pools.pools["run_usd_expected"].tolist()
    )
    asked(places, ranking="price")
    assert places.links.value == ""
