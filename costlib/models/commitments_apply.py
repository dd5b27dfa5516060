"""How AWS applies Reserved Instances and Savings Plans to the usage of each hour.

Reserved Instances first: zonal ones, whoever owns them, then regional ones from the smallest size up. Then EC2 Instance
Savings Plans, then Compute Savings Plans, each to the highest saving over on-demand first, on a tie to the lower rate.
The owning account comes before the others. SageMaker Savings Plans cover SageMaker alone, and no other plan does.
What is not used in its hour is lost.

Sources: Savings Plans User Guide, "Understanding how Savings Plans apply to your usage"; Amazon EC2 User Guide, "How
Reserved Instances are applied".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_inputs import RESERVED, Commitment, Line, Rates, Usage, refuse
from costlib.models.commitments_tables import commitments_of, usage_of
from costlib.models.normalization import is_size_flexible, normalization_factor

Floats = npt.NDArray[np.float64]

#: The services that a plan type covers.
COVERS = {
    "standard": ("ec2",),
    "convertible": ("ec2",),
    "ec2_instance": ("ec2",),
    "compute": ("ec2", "fargate", "lambda"),
    "sagemaker": ("sagemaker",),
}
#: Plan types in the order of application; types on one rank share it.
RANK = {"standard": 0, "convertible": 0, "ec2_instance": 1, "compute": 2, "sagemaker": 2}


class Step(NamedTuple):
    """A commitment serving a line: ``rate`` is what a unit of the line takes of the commitment's hourly capacity."""

    commitment: int
    line: int
    rate: float


@dataclass(frozen=True)
class Applied:
    """Each hour's bill, USD (hours,): used commitment, unused commitment (lost), on-demand for the rest.

    ``used_fraction`` (hours, commitments) and ``covered_quantity`` (hours, lines) say where it went.
    """

    covered_usd: Floats
    unused_usd: Floats
    on_demand_usd: Floats
    used_fraction: Floats
    covered_quantity: Floats

    @property
    def total_usd(self) -> Floats:
        """What each hour costs."""
        return self.covered_usd + self.unused_usd + self.on_demand_usd


def apply_discounts(
    usage: Usage | pd.DataFrame, commitments: Sequence[Commitment] | pd.DataFrame, rates: Rates | pd.DataFrame
) -> Applied:
    """Each hour's used, unused and on-demand USD, as AWS's billing would have it; commitments hold in every hour.

    Upfront payments are spread over the term. Frames of rows stand for usage, commitments and rates. Raises
    InvalidInput for lines without an on-demand rate and for commitments that AWS does not sell.
    """
    usage, commitments = usage_of(usage), commitments_of(commitments)
    rates = rates if isinstance(rates, Rates) else Rates(rates)
    refuse(rates.commitment_faults(commitments))
    on_demand = rates.on_demand_usd(usage.lines)
    capacity = np.array([_capacity(commitment) for commitment in commitments], float)
    hourly = np.array([_usd_per_hour(commitment, rates) for commitment in commitments], float)
    rest = usage.quantity.T.copy()
    left = np.repeat(capacity[:, None], rest.shape[1], axis=1)
    allocate(rest, left, steps(usage.lines, commitments, rates, on_demand))
    used = (1.0 - np.divide(left, capacity[:, None], out=np.ones_like(left), where=capacity[:, None] > 0)).T
    return Applied(
        covered_usd=used @ hourly,
        unused_usd=(1.0 - used) @ hourly,
        on_demand_usd=on_demand @ rest,
        used_fraction=used,
        covered_quantity=usage.quantity - rest.T,
    )


def allocate(rest: Floats, left: Floats, order: Iterable[Step]) -> None:
    """Serves ``rest`` (lines, hours) from ``left`` (commitments, hours) step by step, in place."""
    for commitment, line, rate in order:
        taken = np.minimum(rest[line] * rate, left[commitment])
        left[commitment] -= taken
        # Rounding must not leave a trace of usage that was covered whole.
        rest[line] = np.maximum(rest[line] - taken / rate, 0.0)


def steps(lines: Sequence[Line], commitments: Sequence[Commitment], rates: Rates, on_demand: Floats) -> list[Step]:
    """Who serves what, in AWS's order."""
    found = []
    for at, commitment in enumerate(commitments):
        for number, line in enumerate(lines):
            rate = unit_rate(commitment, line, rates)
            if np.isfinite(rate):
                found.append((_order(commitment, line, rate, on_demand[number]), Step(at, number, rate)))
    return [step for _, step in sorted(found)]


def _order(commitment: Commitment, line: Line, rate: float, on_demand: float) -> tuple[float, ...]:
    """The sort key of a step; what it leaves equal is served in the order of the lists."""
    stranger = float(line.account != commitment.account)
    if commitment.plan_type in RESERVED:
        # A zonal Reserved Instance of whatever account goes before the regional ones of the own account.
        return (0.0, 0.0 if commitment.zone else 1.0, stranger, rate, 0.0)
    saving = round(1.0 - rate / on_demand, 9)
    return (float(RANK[commitment.plan_type]), 0.0, stranger, -saving, rate)


def unit_rate(commitment: Commitment, line: Line, rates: Rates) -> float:
    """What a unit of a line takes of a commitment's capacity: normalized units, instances or USD; nan: not covered."""
    if line.service not in COVERS[commitment.plan_type]:
        return np.nan
    if commitment.plan_type not in RESERVED:
        if commitment.plan_type == "ec2_instance" and (line.family, line.region) != (
            commitment.family,
            commitment.region,
        ):
            return np.nan
        return rates.usd(line, commitment.plan_type, commitment.term_years, commitment.payment)
    alike = (line.region, line.platform, line.tenancy) == (commitment.region, commitment.platform, commitment.tenancy)
    same_type = line.instance_type == commitment.instance_type
    if not alike or (commitment.zone and commitment.zone != line.zone):
        return np.nan
    if same_type:
        return _units(commitment)
    kin = Line(commitment.instance_type or "", line.region).family == line.family
    flexible = kin and _flexible(commitment) and is_size_flexible(line.instance_type)
    return normalization_factor(line.instance_type) if flexible else np.nan


def _flexible(commitment: Commitment) -> bool:
    return not commitment.zone and is_size_flexible(
        commitment.instance_type or "", commitment.platform, commitment.tenancy
    )


def _units(commitment: Commitment) -> float:
    """Capacity of one instance: normalized units where sizes are flexible, else one."""
    return normalization_factor(commitment.instance_type or "") if _flexible(commitment) else 1.0


def _capacity(commitment: Commitment) -> float:
    return commitment.amount * (_units(commitment) if commitment.plan_type in RESERVED else 1.0)


def _usd_per_hour(commitment: Commitment, rates: Rates) -> float:
    """What the commitment costs each hour, used or not."""
    if commitment.plan_type in RESERVED:
        return commitment.amount * float(rates.sold(commitment)["usd_per_hour"].iloc[0])
    return commitment.amount
