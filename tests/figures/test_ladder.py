import pytest

from costlib.figures import ladder as ladder_figure
from costlib.figures.cost_time import describe
from costlib.planner.ladder import LEVERS, ladder
from tests.example import result

ORDERS = [tuple(LEVERS), tuple(reversed(LEVERS))]
#: Nothing cheap holds this one: what does costs more than the late start.
TIGHT_HOURS = 1.0


def detailed(answer, steps):
    return ladder_figure.detailed(steps, "banner", describe(answer, steps.rows))


@pytest.mark.parametrize("deadline_hours", [72, 5, TIGHT_HOURS])
@pytest.mark.parametrize("order", ORDERS)
def test_bars_show_what_is_left_saved_and_added(order, deadline_hours):
    steps = ladder(result(deadline_hours=deadline_hours), order)
    light, dark, added = ladder_figure.figure(steps, "banner").data
    assert dark.x[0] == light.x[0] == steps.start_usd and dark.x[-1] == steps.end_usd
    before = steps.start_usd
    for place, rung in enumerate(steps.rungs, 1):
        assert dark.x[place] == rung.cost_usd
        assert light.x[place] == pytest.approx(max(before, rung.cost_usd), rel=1e-12)
        assert added.x[place] == pytest.approx(max(rung.cost_usd - before, 0.0))
        assert added.base[place] + added.x[place] == pytest.approx(rung.cost_usd)
        before = rung.cost_usd
    assert any(added.x) == (deadline_hours == TIGHT_HOURS or (deadline_hours == 5 and order == ORDERS[1]))


def test_a_lever_that_costs_more_says_so_on_its_bar():
    steps = ladder(result(deadline_hours=TIGHT_HOURS))
    (dearer,) = [place for place, rung in enumerate(steps.rungs, 1) if rung.saved_usd < 0]
    texts = ladder_figure.figure(steps, "banner").data[0].text
    assert "costs 193 times as much" in texts[dearer] and "too late" not in texts[dearer]
    assert not [text for place, text in enumerate(texts) if place != dearer and "costs" in text]
    assert all("too late" in text for text in texts[:dearer])


def test_texts_are_the_bars_own_and_an_unchanged_cost_says_so():
    steps = ladder(result())
    figure = ladder_figure.figure(steps, "banner")
    assert [trace.type for trace in figure.data] == ["bar"] * 3
    for text, rung in zip(figure.data[0].text[1:], steps.rungs, strict=True):
        assert ("no change" in text) == (rung.saved_usd == 0)


@pytest.mark.parametrize("deadline_hours", [72, TIGHT_HOURS])
def test_details_add_each_lever_alone_and_the_plans(deadline_hours):
    answer = result(deadline_hours=deadline_hours)
    steps = ladder(answer)
    figure = detailed(answer, steps)
    alone = figure.data[-1]
    assert list(alone.x) == [rung.alone_usd for rung in steps.rungs]
    low, high = figure.layout.xaxis.range
    assert low == 0 and high > max(*alone.x, *figure.data[0].x)
    for text, plan in zip(figure.data[1].customdata, describe(answer, steps.rows), strict=True):
        assert plan in text
    assert ("misses the deadline" in figure.data[1].customdata[0]) != steps.start_meets_deadline
    assert figure.data[2].showlegend == (deadline_hours == TIGHT_HOURS)


def test_a_ladder_without_levers_is_its_start():
    answer = result()
    steps = ladder(answer, ())
    assert list(detailed(answer, steps).data[1].x) == [steps.start_usd]


@pytest.mark.parametrize("deadline_hours", [72, TIGHT_HOURS])
def test_every_text_has_room_behind_its_bar_on_a_phone(deadline_hours):
    steps = ladder(result(deadline_hours=deadline_hours))
    figure = ladder_figure.figure(steps, "banner")
    light = figure.data[0]
    for end, text in zip(light.x, light.text, strict=True):
        bar_px = ladder_figure.PLOT_PX * end / figure.layout.xaxis.range[1]
        assert bar_px + 7 * max(map(len, text.split("<br>"))) < ladder_figure.PLOT_PX


def test_refilled_is_as_new():
    loose, tight = ladder(result()), ladder(result(deadline_hours=TIGHT_HOURS), ("commitment", "spot"))
    made = ladder_figure.figure(loose, "one, prices <b>")
    for steps, banner in ((tight, "two"), (loose, "one, prices <b>")):
        ladder_figure.refill(made, steps, banner)
        assert made.to_json() == ladder_figure.figure(steps, banner).to_json()
    assert made.layout.annotations[0].text == "one<br>prices &lt;b&gt;"


def test_every_lever_has_a_plain_name():
    assert set(ladder_figure.PLAIN_NAMES) == set(LEVERS)
