import pytest

from costlib.figures import ladder as ladder_figure
from costlib.planner.ladder import LEVERS, ladder
from tests.example import result

ORDERS = [tuple(LEVERS), tuple(reversed(LEVERS))]


@pytest.mark.parametrize("order", ORDERS)
def test_each_bar_spans_the_cost_before_and_after_its_lever(order):
    answer = result()
    steps = ladder(answer, order)
    bars = ladder_figure.figure(answer, steps).data[0]
    before = steps.start_usd
    for place, rung in enumerate(steps.rungs, 1):
        ends = (bars.base[place], bars.base[place] + bars.y[place])
        assert ends == pytest.approx((min(before, rung.cost_usd), max(before, rung.cost_usd)), rel=1e-9)
        before = rung.cost_usd
    assert bars.base[0] + bars.y[0] == pytest.approx(steps.start_usd)
    assert bars.base[-1] + bars.y[-1] == pytest.approx(steps.end_usd)


def test_diamonds_show_each_lever_alone():
    answer = result()
    steps = ladder(answer)
    alone = ladder_figure.figure(answer, steps).data[-1]
    assert list(alone.y) == [rung.alone_usd for rung in steps.rungs]


def test_all_values_stand_inside_the_axis():
    answer = result()
    steps = ladder(answer)
    figure = ladder_figure.figure(answer, steps)
    low, high = (10**end for end in figure.layout.yaxis.range)
    costs = [steps.start_usd, steps.end_usd, *(rung.alone_usd for rung in steps.rungs)]
    assert low < min(costs) and max(costs) < high


def test_a_rung_that_changes_nothing_says_so():
    answer = result()
    steps = ladder(answer)
    texts = ladder_figure.figure(answer, steps).data[1].text
    for text, rung in zip(texts[1:-1], steps.rungs, strict=True):
        assert (text == "no change") == (rung.saved_usd == 0)


def test_a_late_start_is_marked():
    for answer, is_late in ((result(), False), (result(deadline_hours=1.3), True)):
        steps = ladder(answer)
        texts = [note.text for note in ladder_figure.figure(answer, steps).layout.annotations]
        assert steps.start_meets_deadline != is_late
        assert ("The naive start misses the deadline." in texts) == is_late


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.404, "40 %"), (0.9968, "99.6 %"), (0.99999, "99.9 %"), (1.0, "100 %"), (0.0, "0 %")]
)
def test_only_a_whole_is_a_hundred_percent(fraction, text):
    assert ladder_figure.share(fraction) == text
