"""The service page, headless: set a control, read the answer, the map, the packing, the portfolio and refusals."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import ipywidgets
import pandas as pd
import pytest

from costlib.display import usd
from costlib.errors import Fault
from costlib.panels.service import _Page
from costlib.panels.service_fields import CONTROLS, PLACEHOLDERS, control_of, jobs_of, values_of
from costlib.panels.service_state import MOST_MEMBERS, ServiceState
from costlib.panels.service_views import answer_html, portfolio_html, services_html
from costlib.planner.service.compare import compare
from costlib.planner.service.kinds import EXAMPLE_RULE, KINDS
from costlib.workload import Jobs
from tests.example import sources, workload


@pytest.fixture
def page() -> Iterator[_Page]:
    yield _Page(ServiceState(sources()))
    ipywidgets.Widget.close_all()


def told(page: _Page) -> dict[str, str]:
    return {key: box.children[1].value for key, box in page.form.boxes.items() if box.children[1].value}


def set_to(page: _Page, **values: str) -> None:
    page.state.propose({**page.state.values, **values})


def test_it_opens_with_an_example_that_says_so(page: _Page) -> None:
    found = page.state.answer.found
    assert page.start.value == "a sweep of small jobs" and found.best.service == "sagemaker"
    assert EXAMPLE_RULE.split(":")[0] in re.sub("&#x27;", "'", page.answer.value)
    assert f"at {usd(found.best.usd.expected)}" in page.answer.value
    assert "as of 20" in page.banner.value and not told(page)
    assert set(page.form.values) == set(CONTROLS) >= set(PLACEHOLDERS)


def test_controls_are_the_workloads_jobs_and_back() -> None:
    for jobs in KINDS.values():
        again, extra, faults = jobs_of(values_of(jobs))
        assert not faults and extra == 0
        assert Jobs.model_validate(again) == Jobs.model_validate(jobs)
    full = {**KINDS["a sweep of small jobs"], "needs": ["efa"], "volume_gib": 50, "purchase": "spot",
            "also": [{"count": 3, "hours_each": 0.5, "vcpu": 4, "memory_gib": 8}]}  # fmt: skip
    assert Jobs.model_validate(jobs_of(values_of(full))[0]) == Jobs.model_validate(full)


def test_a_control_moves_the_answer_to_what_the_planner_says(page: _Page) -> None:
    before = page.answer.value
    page.form.inputs["hours_each"].value = "4"
    found = page.state.answer.found
    jobs = {**KINDS["a sweep of small jobs"], "hours_each": 4}
    own = compare(workload().changed({"jobs": jobs}), page.state.sources)
    assert found.best.usd.expected == pytest.approx(own.best.usd.expected) and found.best.service == "batch"
    assert page.answer.value != before and page.start.value == ""
    star = next(one for one in page.charts["map"].figure.data if one.uid == "own")
    assert star.x[0] == 4.0


def test_peoples_time_is_none_when_it_is_empty_and_the_page_says_so(page: _Page) -> None:
    empty = {key: "" for key in CONTROLS if key.startswith("staff")}
    set_to(page, **empty)
    assert not page.state.faults
    assert "people&#x27;s time: no hours are given (SageMaker, EC2, AWS Batch)" in page.answer.value
    assert not any(line.item == "staff" for way in page.state.answer.found.ways.values() for line in way.lines)
    set_to(page, staff_usd_per_hour="90")
    assert "staff_hours.ec2" in told(page) and "needed" in told(page)["staff_hours.ec2"]


def test_the_answer_says_whose_peoples_time_it_rests_on_and_what_it_is_without(page: _Page) -> None:
    people = "with people&#x27;s time at $80.00 an hour (SageMaker 1 h, EC2 6 h, AWS Batch 3 h)"
    set_to(page, image_minutes="3")
    assert page.state.started == "" and f"{people}, an example&#x27;s numbers" in page.answer.value
    assert "Without people&#x27;s time EC2 is the cheapest" in page.answer.value
    set_to(page, **{"staff_hours.ec2": "7"})
    assert "EC2 7 h, AWS Batch 3 h), your own numbers" in page.answer.value
    page.state.start("no such kind")
    set_to(page, **{"staff_hours.ec2": "6"})
    assert f"{people}, an example&#x27;s numbers" in page.answer.value
    page.state.start("gpt2-1.5b")
    set_to(page, staff_usd_per_hour="80", **{"staff_hours.ec2": "6"})
    assert "at $80.00 an hour (EC2 6 h), your own numbers" in page.answer.value


def test_faults_stand_beside_their_controls_all_at_once_and_the_answer_stays(page: _Page) -> None:
    good = page.answer.value
    set_to(page, count="-2", hours_each="0", scale_down_minutes="-5", gpu="9")
    assert set(told(page)) == {"count", "hours_each", "scale_down_minutes", "gpu"}
    assert page.answer.value == good and "last good values" in page.general.value
    set_to(page, gpu="9", vcpu="64", max_vcpus="10")
    assert set(told(page)) == {"gpu", "vcpu", "max_vcpus"} and "more than g5.12xlarge has, 4" in told(page)["gpu"]
    set_to(page, instance_type="g5.12xlrge")
    assert "g5.12xlarge" in told(page)["instance_type"]
    set_to(page, also="3, 1")
    assert "count, hours" in told(page)["also"]
    set_to(page, extra_service_usd="lots")
    assert "from 0 up" in told(page)["extra_service_usd"]
    set_to(page)
    assert not told(page) and page.general.value == ""


def test_each_fault_of_a_workload_has_its_control() -> None:
    for field in (*Jobs.model_fields, "staff_hours.ec2", "also.0.gpu"):
        if field not in ("needs",):
            assert control_of(Fault(f"jobs.{field}", 1, "x")) is not None, field
    assert control_of(Fault("jobs.needs.0", "efa", "x")) == "need.efa"
    assert control_of(Fault("deadline_hours", 1, "x")) is None


def test_a_need_takes_a_service_out_with_its_reason(page: _Page) -> None:
    page.form.inputs["need.own_image"].value = "yes"
    assert page.state.answer.found.best.service == "batch"
    assert "brings a container" in page.services.value and "botocore" in page.services.value


def test_nothing_left_is_a_problem_in_words(page: _Page) -> None:
    good = page.answer.value
    page.state.start("one long job")
    set_to(page, purchase="spot", hours_each="900", **{"need.managed_restart": "yes"})
    assert "no service can run these jobs" in page.general.value and "28 days" in page.general.value
    assert page.answer.value != good and page.state.answer.found.question.count == 1


def test_the_runs_of_an_example_are_its_plan(page: _Page) -> None:
    page.start.value = "gpt2-1.5b"
    question = page.state.answer.found.question
    assert question.count == 4 and "cheapest on-demand plan" in page.answer.value
    assert page.charts["packing"].layout.display == "none" and "whole instances" in page.batch.value
    page.start.value = "a sweep of small jobs"
    assert page.charts["packing"].layout.display is None


def test_the_portfolio_takes_own_jobs_and_lets_go(page: _Page) -> None:
    assert page.state.members == tuple(KINDS)
    set_to(page, count="77")
    page.keep.click()
    page.keep.click()
    assert page.state.members[-2:] == ("77 × g5.12xlarge", "77 × g5.12xlarge (2)")
    mix = page.state.answer.portfolio
    assert f"<b>{usd(mix.mix_usd)}</b>" in page.portfolio.value
    page.form.inputs["extra_service_usd"].value = "1e6"
    assert page.state.answer.portfolio.saved_usd == pytest.approx(0) and "as cheap as any mix" in page.portfolio.value
    page.clear.click()
    assert page.state.members == ("77 × g5.12xlarge",)
    for _ in range(MOST_MEMBERS):
        page.state.keep()
    assert len(page.state.members) == MOST_MEMBERS and "are the most" in page.general.value


def test_an_unknown_start_is_refused_with_near_names(page: _Page) -> None:
    page.state.start("one long jb")
    assert "one long job" in page.state.faults[0].nearest


def test_csv_holds_what_is_shown(page: _Page) -> None:
    page.download.click()
    files = re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", page.links.value)
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in files}
    assert set(frames) == {f"services-{what}.csv" for what in ("lines", "map", "portfolio", "premiums", "packing")}
    sums = frames["services-lines.csv"].groupby("service")["usd"].sum()
    for service, way in page.state.answer.found.ways.items():
        assert sums[service] == pytest.approx(way.usd.expected)
    assert len(frames["services-packing.csv"]) == 300
    set_to(page, count="10")
    assert page.links.value == ""


def test_text_from_data_is_escaped(page: _Page) -> None:
    answer, bad = page.state.answer, "<img src=x>"
    way = replace(answer.found.ways["ec2"], instance_type=bad)
    question = replace(answer.found.question, instance_type=bad, notes=(bad,))
    found = replace(answer.found, ways={**answer.found.ways, "ec2": way}, question=question)
    worse = replace(answer, report=replace(answer.report, found=found),
                    portfolio=replace(answer.portfolio, names=(bad,) * 4))  # fmt: skip
    for html in (answer_html(worse, "", False), services_html(worse), portfolio_html(worse)):
        assert "<img" not in html and "&lt;img" in html
