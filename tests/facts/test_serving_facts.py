"""Facts on serving: AWS's SDK agrees with the limits, and every row has its source."""

from __future__ import annotations

import botocore.session
import pytest

from costlib.basis import BASES
from costlib.errors import NotKnown
from costlib.facts.serving_facts import ServingFacts
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def facts() -> ServingFacts:
    return ServingFacts.open(Snapshot.open())


def test_the_sdk_has_the_same_limits(facts: ServingFacts) -> None:
    shapes = botocore.session.get_session().get_service_model("sagemaker")
    memory = shapes.shape_for("ServerlessMemorySizeInMB").metadata
    assert facts.number("sagemaker_serverless", "least_memory_mb") == memory["min"] == 1024
    assert facts.number("sagemaker_serverless", "most_memory_mb") == memory["max"]
    concurrency = shapes.shape_for("ServerlessMaxConcurrency").metadata
    assert facts.number("sagemaker_serverless", "most_concurrency") == concurrency["max"]
    functions = botocore.session.get_session().get_service_model("lambda")
    assert facts.number("lambda", "least_memory_mb") == functions.shape_for("MemorySize").metadata["min"]


def test_every_row_has_a_source_and_an_estimate_its_rule(facts: ServingFacts) -> None:
    table = facts.table
    assert not table.duplicated(["topic", "fact"]).any() and set(table["basis"]) <= set(BASES)
    assert table["source"].str.contains(r"https://|facts/|not named").all()
    assert table.loc[table["basis"] == "estimate", "rule"].notna().all()


def test_a_look_up_is_whole_or_refused(facts: ServingFacts) -> None:
    found = facts.of("cold_start", "kept_idle_seconds")
    assert found.value == 900 and found.basis == "estimate" and "no time" in found.rule
    with pytest.raises(NotKnown, match="cold_start low_seconds"):
        facts.of("cold_start", "lowest_seconds")
