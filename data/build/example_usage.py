"""Writes data/examples/usage/made_up_ml_team.csv: made up by the rule below, nobody's bill.

A small team in us-east-1, 26 weeks to 2026-06-30T23:00Z. Working hours are 13 to 22 UTC, Monday to Friday, but for
1 January.

- g5.12xlarge serves a model around the clock: 2 instances and, on working days, up to 3 more (weekends half of that)
  along a cosine that is highest at 19 UTC, growing by 40 % over the weeks, each hour up to a fifth less. Autoscaling
  keeps whole instances; an hour counts the mean of the number at its start and at its end.
- g5.xlarge: 5 to 8 development boxes in working hours; one of them is left on around the clock.
- p4d.24xlarge: every second Tuesday at 15 UTC a training run of 30 to 70 hours begins, on 2 instances, from April on 4.
- ml.g5.2xlarge: three SageMaker training jobs on each working day; each starts between 14 and 20 UTC and takes 2 to 9
  hours in steps of a quarter.
- m6i.4xlarge: 4 instances prepare data from 2 to 6 UTC each day, and 10 on Sundays from 8 to 16.
- c6i.8xlarge: 3 instances make tokens for 10 hours from 12 UTC on, on the three days before each training run.

"Between" is drawn by ``scatter``, a fixed hash of the hour: no random generator, so the bytes never change.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

PATH = Path(__file__).resolve().parent.parent / "examples" / "usage" / "made_up_ml_team.csv"
WEEKS = 26
HOURS = WEEKS * 7 * 24
END = pd.Timestamp("2026-06-30T23:00Z")
REGION = "us-east-1"

Floats = npt.NDArray[np.float64]


def scatter(numbers: npt.ArrayLike, salt: int) -> Floats:
    """A number from 0 to below 1 for each whole number: the mixing steps of splitmix64."""
    mixed = np.asarray(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11), float) / 2.0**53


def ran(starts: Floats, ends: Floats, count: npt.ArrayLike) -> Floats:
    """Instance-hours (HOURS,) of jobs that run from ``starts`` to ``ends``, each on ``count`` instances."""
    hour = np.arange(HOURS)[:, None]
    overlap = np.clip(np.minimum(ends, hour + 1) - np.maximum(starts, hour), 0.0, 1.0)
    return np.asarray(overlap * count).sum(axis=1)


def made_up_usage() -> pd.DataFrame:
    """The rows of the file: ``hour, instance_type, region, service, hours``; nothing ran where there is no row."""
    clock = pd.date_range(end=END, periods=HOURS, freq="h")
    at, hour, weekday = np.arange(HOURS), clock.hour.to_numpy(), clock.day_of_week.to_numpy()
    day_off = np.asarray((clock.month == 1) & (clock.day == 1))
    work_day = (weekday < 5) & ~day_off
    at_work = work_day & (hour >= 13) & (hour < 22)

    curve = np.maximum(np.cos(2 * np.pi * (hour - 19) / 24), 0.0) * np.where(work_day, 1.0, 0.5)
    wanted = 2.0 + 3.0 * curve * (1.0 + 0.4 * at / HOURS) * (0.8 + 0.2 * scatter(at, 1))
    # Rounded before it is rounded up, so that the last bit of a cosine decides nothing.
    level = np.ceil(np.round(wanted, 6))
    serving = (level + np.append(level[1:], level[-1])) / 2

    boxes = np.where(at_work, 5.0 + np.floor(4 * scatter(at // 24, 2)), 1.0)

    tuesdays = at[(weekday == 1) & (hour == 15)][::2]
    trained_until = tuesdays + np.round(30 + 40 * scatter(tuesdays, 3))
    training = ran(tuesdays, trained_until, np.where(clock[tuesdays].month >= 4, 4.0, 2.0))

    mornings = np.repeat(at[work_day & (hour == 14)], 3)
    job = np.arange(len(mornings))
    begins = mornings + np.floor(6 * scatter(job, 4))
    jobs = ran(begins, begins + 2.0 + np.floor(28 * scatter(job, 5)) / 4, 1.0)

    prepared = np.where((hour >= 2) & (hour < 6), 4.0, 0.0) + np.where(
        (weekday == 6) & (hour >= 8) & (hour < 16), 10.0, 0.0
    )
    # Noon of the three days before: the run begins at 15.
    noons = (tuesdays[:, None] - 3 - 24 * np.arange(1, 4)).ravel()
    noons = noons[noons >= 0]
    tokens = ran(noons, noons + 10.0, 3.0)

    lines = {
        "c6i.8xlarge": tokens,
        "g5.12xlarge": serving,
        "g5.xlarge": boxes,
        "m6i.4xlarge": prepared,
        "ml.g5.2xlarge": jobs,
        "p4d.24xlarge": training,
    }
    frame = pd.concat(
        pd.DataFrame(
            {
                "hour": clock.strftime("%Y-%m-%dT%H:%MZ"),
                "instance_type": name,
                "region": REGION,
                "service": "sagemaker" if name.startswith("ml.") else "ec2",
                "hours": hours,
            }
        )
        for name, hours in lines.items()
    )
    return frame[frame["hours"] > 0].sort_values(["hour", "instance_type"], ignore_index=True)


def write(path: Path = PATH) -> None:
    """Writes the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made_up_usage().to_csv(path, index=False, float_format="%g", lineterminator="\n")
