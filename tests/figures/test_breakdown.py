import pytest

from costlib import display
from costlib.figures import breakdown
from costlib.planner.explain import plans
from tests.example import result


@pytest.fixture(scope="module")
def some():
    answer = result()
    return plans(answer, answer.best_per("service", "purchase"))


def test_the_bars_of_a_plan_add_up_to_its_cost(some):
    figure = breakdown.figure(some, "banner")
    for place, plan in enumerate(some):
        assert sum(trace.x[place] for trace in figure.data) == pytest.approx(plan.cost_usd.expected, rel=1e-12)


def test_totals_stand_at_the_bars_with_their_band(some):
    figure = breakdown.figure(some, "banner")
    texts = [note.text for note in figure.layout.annotations]
    for plan, text in zip(some, texts, strict=False):
        assert display.usd(plan.cost_usd.expected) in text
        assert display.usd_band(plan.cost_usd.low, plan.cost_usd.high) in text
    assert texts[-1] == "banner"


def test_the_selected_plan_is_added_once_and_marked(some):
    first, rest = some[0], some[1:]
    added = breakdown.figure(rest, "banner", selected=first).data[0].y
    among = breakdown.figure(some, "banner", selected=first).data[0].y
    assert len(added) == len(among) == len(some)
    assert added[-1].startswith("▶") and among[0].startswith("▶")
    assert sum(label.startswith("▶") for label in among) == 1


def test_items_that_no_plan_has_are_left_out(some):
    on_demand = [plan for plan in some if plan.purchase == "on_demand" and plan.service == "ec2"]
    names = [trace.name for trace in breakdown.figure(on_demand, "banner").data]
    assert "Compute" in names
    assert not {"Rework after spot interruptions", "Committed hours left unused"} & set(names)


def test_no_plans_make_an_empty_chart():
    assert len(breakdown.figure([], "banner").data) == 0
