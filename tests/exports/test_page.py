"""The page: self-contained, escaped, with one plotly.js, and the same bytes for the same answer."""

import re
from dataclasses import replace

import pytest

from costlib import __version__
from costlib.exports.page import Sections, to_html
from costlib.planner.ladder import ladder
from costlib.planner.plan import Plan
from costlib.planner.search import Result


@pytest.fixture(scope="module")
def page(result: Result, plans: list[Plan]) -> str:
    return to_html(result, plans, ladder(result)).decode()


def test_fetches_nothing(page: str) -> None:
    assert "default-src 'none'" in page
    # Links inside scripts (plotly.js names its map services) load nothing unless such a chart is drawn.
    outside = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", outside)
    assert not re.search(r"<script[^>]+src=", page) and "<link" not in outside


def test_one_plotly_for_three_charts(page: str) -> None:
    assert len(re.findall(r"\* plotly\.js v\d", page)) == 1
    assert page.index("plotly.js v") < page.index('id="chart-cost-time"')
    assert re.findall(r'<div id="(chart-[\w-]+)"', page) == ["chart-cost-time", "chart-breakdown", "chart-ladder"]


def test_says_the_answer_and_where_it_comes_from(page: str, result: Result, plans: list[Plan]) -> None:
    assert result.sources.book.snapshot_id in page and f"costlib {__version__}" in page
    best = plans[0]
    assert f"{best.count} × {best.instance_type}" in page
    assert f'<span class="basis {best.basis}">' in page
    for line in best.lines:
        assert line.as_of in page


def test_says_what_is_not_costed_and_how_sure_the_deadline_is(page: str, plans: list[Plan]) -> None:
    assert "EBS root and data volumes" in page
    assert f"prices as of {plans[0].prices_as_of}" in page
    assert ("but it could be late" in page) != plans[0].meets_deadline_at_high


def test_text_from_data_is_escaped(result: Result, plans: list[Plan]) -> None:
    evil = "<img src=x onerror=alert(1)>"
    line = replace(plans[0].lines[0], source=evil, rule=evil)
    hostile = replace(plans[0], az=evil, option=evil, lines=(line,), hours_rule=evil)
    made = Sections(result, [hostile], ladder(result))
    for part in (made.plans_table(), made.breakdown_chart()):
        assert evil not in part and "alert(1)" in part


def test_no_plan_on_time_is_said(result: Result) -> None:
    late = replace(result, meets_deadline=result.meets_deadline & False)
    assert "No plan holds the deadline of 72 hours" in Sections(late, [], ladder(late)).answer()


def test_same_answer_same_bytes(page: str, result: Result, plans: list[Plan]) -> None:
    assert to_html(result, plans, ladder(result)).decode() == page
