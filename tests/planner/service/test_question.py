"""Jobs made whole from the workload and its plan, and what cannot be: refused all at once."""

from __future__ import annotations

import pytest

from costlib.errors import InvalidInput, NoPlan
from costlib.planner.explain import plans
from costlib.planner.quantities import START_UP_SECONDS
from costlib.planner.search import search
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.question import alternatives, asked
from costlib.planner.sources import Sources
from costlib.workload import Workload

SHARE = {"count": 10, "hours_each": 1, "instance_type": "g5.12xlarge", "vcpu": 4, "gpu": 1, "memory_gib": 16}


def test_without_jobs_a_job_is_the_run_of_the_cheapest_plan(
    workload: Workload, desk: ServiceSources, sources: Sources
) -> None:
    found = asked(workload, desk)
    where = {"search.regions": ["us-east-1"], "search.services": ["ec2"], "search.purchase": ["on_demand"]}
    result = search(workload.changed(where), sources)
    (plan,) = plans(result, result.order[:1])
    assert (found.instance_type, found.instances, found.count) == (plan.instance_type, plan.count, 4)
    assert found.hours.expected == pytest.approx(plan.hours.expected - START_UP_SECONDS["ec2"][1] / 3600)
    assert found.region == "us-east-1" and len(found.notes) == 2
    assert found.origin["basis"] == plan.hours_basis


def test_given_jobs_are_the_users(workload: Workload, desk: ServiceSources) -> None:
    jobs = {"count": 3, "hours_each": 5, "instance_type": "p4d.24xlarge", "instances": 2, "region": "us-west-2"}
    found = asked(workload.changed({"jobs": jobs}), desk)
    assert (found.count, found.instances, found.region, found.hours.high) == (3, 2, "us-west-2", 5.0)
    assert found.origin["basis"] == "user" and found.notes == ()


def test_a_share_may_run_on_each_type_with_the_same_accelerator(workload: Workload, desk: ServiceSources) -> None:
    types = alternatives(asked(workload.changed({"jobs": SHARE}), desk))
    assert set(types["accelerator"]) == {"A10G"}
    assert types.at["g5.12xlarge", "slots"] == 4 and types.at["g5.xlarge", "slots"] == 1
    plain = alternatives(asked(workload.changed({"jobs": {**SHARE, "instance_type": "c5.9xlarge", "gpu": None}}), desk))
    assert {name.split(".")[0] for name in plain.index} == {"c5"} and plain.at["c5.9xlarge", "slots"] == 4


def test_everything_that_does_not_fit_is_told_at_once(workload: Workload, desk: ServiceSources) -> None:
    jobs = {**SHARE, "instance_type": "g5.xlarge", "vcpu": 8, "gpu": 2, "memory_gib": 64, "max_vcpus": 2}
    with pytest.raises(InvalidInput) as refused:
        asked(workload.changed({"jobs": jobs}), desk)
    faults = {fault.field: fault for fault in refused.value.faults}
    assert set(faults) == {"jobs.vcpu", "jobs.gpu", "jobs.memory_gib", "jobs.max_vcpus"}
    assert "is more than g5.xlarge has, 1" in str(faults["jobs.gpu"]) and "g5.12xlarge" in faults["jobs.gpu"].nearest
    assert "no job could ever start" in faults["jobs.max_vcpus"].problem


@pytest.mark.parametrize(
    ("jobs", "field", "said"),
    [
        ({"instance_type": "g5.xlarge", "region": "us-gov-east-1"}, "jobs.instance_type", "no EC2 on-demand price"),
        ({"instance_type": "g5.xlarge", "needs": ["efa"]}, "jobs.instance_type", "not known to have EFA"),
        ({"instance_type": "g5.12xlarge", "vcpu": 4, "also": [{"count": 3, "hours_each": 1, "gpu": 8}]},
         "jobs.also.0.gpu",
         "more than g5.12xlarge has, 4"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(  # type: ignore[no-untyped-def]
    workload: Workload, desk: ServiceSources, jobs, field, said
) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(workload.changed({"jobs": {"count": 1, "hours_each": 1, **jobs}}), desk)
    (fault,) = refused.value.faults
    assert fault.field == field and said in str(fault)


def test_no_plan_no_hours(workload: Workload, desk: ServiceSources) -> None:
    with pytest.raises(NoPlan, match="hours_each"):
        asked(workload.changed({"deadline_hours": 0.001}), desk)
