"""How the cost of each region goes with the size of the dataset and the number of runs, and where it crosses home's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.transfer import break_even_gib, break_even_runs
from costlib.planner.lines import changed_gib_per_month, months_kept, runs_sharing_a_copy
from costlib.planner.quantities import COMMITTED
from costlib.planner.region.ranking import Ranking
from costlib.planner.search import Result

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BreakEven:
    """By region, against the dataset's home region bought the same way: up to which size of the dataset and from how
    many runs of the campaign on it pays to go there. 0 GiB and inf runs: never; nan: not known."""

    gib: Floats
    runs: Floats


@dataclass(frozen=True)
class Gravity:
    """The cost of each region as a straight line over the size of the dataset, USD a run: ``base`` + ``per_gib`` *
    GiB."""

    base_usd: Floats
    usd_per_gib: Floats


def gravity(result: Result, ranking: Ranking) -> Gravity:
    """The line of each region: its objects stay as large as they are, and as much changes each month."""
    workload, places = result.workload, result.places
    runs = runs_sharing_a_copy(workload)
    copied = _copied_usd_per_gib(result)
    away = np.where(places.is_home, 0.0, places.storage_usd_per_gib_month) * months_kept(workload)
    home = places.home_storage_usd_per_gib_month / workload.runs_per_month
    once = ranking.best.copy_usd + ranking.best.usd["dataset_storage"]
    changed = copied * changed_gib_per_month(workload) * months_kept(workload) / runs
    return Gravity(ranking.best.total_usd - once + changed, (copied + away) / runs + home)


def break_even(result: Result, ranking: Ranking, home: int) -> BreakEven:
    """Each region against the home region's best plan, by the closed forms of models.transfer.

    The runs of a campaign are its runs a month times its months; a commitment is paid whether it runs or not, so runs
    do not tell when one pays (nan).
    """
    workload, best = result.workload, ranking.best
    runs, months = runs_sharing_a_copy(workload), months_kept(workload)
    apart = best.total_usd - best.copy_usd
    saved = apart[home] - apart
    copied = _copied_usd_per_gib(result)
    per_gib = copied + np.where(result.places.is_home, 0.0, result.places.storage_usd_per_gib_month) * months
    gib = break_even_gib(saved * runs, copied * changed_gib_per_month(workload) * months, per_gib)
    even_runs = break_even_runs(saved, best.copy_usd * runs)
    purchase = np.where(best.rows >= 0, result.sources.offers.purchase[result.candidates.offer[best.rows]], -1)
    # A campaign whose cost does not go by runs, on either side.
    committed = np.isin(purchase, COMMITTED) | np.isin(purchase[home], COMMITTED)
    unknown = np.isnan(best.total_usd) | np.isnan(best.total_usd[home]) | result.places.is_home
    return BreakEven(np.where(unknown, np.nan, gib), np.where(unknown | committed, np.nan, even_runs))


def _copied_usd_per_gib(result: Result) -> Floats:
    """USD of bringing one GiB of the dataset to each region: transfer, and the requests of its objects."""
    dataset, places = result.workload.dataset, result.places
    objects_per_gib = dataset.objects / dataset.gib if dataset.objects else 0.0
    return places.transfer_usd_per_gib + places.put_usd_per_1000_requests / 1000.0 * objects_per_gib
