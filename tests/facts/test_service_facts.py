"""Facts of services: by topic, with the numbers that the planner's start-up times come from."""

import pytest

from costlib.errors import NotKnown
from costlib.facts.service_facts import ServiceFacts
from costlib.models.checkpoint import NOTICE_SECONDS
from costlib.planner.quantities import START_UP_SECONDS
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def facts() -> ServiceFacts:
    return ServiceFacts.open(Snapshot.open())


def test_the_notice_is_the_models(facts: ServiceFacts) -> None:
    spot = facts.of("ec2_spot").set_index("fact")
    assert float(spot.at["interruption_notice", "value"]) == NOTICE_SECONDS


def test_start_up_times_are_the_planners(facts: ServiceFacts) -> None:
    start_up = facts.of("sagemaker_startup")
    container = start_up[start_up["fact"].str.startswith("in-job startup")].iloc[0]
    assert float(container["value"].strip("~")) == START_UP_SECONDS["sagemaker"][1]
    budget = start_up[start_up["fact"].str.startswith("fixed per-job overhead")].iloc[0]
    assert float(budget["value"]) * 60 == START_UP_SECONDS["sagemaker"][2]


def test_topics_in_the_tables_order_each_with_a_source(facts: ServiceFacts) -> None:
    rows = facts.of("sagemaker_billing", "ec2_spot")
    assert set(rows["topic"]) == {"sagemaker_billing", "ec2_spot"}
    assert len(rows) == len(facts.of("ec2_spot")) + len(facts.of("sagemaker_billing"))
    assert rows["source"].notna().all()


def test_an_unknown_topic_is_refused(facts: ServiceFacts) -> None:
    with pytest.raises(NotKnown) as refused:
        facts.of("ec2_spt", "ec2_spot")
    assert "ec2_spot" in refused.value.faults[0].nearest
