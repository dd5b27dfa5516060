"""Autoscaling of the chosen type on the traffic: the policy that keeps the promise for the least, held to all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.autoscaling import Load, Policy, Replay, Terms, replayed
from costlib.models.autoscaling_search import as_row, policies
from costlib.models.serving_fleet import instances_for
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.policy_request import PolicyRequest, policy_request
from costlib.planner.serve.traffic_file import Traffic
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]

#: A longer series is searched on so many weeks, the fullest among them, and the answer held to the whole.
SEARCHED_WEEKS = 4
_WEEK_MINUTES = 7 * 24 * 60
#: The most that a policy may scale to, over what the fullest interval needs: room to grow, and a cap on a runaway.
ROOM_FACTOR = 2.0
#: How the target falls where the whole series is late more often than the weeks that were searched.
_STEP, _MOST_STEPS = 0.95, 20


@dataclass(frozen=True)
class Scaling:
    """``chosen`` as a row of ``tried`` on the whole series, ``replay`` of it; ``default`` is AWS's own start: half of
    what an instance may get, and both cooldowns as they are if nothing is said."""

    load: Load
    policy: Policy
    chosen: dict[str, object]
    tried: pd.DataFrame
    replay: Replay
    default: dict[str, object]
    usd_per_hour: float
    request: PolicyRequest

    @property
    def usd_per_month(self) -> float:
        """Cost of the chosen policy."""
        return self._month(self.chosen)

    @property
    def default_usd_per_month(self) -> float:
        """Cost of AWS's own start."""
        return self._month(self.default)

    def _month(self, row: dict[str, object]) -> float:
        minutes = len(self.load.per_minute)
        return float(str(row["instance_hours"])) * self.usd_per_hour * HOURS_PER_MONTH / (minutes / 60.0)


def scaling_of(
    traffic: Traffic, kept_per_second: float, usd_per_hour: float, asked: Asked, terms: Terms, defaults: Policy
) -> Scaling:
    """The search for one instance type; ``defaults`` has AWS's cooldowns and share of what an instance may get."""
    # Bursts within an interval count as if the instance could take less.
    kept = kept_per_second * 60.0 / asked.burst_factor
    whole = Load.of(traffic.per_minute, terms)
    least = max(asked.least, 1)
    peak = float(instances_for(traffic.per_second.max() * asked.burst_factor, kept_per_second, least))
    most = min(asked.most, max(int(np.ceil(peak * ROOM_FACTOR)), least))
    weeks = _weeks(traffic.per_minute)
    searched = Load.of(weeks, terms) if len(weeks) < len(whole.per_minute) else whole
    tried = policies(searched, kept, least, most, asked.allowed_late_fraction)
    best = tried.iloc[0]
    policy = Policy(
        float(best["target_per_minute"]), float(best["scale_out_cooldown_seconds"]),
        float(best["scale_in_cooldown_seconds"]), least, most,
    )  # fmt: skip
    row = as_row(whole, kept, policy, asked.allowed_late_fraction)
    for _ in range(_MOST_STEPS):
        if row["keeps_promise"] or not best["keeps_promise"]:
            break
        policy = policy._replace(target_per_minute=policy.target_per_minute * _STEP)
        row = as_row(whole, kept, policy, asked.allowed_late_fraction)
    usual = defaults._replace(target_per_minute=defaults.target_per_minute * kept, least=least, most=most)
    return Scaling(
        load=whole,
        policy=policy,
        chosen=row,
        tried=tried,
        replay=replayed(whole, policy),
        default=as_row(whole, kept, usual, asked.allowed_late_fraction),
        usd_per_hour=usd_per_hour,
        request=policy_request(policy, asked.region),
    )


def _weeks(per_minute: Floats) -> Floats:
    """Whole weeks of a series: the one with the most in a minute, and others spread evenly over it."""
    count = len(per_minute) // _WEEK_MINUTES
    if count <= SEARCHED_WEEKS:
        return per_minute
    fullest = min(int(per_minute.argmax()) // _WEEK_MINUTES, count - 1)
    spread = np.linspace(0, count - 1, SEARCHED_WEEKS + 1).astype(int)
    others = [week for week in spread if week != fullest][: SEARCHED_WEEKS - 1]
    chosen = sorted({fullest, *map(int, others)})
    return np.concatenate([per_minute[week * _WEEK_MINUTES : (week + 1) * _WEEK_MINUTES] for week in chosen])
