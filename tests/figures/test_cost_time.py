import numpy as np
import pytest

from costlib.figures import cost_time
from tests.example import result


def points(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_chosen_rows_hold_the_deadline_and_keep_the_front_whole():
    answer = result()
    rows = cost_time.chosen_rows(answer, most=100)
    assert len(rows) == len(set(rows.tolist())) == 100
    assert set(answer.front.tolist()) <= set(rows.tolist())
    assert answer.meets_deadline[rows].all()
    assert (np.diff(answer.cost_usd[rows]) >= 0).all()


def test_the_front_is_never_cut():
    answer = result()
    rows = cost_time.chosen_rows(answer, most=1)
    assert sorted(rows.tolist()) == sorted(answer.front.tolist())


def test_every_kind_of_plan_has_its_cheapest_point():
    answer = result()
    rows = cost_time.chosen_rows(answer)
    cheapest = answer.best_per("service", "purchase")
    assert set(cheapest.tolist()) <= set(rows.tolist())


def test_late_rows_are_the_cheapest_late_ones():
    answer = result()
    rows = cost_time.late_rows(answer)
    assert len(rows) and not answer.meets_deadline[rows].any()
    assert answer.cost_usd[rows[0]] == answer.cost_usd[~answer.meets_deadline].min()


def test_points_stand_at_hours_and_cost_of_their_row():
    answer = result()
    figure = cost_time.figure(answer)
    seen = 0
    for trace in figure.data:
        if trace.name in ("front", "selected plan"):
            continue
        rows = np.array([int(custom[0]) for custom in trace.customdata])
        assert np.array_equal(trace.x, answer.wall_hours[rows])
        assert np.array_equal(trace.y, answer.cost_usd[rows])
        seen += len(rows)
    assert seen == len(cost_time.chosen_rows(answer)) + len(cost_time.late_rows(answer))


def test_units_stand_on_the_axes_and_the_banner_below():
    answer = result()
    figure = cost_time.figure(answer)
    assert "Hours" in figure.layout.xaxis.title.text and "USD" in figure.layout.yaxis.title.text
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    texts = [note.text for note in figure.layout.annotations]
    assert answer.sources.book.banner in texts
    assert "deadline 72 h" in texts and figure.layout.shapes[0].x0 == 72


def test_the_ring_moves_and_nothing_else():
    answer = result()
    figure = cost_time.figure(answer, int(answer.order[0]))
    before = figure.to_dict()["data"][:-1]
    row = int(answer.order[7])
    cost_time.move_ring(figure, answer, row)
    ring = points(figure, "selected plan")
    assert (ring.x[0], ring.y[0]) == (answer.wall_hours[row], answer.cost_usd[row])
    assert ring.customdata[0][0] == row
    assert str(figure.to_dict()["data"][:-1]) == str(before)
    cost_time.move_ring(figure, answer, None)
    assert len(points(figure, "selected plan").x) == 0


def test_a_deadline_that_nothing_holds_shows_only_late_plans():
    figure = cost_time.figure(result(deadline_hours=0.01))
    assert [trace.name for trace in figure.data] == ["misses the deadline", "front", "selected plan"]
    assert len(points(figure, "front").x) == 0


def test_without_a_deadline_there_is_no_line():
    figure = cost_time.figure(result(deadline_hours=None))
    assert not figure.layout.shapes
    assert "misses the deadline" not in [trace.name for trace in figure.data]


@pytest.mark.parametrize("place", [0, 3])
def test_describe_says_what_the_candidate_is(place):
    answer = result()
    row = int(answer.front[place])
    text = cost_time.describe(answer, [row])[0]
    offer = answer.candidates.offer[row]
    count = answer.grid.counts[answer.candidates.count_index[row]]
    name = answer.sources.offers.instance_types[answer.sources.offers.instance_type[offer]]
    assert f"{count} × {name}" in text
    assert text.endswith(answer.grid.precisions[answer.candidates.precision_index[row]])
