"""The choice of a service as text: every line's amount, every reason, and no control characters."""

from __future__ import annotations

import pytest

from costlib import display
from costlib.exports.service_text import portfolio_text, service_text
from costlib.planner.service.compare import compare
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.lines import ITEM_NAMES
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.portfolio import portfolio
from costlib.planner.service.report import ServiceReport, service_report
from tests.example import sources, workload


@pytest.fixture(scope="module")
def desk() -> ServiceSources:
    return ServiceSources.open(sources())


def report(desk: ServiceSources, **jobs: object) -> ServiceReport:
    return service_report(workload().changed({"jobs": jobs}), desk)


def test_each_service_and_line_has_its_amount(desk: ServiceSources) -> None:
    found = report(desk, **KINDS["a sweep of small jobs"])
    text = service_text(found)
    for way in found.found.ways.values():
        assert display.usd(way.usd.expected) in text
        for line in way.lines:
            if line.usd.expected >= 0.01:
                assert ITEM_NAMES[line.item] in text and display.usd(line.usd.expected) in text
    for flip in found.flips:
        assert f"{flip.at:,.3g}" in text
    assert "packed on 10 x g5.12xlarge" in text and "25.0 %" in text


def test_reasons_stand_with_their_source_and_one_job_is_one(desk: ServiceSources) -> None:
    text = service_text(report(desk, count=1, hours_each=700, instance_type="p4d.24xlarge"))
    assert "1 job of 700 h" in text and "SageMaker cannot: a training job runs for 28 days at most" in text
    assert "StoppingCondition.maxRuntimeInSeconds (undated)]" in text


def test_control_characters_of_a_note_stay_out(desk: ServiceSources) -> None:
    from dataclasses import replace

    found = report(desk, **KINDS["one long job"])
    question = replace(found.found.question, notes=("a\x1b[31mb",))
    assert "\x1b" not in service_text(replace(found, found=replace(found.found, question=question)))


def test_a_portfolio_names_the_mix_and_what_cannot(desk: ServiceSources) -> None:
    sets = [(name, compare(workload().changed({"jobs": jobs}), desk)) for name, jobs in KINDS.items()]
    own = {"count": 1, "hours_each": 5, "instance_type": "g5.xlarge", "needs": ["own_image"]}
    sets.append(("own image", compare(workload().changed({"jobs": own}), desk)))
    found = portfolio(sets)
    text = portfolio_text(found)
    row = next(line for line in text.splitlines() if line.startswith("own image"))
    assert row.split()[2] == "-"
    assert f"the mix: {display.usd(found.mix_usd)}; AWS Batch for all costs {display.usd(found.saved_usd)} more" in text
