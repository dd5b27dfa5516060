"""Facts of storage: found by name, held to the SDK they come from, refused with near names."""

from __future__ import annotations

import re

import botocore.session
import pytest

from costlib.errors import NotKnown
from costlib.facts.storage_facts import StorageFacts
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def facts(snapshot: Snapshot) -> StorageFacts:
    return StorageFacts.open(snapshot)


def documentation(service: str, operation: str, *path: str) -> str:
    """What the SDK says of a member of an operation's input."""
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    for name in path:
        shape = shape.members[name]
    return re.sub(r"<[^>]+>", "", shape.documentation)


def test_limits_are_those_of_the_sdk(facts: StorageFacts) -> None:
    volume = documentation("ec2", "CreateVolume", "Throughput")
    least, most = re.search(r"Valid Range: ([\d,]+) - ([\d,]+) MiB/s", volume).groups()  # type: ignore[union-attr]
    assert facts.of("ebs_gp3", "included_throughput").value == float(least)
    assert facts.of("ebs_gp3", "most_throughput").value == float(most)
    tiers = documentation("fsx", "CreateFileSystem", "LustreConfiguration", "PerUnitStorageThroughput")
    listed = re.search(r"PERSISTENT_2 SSD storage: ([\d, ]+) MB", tiers).group(1)  # type: ignore[union-attr]
    held = [row.value for name, row in facts.topic("fsx_lustre").items() if name.startswith("persistent2")]
    assert held == [float(one) for one in listed.split(",")]
    capacity = documentation("fsx", "CreateFileSystem", "StorageCapacity")
    assert "1200 GiB, 2400 GiB, and increments of 2400 GiB" in capacity
    assert facts.of("fsx_lustre", "least_capacity").value == 1200
    assert facts.of("fsx_lustre", "capacity_step").value == 2400


def test_what_is_not_held_is_told_with_near_names(facts: StorageFacts) -> None:
    assert facts.topic("instance_storage") == {}
    with pytest.raises(NotKnown, match="did you mean instance_store p4d.24xlarge"):
        facts.of("instance_store", "p4d.24xlarg")


def test_every_fact_says_how_it_is_known(facts: StorageFacts) -> None:
    frame = facts.frame()
    assert len(frame) == len(facts.rows) > 30 and (frame[["unit", "basis", "source"]] != "").all(axis=None)
    assert facts.of("codec", "zstd_ratio").value > facts.of("codec", "snappy_ratio").value
