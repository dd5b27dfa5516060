"""The numbers behind a cost, one array entry a candidate: hours of each kind, prices, sizes.

All arrays are for one end of the band (low, expected or high): the low end takes every input at its cheap end,
the high end at its dear end. It is an envelope, not a probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.checkpoint import long_run_hours, young_interval_hours
from costlib.models.interruption import mean_hours_between_interruptions
from costlib.planner.hours import HoursGrid
from costlib.planner.places import Places
from costlib.planner.sources import BANDS, Sources
from costlib.units import (
    HOURS_PER_DAY,
    HOURS_PER_MONTH,
    MINUTES_PER_HOUR,
    SECONDS_PER_HOUR,
    gbps_to_bytes_per_second,
    gib_to_bytes,
)
from costlib.workload import PURCHASES, SERVICES, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SPOT = PURCHASES.index("spot")
CAPACITY_BLOCK = PURCHASES.index("capacity_block")
COMMITTED = (PURCHASES.index("reserved"), PURCHASES.index("savings_plan"))
SAGEMAKER = SERVICES.index("sagemaker")

#: Seconds from the first billed second to the first training step (low, expected, high), by service, and why.
#: From facts/service_facts, rows ec2_launch and sagemaker_startup. A job on EC2 starts its container and compiles
#: its model just as one on SageMaker does, after the instance is up.
START_UP_SECONDS = {"ec2": (22.6 + 196.0, 29.3 + 196.0, 480.0), "sagemaker": (196.0, 196.0, 480.0)}
START_UP_RULE = {
    "ec2": "launch to SSH as measured on small instances, 22.6-29.3 s (GPU images are slower and not measured), and"
    " container start and compilation of one measured job, 196 s; high: the 8 minutes that an estimator budgets",
    "sagemaker": "container start and compilation of one measured job, 196 s; provisioning is not billed; high: the"
    " 8 minutes that an estimator budgets",
}


#: A million years.
MOST_HOURS = 1e10

#: Hours from an interruption until there is capacity again (low, expected, high), where the workload does not say:
#: none, the middle and the P90 over the recorded traces of their mean gap (costlib.validation.spot works them out).
REQUEUE_HOURS = (0.0, 1.08, 3.67)
REQUEUE_RULE = (
    "after an interruption the run waits for capacity, unbilled: none at the low end, else as long as the recorded"
    " gaps of other pools lasted, 1.08 h (middle of their means) and 3.67 h (P90)"
)


@dataclass(frozen=True)
class Candidates:
    """Which offer, how many instances and which precision: flat columns, one entry a candidate.

    ``offer`` indexes Sources.offers; ``count_index`` and ``precision_index`` the axes of the HoursGrid.
    """

    offer: Ints
    count_index: Ints
    precision_index: Ints

    def __len__(self) -> int:
        return len(self.offer)

    def take(self, rows: npt.NDArray[np.int64]) -> Candidates:
        """Some of the candidates, in the order of ``rows``."""
        return Candidates(self.offer[rows], self.count_index[rows], self.precision_index[rows])


@dataclass(frozen=True)
class Quantities:
    """One end of the band for each candidate; the unit is in each name."""

    usd_per_hour: Floats
    ec2_usd_per_hour: Floats  # of SageMaker's on-demand offers; NaN for others and where EC2's price is not held
    count: Floats
    work_hours: Floats
    rework_hours: Floats
    requeue_hours: Floats
    start_up_hours: Floats
    idle_hours: Floats
    mtbi_hours: Floats
    interval_hours: Floats
    checkpoint_write_hours: Floats
    home_storage_usd_per_gib_month: Floats
    storage_usd_per_gib_month: Floats
    copy_storage_usd_per_gib_month: Floats
    transfer_usd_per_gib: Floats
    result_usd_per_gib: Floats
    put_usd_per_1000_requests: Floats

    @property
    def wall_hours(self) -> Floats:
        """Hours from start to finish: start-up, work, rework, and waiting for capacity."""
        return self.start_up_hours + self.work_hours + self.rework_hours + self.requeue_hours


def quantities(
    workload: Workload, sources: Sources, grid: HoursGrid, places: Places, rows: Candidates, band: str
) -> Quantities:
    """The quantities of ``rows`` at one end of the band (``low``, ``expected``, ``high``)."""
    end = BANDS.index(band)
    offers = sources.offers
    types = offers.instance_type[rows.offer]
    region = offers.region[rows.offer]
    service = offers.service[rows.offer]
    purchase = offers.purchase[rows.offer]
    count = grid.counts[rows.count_index].astype(float)
    work = grid.hours[end][types, rows.count_index, rows.precision_index]
    start_up = np.array([START_UP_SECONDS[name][end] for name in SERVICES])[service] / SECONDS_PER_HOUR

    rework = np.zeros(len(rows))
    requeue = np.zeros(len(rows))
    mtbi = np.full(len(rows), np.inf)
    interval = np.full(len(rows), np.nan)
    write = np.full(len(rows), np.nan)
    spot = np.nonzero(purchase == SPOT)[0]
    if len(spot):
        hazard = sources.spot_hazards(workload).hazard[end]
        write[spot] = checkpoint_write_hours(
            workload.checkpoint.gib,
            sources.network_gbps[types[spot]],
            count[spot],
            workload.checkpoint.restart_minutes / MINUTES_PER_HOUR,
            band,
        )
        mtbi[spot] = mean_hours_between_interruptions(hazard[rows.offer[spot]], count[spot])
        # Where nothing is to be written (gib: 0) the best interval is 0: a checkpoint a minute is as often as it
        # gets. Where nothing interrupts it is endless: no interval is longer than the work.
        often = 1.0 / MINUTES_PER_HOUR
        if workload.checkpoint.interval_minutes is None:
            hit = np.isfinite(mtbi[spot])
            wanted = np.where(hit, young_interval_hours(np.where(hit, mtbi[spot], 0.0), write[spot]), np.inf)
        else:
            wanted = np.full(len(spot), workload.checkpoint.interval_minutes / MINUTES_PER_HOUR)
        # A type that is not searched has NaN work, and keeps it.
        interval[spot] = np.minimum(np.maximum(wanted, often), np.maximum(work[spot], often))
        restart = workload.checkpoint.restart_minutes / MINUTES_PER_HOUR + start_up[spot]
        needed = long_run_hours(work[spot], interval[spot], write[spot], restart, mtbi[spot])
        # What takes longer than any calendar will not finish, and sums of it would overflow.
        rework[spot] = np.where(needed > MOST_HOURS, np.inf, needed) - work[spot]
        wait = requeue_hours(workload)[end]
        if wait > 0:  # no wait is none, however often
            requeue[spot] = (work[spot] + rework[spot]) / mtbi[spot] * wait

    idle = np.zeros(len(rows))
    used = start_up + work + rework
    block = np.nonzero(purchase == CAPACITY_BLOCK)[0]
    idle[block] = capacity_block_hours(used[block]) - used[block]
    committed = np.nonzero(np.isin(purchase, COMMITTED))[0]
    idle[committed] = committed_hours(used[committed], workload.runs_per_month) - used[committed]

    return Quantities(
        usd_per_hour=offers.usd_per_hour[end][rows.offer],
        ec2_usd_per_hour=np.where(
            (service == SAGEMAKER) & (purchase == PURCHASES.index("on_demand")),
            offers.ec2_on_demand_usd_per_hour[rows.offer],
            np.nan,
        ),
        count=count,
        work_hours=work,
        rework_hours=rework,
        requeue_hours=requeue,
        start_up_hours=start_up,
        idle_hours=idle,
        mtbi_hours=mtbi,
        interval_hours=interval,
        checkpoint_write_hours=write,
        home_storage_usd_per_gib_month=np.full(len(rows), places.home_storage_usd_per_gib_month),
        storage_usd_per_gib_month=places.storage_usd_per_gib_month[region],
        copy_storage_usd_per_gib_month=np.where(places.is_home[region], 0.0, places.storage_usd_per_gib_month[region]),
        transfer_usd_per_gib=places.transfer_usd_per_gib[region],
        result_usd_per_gib=places.result_usd_per_gib[region],
        put_usd_per_1000_requests=places.put_usd_per_1000_requests[region],
    )


def checkpoint_write_hours(
    checkpoint_gib: float, network_gbps: Floats, count: Floats, restart_hours: float, band: str
) -> Floats:
    """Hours to write one checkpoint, each instance its share, by CHECKPOINT_WRITE_RULE; none if there is nothing."""
    if checkpoint_gib == 0:
        return np.zeros(len(count))
    seconds = gib_to_bytes(checkpoint_gib) / (gbps_to_bytes_per_second(network_gbps) * count)
    line_rate = np.where(np.isnan(seconds), restart_hours, seconds / SECONDS_PER_HOUR)
    return line_rate if band != "high" else np.maximum(line_rate, restart_hours)


#: What the time to write a checkpoint is taken to be.
CHECKPOINT_WRITE_RULE = (
    "checkpoints are written at the line rate of the instances' network (the best case); at the high end, and where"
    " the network is not known, writing takes as long as the restart"
)


def requeue_hours(workload: Workload) -> tuple[float, float, float]:
    """Hours from one interruption until there is capacity again: low, expected, high."""
    own = None if workload.spot is None else workload.spot.requeue_minutes
    return REQUEUE_HOURS if own is None else (own / MINUTES_PER_HOUR,) * 3


def requeue_rule(workload: Workload) -> str:
    """What the wait for capacity after an interruption is taken to be."""
    own = None if workload.spot is None else workload.spot.requeue_minutes
    return REQUEUE_RULE if own is None else f"after an interruption the run waits {own:g} min for capacity, unbilled"


def capacity_block_hours(used_hours: Floats) -> Floats:
    """Hours bought for a run in Capacity Blocks: whole days up to 14, then whole weeks up to 182 days, then another.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-blocks-purchase.html
    """
    days = np.ceil(used_hours / HOURS_PER_DAY)
    whole_blocks = np.floor(days / LONGEST_BLOCK_DAYS)
    days = days - whole_blocks * LONGEST_BLOCK_DAYS
    days = np.where(days > 14, np.ceil(days / 7.0) * 7.0, days)
    return (whole_blocks * LONGEST_BLOCK_DAYS + days) * HOURS_PER_DAY


LONGEST_BLOCK_DAYS = 182.0


def committed_hours(used_hours: Floats, runs_per_month: float) -> Floats:
    """Hours of commitment paid for each run: every hour of the month, shared by the month's runs.

    A commitment is paid whether used or not. One fleet serves 730 hours a month; runs that need more hours
    than that need a second fleet, and so on.
    """
    fleets = np.ceil(used_hours * runs_per_month / HOURS_PER_MONTH)
    return fleets * HOURS_PER_MONTH / runs_per_month
