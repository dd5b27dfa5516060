"""Hardware, interruptions, regions: what is not known raises with close matches."""

from __future__ import annotations

import pytest

from costlib.errors import NotKnown
from costlib.facts.hardware import Hardware
from costlib.facts.interruptions import Interruptions
from costlib.facts.regions import Regions
from costlib.tables import Snapshot


def test_hardware(snapshot: Snapshot) -> None:
    hardware = Hardware.open(snapshot)
    assert hardware.require("p4d.24xlarge")["bf16_tflops"] == 312
    assert hardware.peak_tflops("bf16")["p4d.24xlarge"] == 312
    assert hardware.peak_tflops("bf16").isna()["g4dn.xlarge"]
    with pytest.raises(NotKnown, match="did you mean p4d.24xlarge"):
        hardware.require("p4d.24xlrge")
    with pytest.raises(NotKnown):
        hardware.peak_tflops("int8")


def test_interruptions(snapshot: Snapshot) -> None:
    interruptions = Interruptions.open(snapshot)
    row = interruptions.of("g5.xlarge", "us-east-1")
    assert 0 <= row["monthly_interruption_low_fraction"] < row["monthly_interruption_high_fraction"] <= 1
    with pytest.raises(NotKnown, match="did you mean g5.xlarge"):
        interruptions.of("g5.xlarg", "us-east-1")
    with pytest.raises(NotKnown, match="region with an interruption band for g5.xlarge"):
        interruptions.of("g5.xlarge", "mars-north-1")


def test_regions(snapshot: Snapshot) -> None:
    regions = Regions.open(snapshot)
    assert regions.require("us-east-1")["name"] == "US East (N. Virginia)"
    assert regions.require("us-gov-west-1")["partition"] == "aws-us-gov"
    assert set(regions.names("region", "govcloud")) < set(regions.names())
    with pytest.raises(NotKnown, match="us-east-1"):
        regions.require("us-eest-1")
    with pytest.raises(NotKnown):
        regions.names("moon")
