import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.figures.cost_time import describe
from costlib.panels.plan_table import MOST_ROWS, SORTS, PlanTable, ranks, table_html
from tests.example import result


def test_by_default_the_cheapest_of_each_way_in_order():
    answer = result()
    rows = PlanTable().rows(answer)
    assert rows[0] == answer.order[0]
    assert (np.diff(answer.cost_usd[rows]) >= 0).all()
    groups = list(zip(*(answer.column(name)[rows] for name in ("service", "instance_type", "region", "purchase")),
                      strict=True))  # fmt: skip
    assert len(set(groups)) == len(groups) == len(answer.best_per("service", "instance_type", "region", "purchase"))


@pytest.mark.parametrize("text", ["p5 spot us-east", "SageMaker h100", "reserved standard 1y", "bf16 us-west-2"])
def test_each_word_of_the_filter_is_in_every_row(text):
    answer = result()
    rows = PlanTable(filter_text=text).rows(answer)
    assert len(rows)
    offers = answer.sources.offers
    for row, line in zip(rows[:50], describe(answer, rows[:50]), strict=True):
        offer = answer.candidates.offer[row]
        accelerator = answer.sources.accelerators_of(offers.instance_types[offers.instance_type[offer]])[0]
        words = f"{line} {offers.regions[offers.region[offer]]} {accelerator}".lower()
        assert all(word in words for word in text.lower().split())


def test_a_filter_finds_what_is_far_down_the_list():
    answer = result()
    last = answer.sources.offers.regions[answer.column("region")[answer.order[-1]]]
    rows = PlanTable(filter_text=last).rows(answer)
    regions = {answer.sources.offers.regions[code] for code in answer.column("region")[rows]}
    assert regions and all(last in name for name in regions)


def test_every_sort_has_a_heading():
    html = table_html(result(), PlanTable(), None)
    assert all(f"data-click='sort:{column}'" in html for column in SORTS)


def test_a_filter_that_nothing_matches_says_so():
    answer = result()
    table = PlanTable(filter_text="no-such-thing")
    assert len(table.rows(answer)) == 0
    assert "Nothing matches" in table_html(answer, table, None)


@given(column=st.sampled_from(sorted(SORTS)), variants=st.booleans())
def test_sorting_keeps_the_rows_and_turning_round_reverses_the_keys(column, variants):
    answer = result()
    table = PlanTable(filter_text="p4d", all_variants=variants)
    plain = table.rows(answer)
    table.sort_by, table.descending = column, False
    up = table.rows(answer)
    table.descending = True
    down = table.rows(answer)
    assert sorted(plain) == sorted(up) == sorted(down)
    if column == "hours":
        assert (np.diff(answer.wall_hours[up]) >= 0).all() and (np.diff(answer.wall_hours[down]) <= 0).all()
    if column in ("rank", "cost"):
        assert list(up) == list(down[::-1]) and (np.diff(answer.cost_usd[up]) >= 0).all()


def test_names_sort_as_words():
    answer = result()
    table = PlanTable(sort_by="instance_type")
    names = [answer.sources.offers.instance_types[code] for code in answer.column("instance_type")[table.rows(answer)]]
    assert names == sorted(names) and len(set(names)) > 5


def test_late_plans_show_only_when_asked_for():
    answer = result()
    assert answer.meets_deadline[PlanTable(all_variants=True).rows(answer)].all()
    rows = PlanTable(all_variants=True, include_late=True).rows(answer)
    assert len(rows) == len(answer.candidates)


def test_a_heading_sorts_then_turns_round():
    table = PlanTable()
    table.sort("hours")
    assert (table.sort_by, table.descending) == ("hours", False)
    table.sort("hours")
    assert (table.sort_by, table.descending) == ("hours", True)
    table.sort("cost")
    assert (table.sort_by, table.descending) == ("cost", False)
    table.sort("<script>")
    assert table.sort_by == "cost"


def test_ranks_count_from_one_and_late_plans_have_none():
    answer = result()
    late = np.nonzero(~answer.meets_deadline)[0][:1]
    assert ranks(answer, np.concatenate((answer.order[[0, 9, 20000]], late))) == [1, 10, 20001, 0]


def test_the_html_shows_the_selected_row_and_is_bounded():
    answer = result()
    table = PlanTable()
    row = int(table.rows(answer)[3])
    html = table_html(answer, table, row)
    assert html.count("<tr tabindex") == MOST_ROWS
    assert html.count("aria-selected='true'") == 1
    assert f"data-click='row:{row}' aria-selected" in html
    assert f"of {len(table.rows(answer)):,} ways" in html


def test_the_slow_end_of_a_plan_is_not_hidden():
    answer = result()
    html = table_html(answer, PlanTable(filter_text="trn1.32xlarge"), None)
    assert "could be late" in html


def test_the_deadline_is_told_in_words():
    answer = result(deadline_hours=3)
    html = table_html(answer, PlanTable(include_late=True, all_variants=True, sort_by="hours"), None)
    assert "<td>held</td>" in html
    late = table_html(answer, PlanTable(include_late=True, sort_by="hours", descending=True), None)
    assert "<span class='costlib-bad'>missed</span>" in late
    assert "none set" in table_html(result(deadline_hours=None), PlanTable(), None)
