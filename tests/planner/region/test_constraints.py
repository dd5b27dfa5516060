"""Residency and distance: who is let pass, why others are not, and what leaves nothing."""

from __future__ import annotations

import pytest

from costlib.errors import InvalidInput
from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.constraints import Near
from costlib.planner.region.ranking import ANY
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.workload import Workload

BERLIN = Near(52.52, 13.40, 20.0)


def within(answer: RegionAnswer) -> set[str]:
    return {answer.regions[number] for number in answer.overall.order}


@pytest.mark.parametrize(
    ("residency", "inside", "outside"),
    [
        (["Europe"], {"eu-west-1", "eu-central-1"}, {"us-east-1", "il-central-1"}),
        (["DE", "IE"], {"eu-central-1", "eu-west-1"}, {"eu-west-2"}),
        (["us-east-2"], {"us-east-2"}, {"us-east-1"}),
        (["aws"], {"us-east-1", "us-east-1-atl-1"}, set()),
    ],
)
def test_residency(
    answer: RegionAnswer, far: Workload, sources: Sources, residency: list[str], inside: set[str], outside: set[str]
) -> None:
    bound = far.changed({"dataset.residency": residency}, sources.vocabulary)
    found = region_answer(bound, sources, facts=answer.facts)
    ranked = within(found)
    assert inside <= ranked and not outside & ranked
    for region in outside:
        number = found.regions.index(region)
        assert "dataset.residency does not name it" in found.reasons(ANY, number)[0]
        assert found.row(ANY, number)["total_usd"] is not None, "what is forbidden is still costed"
    # costlib plan holds to it, too.
    result = search(bound, sources)
    assert {result.sources.offers.regions[code] for code in result.column("region")[result.order]} == ranked
    assert any(item.reason == "the data may not be there" for item in result.exclusions) == (residency != ["aws"])


def test_a_zone_abroad_is_not_in_its_regions_country(answer: RegionAnswer, far: Workload, sources: Sources) -> None:
    """ap-northeast-1-tpe-1 is in Taipei, and its name does not say so."""
    bound = far.changed({"dataset.residency": ["JP", "IE"]}, sources.vocabulary)
    found = region_answer(bound, sources, facts=answer.facts)
    number = found.regions.index("ap-northeast-1-tpe-1")
    assert not found.constraints.allowed[number] and "is not held" in found.reasons(ANY, number)[0]
    assert found.constraints.allowed[found.regions.index("ap-northeast-1")]


def test_near_leaves_out_what_light_cannot_reach(answer: RegionAnswer, far: Workload, sources: Sources) -> None:
    found = region_answer(far, sources, near=BERLIN, facts=answer.facts)
    assert {"eu-central-1", "eu-west-1"} <= within(found) and "us-east-1" not in within(found)
    virginia = found.regions.index("us-east-1")
    # Berlin to Ashburn is some 6,700 km: 66 ms at the least.
    assert found.constraints.least_round_trip_ms[virginia] == pytest.approx(66, abs=2)
    assert "even light takes" in found.reasons(ANY, virginia)[0]
    assert "is not held" in found.reasons(ANY, found.regions.index("eu-central-1-ham-1"))[0]


def test_names_of_nowhere_are_refused_with_near_ones(far: Workload, sources: Sources) -> None:
    with pytest.raises(InvalidInput) as refused:
        far.changed({"dataset.residency": ["Eurpe", "eu-wst-1", "XX"], "dataset.gib": -1}, sources.vocabulary)
    said = {fault.field: fault.problem for fault in refused.value.faults}
    assert "did you mean Europe" in said["dataset.residency.0"] and "eu-west-1" in said["dataset.residency.1"]
    assert "country code" in said["dataset.residency.2"] and "at least 0" in said["dataset.gib"]


def test_what_leaves_no_region_is_told_with_what_there_is(
    answer: RegionAnswer, far: Workload, sources: Sources
) -> None:
    with pytest.raises(InvalidInput) as refused:
        bound = far.changed({"dataset.residency": ["ZA"]}, sources.vocabulary)
        region_answer(bound, sources, near=Near(-78.0, 0.0, 1.0), facts=answer.facts)
    said = {fault.field: str(fault) for fault in refused.value.faults}
    assert "leaves no region" in said["dataset.residency"] and "us-east-1" in said["dataset.residency"]
    assert "ms at least" in said["within_ms"]


def test_a_place_beyond_the_globe_and_no_time_are_refused_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        Near(95.0, 13.0, 0.0)
    assert {fault.field for fault in refused.value.faults} == {"within_ms", "latitude"}
    with pytest.raises(InvalidInput, match="latitude,longitude"):
        Near.of_text("Berlin", 10.0)
    assert Near.of_text("52.52, 13.40", 20.0) == BERLIN


def test_new_keys_must_make_sense(far: Workload, sources: Sources) -> None:
    with pytest.raises(InvalidInput) as refused:
        changes = {"dataset.gib": 0, "dataset.result_gib_per_run": -5, "dataset.results_to": "home"}
        far.changed(changes, sources.vocabulary)
    fields = {fault.field for fault in refused.value.faults}
    assert {"dataset.result_gib_per_run", "dataset.results_to"} <= fields
    with pytest.raises(InvalidInput, match="needs a dataset"):
        far.changed({"dataset.gib": 0}, sources.vocabulary)
