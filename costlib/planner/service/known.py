"""What is known of the three services as numbers, each with the facts it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from costlib.basis import weakest
from costlib.facts.service_facts import ServiceFacts
from costlib.planner.plan import Band
from costlib.units import HOURS_PER_DAY, MINUTES_PER_HOUR, SECONDS_PER_HOUR

#: In the order in which they are shown.
SERVICES = ("sagemaker", "ec2", "batch")
TOPICS = (
    "ec2_billing", "ec2_launch", "ec2_spot", "image_pull", "sagemaker_billing", "sagemaker_startup", "sagemaker_limits",
    "sagemaker_warm_pool", "batch_limits", "aws_batch",
)  # fmt: skip
SECOND_HOURS, MINUTE_HOURS = 1.0 / SECONDS_PER_HOUR, 1.0 / MINUTES_PER_HOUR


@dataclass(frozen=True)
class Known:
    """A range of hours (or of another unit that its name says) and where it is from."""

    band: Band
    basis: str
    rule: str
    source: str
    as_of: str


@dataclass(frozen=True)
class ServiceNumbers:
    """Numbers of facts/service_facts; hours unless their name says otherwise."""

    facts: ServiceFacts

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return self.facts.of(*TOPICS).set_index(["topic", "fact"])

    def number(self, topic: str, fact: str) -> float:
        """The number of one row."""
        return float(str(self._rows.at[(topic, fact), "value"]))

    def words(self, topic: str, fact: str) -> str:
        """Source of one row, and its date or that it has none."""
        source, as_of = (str(self._rows.at[(topic, fact), name]) for name in ("source", "as_of"))
        return f"{source} ({as_of if as_of[:1].isdigit() else 'undated'})"

    def _known(self, low: float, expected: float, high: float, rule: str, *rows: tuple[str, str]) -> Known:
        held = self._rows.loc[list(rows)]
        dates = [date for date in held["as_of"] if isinstance(date, str) and date]
        basis = "estimate" if rule else weakest(held["basis"])
        return Known(
            Band(low, expected, high),
            basis,
            rule,
            "; ".join(dict.fromkeys(held["source"])),
            min(dates, default="undated"),
        )

    @cached_property
    def boot(self) -> Known:
        """An EC2 instance from its first billed second until it can be logged into."""
        quick, slow = ("ec2_launch", "boot to SSH, small instances"), ("ec2_launch", "running to SSH, c5.xlarge")
        low, high = (self.number(*row) * SECOND_HOURS for row in (quick, slow))
        rule = "expected: the middle of two measurements; GPU images are slower and not measured"
        return self._known(low, (low + high) / 2, high, rule, quick, slow)

    @cached_property
    def pending(self) -> Known:
        """From the request until an EC2 instance runs; not billed."""
        quick, slow = (
            ("ec2_launch", "API and pending, c5.xlarge"),
            ("ec2_launch", "pending to running, small instances"),
        )
        low, high = (self.number(*row) * SECOND_HOURS for row in (quick, slow))
        return self._known(low, (low + high) / 2, high, "expected: the middle of two measurements", quick, slow)

    @cached_property
    def image(self) -> Known:
        """The pull of a training image; billed, on SageMaker too."""
        first, later = ("image_pull", "training image, 2021"), ("image_pull", "training image, 2024")
        slow = ("image_pull", "15-20 GB with docker, slow")
        low, expected, high = (self.number(*row) * SECOND_HOURS for row in (first, later, slow))
        return self._known(low, expected, high, "expected: the later of two measured pulls; high: the slow end of what"
                           " AWS says of images of 15-20 GB", first, later, slow)  # fmt: skip

    @cached_property
    def provisioning(self) -> Known:
        """SageMaker's wait before the billing starts."""
        row = ("sagemaker_startup", "provisioning, one job")
        hours = self.number(*row) * SECOND_HOURS
        return self._known(hours, hours, hours, "one job that found capacity; waits of hours were seen", row)

    @cached_property
    def batch_scaling(self) -> Known:
        """AWS Batch's wait before an instance runs; no latency is published."""
        row = ("aws_batch", "scaling up, slow")
        rule = "AWS publishes no latency: low and expected are EC2's own launch, high a report of 2019"
        band = self.pending.band
        slow = self._known(band.low, band.expected, self.number(*row) * SECOND_HOURS, rule, row)
        return Known(slow.band, slow.basis, rule, f"{self.pending.source}; {slow.source}", slow.as_of)

    @cached_property
    def warm_pool_start(self) -> Known:
        """The next job in a warm pool of SageMaker."""
        row = ("sagemaker_startup", "warm pool start, at most")
        hours = self.number(*row) * SECOND_HOURS
        return self._known(0.0, hours, hours, 'AWS says "under 20 seconds": expected is all of them', row)

    @cached_property
    def batch_container(self) -> Known:
        """The next container on a running instance of AWS Batch."""
        row = ("aws_batch", "container start on a running instance")
        hours = self.number(*row) * SECOND_HOURS
        return self._known(hours, hours, hours, "one report says more than ten seconds: ten are taken", row)

    @cached_property
    def longest_training_hours(self) -> float:
        """The longest SageMaker training job."""
        return self.number("sagemaker_limits", "longest training job") * HOURS_PER_DAY

    @cached_property
    def keep_alive_hours(self) -> float:
        """How long a warm pool waits for its next job at most, by the developer guide."""
        return self.number("sagemaker_warm_pool", "max keep alive") * SECOND_HOURS

    @cached_property
    def array_children(self) -> int:
        """Children of one array job of AWS Batch at most."""
        return int(self.number("batch_limits", "children of an array job"))

    @cached_property
    def memory_fraction(self) -> float:
        """The share of an instance's memory that jobs of AWS Batch can have, as read of one type of 8,192 MiB."""
        return self.number("aws_batch", "memory that an m4.large of 8192 MiB registers") / 8192.0

    @cached_property
    def grouped_minutes(self) -> tuple[float, float]:
        """How long AWS advises to make jobs of AWS Batch at least: from, to."""
        return self.number("aws_batch", "grouped jobs, at least"), self.number("aws_batch", "grouped jobs, at most")


#: Billing step and least time of one instance, in hours, for the low, expected and high end.
QUANTUM_HOURS = {
    "ec2": (SECOND_HOURS,) * 3,
    "batch": (SECOND_HOURS,) * 3,
    "sagemaker": (SECOND_HOURS, SECOND_HOURS, MINUTE_HOURS),
}
MINIMUM_HOURS = {"ec2": MINUTE_HOURS, "batch": MINUTE_HOURS, "sagemaker": 0.0}
BILLING_RULE = {
    "ec2": "by the second, 60 s at least (facts/service_facts, ec2_billing)",
    "batch": "EC2's instances: by the second, 60 s at least (facts/service_facts, ec2_billing)",
    "sagemaker": "by the second; AWS's documents differ, and by the minute at the high end (facts/service_facts,"
    " sagemaker_billing)",
}
