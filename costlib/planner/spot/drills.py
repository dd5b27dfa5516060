"""A game day on paper: interruptions put into a run on purpose, before and after a change of its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.checkpoint import best_interval_hours
from costlib.models.game_day import interrupted_at_rate, interrupted_in_burst, worst_interruption
from costlib.models.replay import Replayed, replay
from costlib.planner.spot.run import SpotRun

Bools = npt.NDArray[np.bool_]

_ABOVE_ZERO = ("rate_per_hour", "burst", "before_interval_hours", "draws")
COLUMNS = (
    "drill", "checkpoints", "interval_hours", "interruptions", "lost_work_hours", "hours", "usd", "met_fraction",
)  # fmt: skip
DRILLS: Mapping[str, str] = MappingProxyType(
    {
        "none": "capacity stays, so that what the interruptions cost can be read off",
        "at random": "mean of {draws} draws with interruptions at the rate, each with one step of no capacity",
        "burst": "{burst} interruptions an hour apart, from the middle of the work",
        "worst moment": "the one interruption that costs most, of all moments until the deadline",
    }
)
#: What to do in the real exercise, and why; in this order.
CHECKLIST: tuple[tuple[str, str], ...] = (
    ("Run the drill on a copy of the job with a small budget and its own tag", "so that it can be found and ended"),
    (
        "Interrupt one running instance with AWS Fault Injection Service, action"
        " aws:ec2:send-spot-instance-interruptions, or from the EC2 console",
        "the notice and the interruption come as real ones do (EC2 User Guide, Initiate a Spot Instance interruption)",
    ),
    ("See that the notice is read: poll the instance metadata every 5 seconds, or take EventBridge's event",
     "notices are best effort, two minutes ahead (EC2 User Guide, Spot Instance interruption notices)"),
    ("Time the save from notice to the last byte in S3", "it must end within 120 s, at full size of the state"),
    ("Kill an instance without any notice, too", "the periodic checkpoint must be enough by itself"),
    ("Check that the restart reads the newest whole checkpoint", "a half-written one must not be taken for it"),
    ("Compare loss and learning rate before and after", "optimizer, sampler and random state must be saved as well"),
    ("Time from interruption to the next training step", "that is the restart of this page: put the measured one in"),
    ("Let capacity be missing for an hour", "the job must go on waiting, or fall back to on-demand in time"),
    ("Write down lost work, hours and dollars beside this table", "what differs is what the plan has wrong"),
)  # fmt: skip


@dataclass(frozen=True)
class Drill:
    """What is put into the run. ``rate_per_hour``: of interruptions of the whole run; ``burst``: how many in a row.

    ``before_interval_hours``: between checkpoints as they are. The numbers are the drill's, not a forecast.
    """

    rate_per_hour: float = 0.125
    burst: int = 4
    before_interval_hours: float = 4.0
    policy: str = "safety_net"
    draws: int = 60
    seed: int = 0


def game_day(run: SpotRun, deadline_hours: float, drill: Drill = Drill()) -> pd.DataFrame:  # noqa: B008 (frozen)
    """Every drill of DRILLS with the checkpoints as they are and at the best interval for the rate; columns: COLUMNS.

    Capacity is there but for the drill's interruptions. ``usd`` is of the instances; ``hours`` to the end, start-up
    included; ``lost_work_hours`` what was done twice; ``met_fraction``: of the draws that met the deadline. Raises
    InvalidInput; also where no on-demand price of the type is held, as the policy may have to fall back to it.
    """
    faults = [
        Fault(name, value, "must be a number above 0")
        for name, value in ((name, getattr(drill, name)) for name in _ABOVE_ZERO)
        if not (np.isfinite(value) and value > 0)
    ]
    if run.price_ratio is None:
        problem = f"has no on-demand price in {run.plan.region}, which falling back needs"
        faults.append(Fault("instance_type", run.plan.instance_type, problem))
    if faults:
        raise InvalidInput(faults)
    before = min(drill.before_interval_hours, run.work_hours.expected)
    after = float(best_interval_hours(1.0 / drill.rate_per_hour, run.write_hours.expected, run.restart_hours.expected))
    bench = _Bench(run, deadline_hours, drill)
    rows = []
    for checkpoints, interval in (("as they are", before), ("best for the rate", max(after, bench.step_hours))):
        rows += [{"checkpoints": checkpoints, "interval_hours": interval, **row} for row in bench.rows(interval)]
    made = pd.DataFrame(rows)
    made["drill"] = pd.Categorical(made["drill"], categories=list(DRILLS))
    made = made.sort_values("drill", kind="stable", ignore_index=True)
    return made.assign(drill=made["drill"].astype(str))[list(COLUMNS)]


class _Bench:
    """The tapes of all drills, and what a checkpoint interval makes of them."""

    #: Steps of a tape at the most: the drills of a long run are looked at in longer steps.
    MOST_STEPS = 3000

    def __init__(self, run: SpotRun, deadline_hours: float, drill: Drill) -> None:
        self.run, self.drill, self.deadline_hours = run, drill, deadline_hours
        self.step_hours = max(1.0 / 60.0, round(deadline_hours / self.MOST_STEPS * 60.0) / 60.0)
        self.steps = int(np.ceil(deadline_hours / self.step_hours)) + 1
        calm = np.ones(self.steps, dtype=bool)
        rng = np.random.default_rng(drill.seed)
        rate = drill.rate_per_hour
        random = [interrupted_at_rate(calm, self.step_hours, rate, rng) for _ in range(drill.draws)]
        middle = int((run.restart_hours.expected + run.work_hours.expected / 2.0) / self.step_hours)
        apart = max(round(1.0 / self.step_hours), 1)
        last = self.steps - 1 - (int(drill.burst) - 1) * apart
        if last < 0:
            problem = f"interruptions an hour apart are more than the {deadline_hours:.4g} h to the deadline hold"
            raise InvalidInput([Fault("burst", drill.burst, problem)])
        burst = interrupted_in_burst(calm, min(middle, last), int(drill.burst), apart)
        self.tapes: dict[str, list[Bools]] = {"none": [calm], "at random": random, "burst": [burst]}

    def rows(self, interval_hours: float) -> list[dict[str, object]]:
        """One row a drill."""
        write = self.run.write_hours.expected
        made = []
        for name, tapes in self.tapes.items():
            found = replay(
                np.concatenate(tapes), *self._terms(), self.drill.policy, np.arange(len(tapes)) * self.steps,
                checkpoint_interval_hours=interval_hours, checkpoint_write_hours=write,
            )  # fmt: skip
            made.append(self._row(name, found, slice(None)))
        worst, tried = worst_interruption(
            self.tapes["none"][0], 0, *self._terms(), policy=self.drill.policy,
            checkpoint_interval_hours=interval_hours, checkpoint_write_hours=write,
        )  # fmt: skip
        return [*made, self._row("worst moment", tried, slice(worst, worst + 1))]

    def _terms(self) -> tuple[float, float, float, float, float]:
        assert self.run.price_ratio is not None
        return (
            self.step_hours, self.run.work_hours.expected, self.deadline_hours, self.run.restart_hours.expected,
            self.run.price_ratio.expected,
        )  # fmt: skip

    def _row(self, drill: str, found: Replayed, jobs: slice) -> dict[str, object]:
        on_demand = self.run.on_demand_usd_per_hour or 0.0
        return {
            "drill": drill,
            "interruptions": float(found.preemptions[jobs].mean()),
            "lost_work_hours": float(found.lost_work_hours[jobs].mean()),
            "hours": float(found.finish_hours[jobs].mean()),
            "usd": float(found.cost_ratio[jobs].mean()) * on_demand * self.run.count * self.run.work_hours.expected,
            "met_fraction": float(found.met_deadline[jobs].mean()),
        }
