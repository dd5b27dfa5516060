"""Demand that may come: own usage carried on by its history or by stated growth, its end, moves and price cuts.

Every scenario is the pattern of the last weeks (whole weeks, at most PATTERN_WEEKS), again and again, times a level by
month. Levels of all lines rise and fall together, which is the harder case for who commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.commitments import Line, Rates, Scenarios, Usage, migrated, outlook_from, price_cut
from costlib.models.commitments_forecast import DEVIATION_LEAST, DEVIATION_MOST, DEVIATION_UNTOLD, DEVIATIONS, MONTH
from costlib.models.commitments_inputs import COMMITTED

Floats = npt.NDArray[np.float64]

WEEK_HOURS = 168
PATTERN_WEEKS = 8
MONTHS_LEAST, MONTHS_MOST = 12, 60
#: Low, expected and high growth as the 10th, 50th and 90th percentile: Swanson's weights.
GROWTH_WEIGHTS = (0.3, 0.4, 0.3)
#: Moments of the horizon at which usage may end, and the most scenarios and numbers that are worked on.
ENDS = 4
MOST_SCENARIOS, MOST_NUMBERS = 64, 30_000_000
PERCENTILES = tuple(f"p{100 * (part + 0.5) / len(DEVIATIONS):02.0f}" for part in range(len(DEVIATIONS)))


@dataclass(frozen=True)
class Migration:
    """Usage of a type moving to another in even steps; a unit takes ``ratio`` units there."""

    source: str
    target: str
    ratio: float
    from_month: int = 0
    over_months: int = 1
    chance_fraction: float = 1.0


@dataclass(frozen=True)
class PriceCut:
    """On-demand prices of some families fall by a fraction, from a month on; commitments keep theirs."""

    families: tuple[str, ...]
    cut_fraction: float
    from_month: int = 0
    chance_fraction: float = 0.5


@dataclass(frozen=True)
class Future:
    """What may come: ``growth`` a year (low, expected, high; None: told by the usage's own history), the chance that
    all of it ends within a year, moves to other types, price cuts."""

    months: int = 12
    growth: tuple[float, float, float] | None = None
    stop_chance_fraction: float = 0.1
    migrations: tuple[Migration, ...] = ()
    price_cuts: tuple[PriceCut, ...] = ()


@dataclass(frozen=True)
class Demand:
    """Scenarios of the months after the usage; ``middle`` is the place of the middle one; ``notes`` say how made."""

    scenarios: Scenarios
    middle: int
    exchanges: dict[int, tuple[int, ...]]
    notes: tuple[str, ...]


def lines_with_targets(usage: Usage, future: Future) -> tuple[Line, ...]:
    """The usage's lines, and those that it may move to. Raises InvalidInput for sources that nothing runs on."""
    lines, faults = list(usage.lines), []
    for at, move in enumerate(future.migrations):
        sources = [line for line in usage.lines if line.instance_type == move.source]
        if not sources:
            known = [line.instance_type for line in usage.lines]
            faults.append(unknown(f"migrations[{at}].source", move.source, known, "type in the usage"))
        for line in sources:
            target = _moved(line, move)
            if target not in lines:
                lines.append(target)
    if faults:
        raise InvalidInput(faults)
    return tuple(lines)


def demand_of(usage: Usage, rates: Rates, future: Future) -> Demand:
    """Scenarios of the future of some usage. Raises InvalidInput with all faults of it.

    ``rates`` hold the lines of ``lines_with_targets``; they say which level of each line decides.
    """
    faults = list(_faults(usage, future))
    if faults:
        raise InvalidInput(faults)
    lines = lines_with_targets(usage, future)
    hours = future.months * MONTH
    weeks = min(len(usage.quantity) // WEEK_HOURS, PATTERN_WEEKS)
    pattern = np.zeros((weeks * WEEK_HOURS, len(lines)))
    pattern[:, : len(usage.lines)] = usage.quantity[-weeks * WEEK_HOURS :]
    names, chances, factors, notes = _levels(usage, rates, future, pattern)
    factors = np.concatenate(
        [factors, np.ones((*factors.shape[:2], len(lines) - factors.shape[2]))], axis=2
    )  # what runs nowhere yet has no level of its own
    events = list(_events(future))
    count = len(names) * len(events)
    if count > MOST_SCENARIOS or count * hours * len(lines) > MOST_NUMBERS:
        raise InvalidInput(
            [
                Fault(
                    "future",
                    f"{count} scenarios of {hours} hours and {len(lines)} lines",
                    f"is more than can be worked on ({MOST_SCENARIOS} scenarios, {MOST_NUMBERS:,} numbers); take fewer"
                    " uncertain moves and price cuts, fewer months, or fewer kinds of usage",
                )
            ]
        )
    month_of = np.arange(hours) // MONTH
    at_hour = np.arange(hours) % len(pattern)
    quantity = np.empty((count, hours, len(lines)))
    factor = np.ones((count, hours, len(lines))) if future.price_cuts else np.ones((1, 1, 1))
    titles, probability = [], []
    for at, (level, (moving, cutting, chance, words)) in enumerate(product(range(len(names)), events)):
        own = pattern[at_hour] * factors[level][month_of]
        for move in moving:
            for line in [line for line in usage.lines if line.instance_type == move.source]:
                own = migrated(
                    own, lines, line, _moved(line, move), move.from_month * MONTH, move.over_months * MONTH, move.ratio
                )
        quantity[at] = own
        for cut in cutting:
            factor[at] *= price_cut(hours, lines, cut.families, cut.cut_fraction, cut.from_month * MONTH)
        titles.append(", ".join([names[level], *words]))
        probability.append(chances[level] * chance)
    exchanges: dict[int, tuple[int, ...]] = {}
    for move in future.migrations:
        for line in [line for line in usage.lines if line.instance_type == move.source]:
            source = lines.index(line)
            exchanges[source] = (*exchanges.get(source, ()), lines.index(_moved(line, move)))
    scenarios = Scenarios(lines, quantity, np.array(probability), factor, tuple(titles))
    likely = max(range(len(events)), key=lambda at: events[at][2])
    middle = names.index("p50") * len(events) + likely
    return Demand(scenarios, middle, exchanges, tuple(notes))


def _moved(line: Line, move: Migration) -> Line:
    return Line(move.target, line.region, line.service, line.platform, line.tenancy)


def _faults(usage: Usage, future: Future) -> Iterator[Fault]:
    if len(usage.quantity) < WEEK_HOURS:
        yield Fault("usage", f"{len(usage.quantity)} hours", f"is shorter than a week ({WEEK_HOURS} hours)")
    if not MONTHS_LEAST <= future.months <= MONTHS_MOST:
        yield Fault("months", future.months, f"must be from {MONTHS_LEAST} to {MONTHS_MOST}")
    if future.growth is not None and not -1 < future.growth[0] <= future.growth[1] <= future.growth[2]:
        yield Fault("growth", future.growth, "must be low, expected, high, in this order and above -1")
    if not 0 <= future.stop_chance_fraction < 1:
        yield Fault("stop_chance_fraction", future.stop_chance_fraction, "must be from 0 to below 1")
    families = sorted({line.family for line in usage.lines} | {move.target.split(".")[0] for move in future.migrations})
    for at, move in enumerate(future.migrations):
        for name, value, good in (
            ("ratio", move.ratio, move.ratio > 0),
            ("from_month", move.from_month, 0 <= move.from_month < future.months),
            ("over_months", move.over_months, move.over_months >= 1),
            ("chance_fraction", move.chance_fraction, 0 < move.chance_fraction <= 1),
        ):
            if not good:
                yield Fault(f"migrations[{at}].{name}", value, _WANTED[name].format(months=future.months))
        if move.source == move.target:
            yield Fault(f"migrations[{at}].target", move.target, "is the type that it moves from")
    for at, cut in enumerate(future.price_cuts):
        for name, value, good in (
            ("cut_fraction", cut.cut_fraction, 0 < cut.cut_fraction < 1),
            ("from_month", cut.from_month, 0 <= cut.from_month < future.months),
            ("chance_fraction", cut.chance_fraction, 0 < cut.chance_fraction <= 1),
        ):
            if not good:
                yield Fault(f"price_cuts[{at}].{name}", value, _WANTED[name].format(months=future.months))
        for family in cut.families:
            if family not in families:
                yield unknown(f"price_cuts[{at}].families", family, families, "family of the usage")


_WANTED = {
    "ratio": "must be above 0",
    "from_month": "must be from 0 to below {months}, the months looked at",
    "over_months": "must be at least 1",
    "chance_fraction": "must be above 0, at most 1",
    "cut_fraction": "must be above 0, below 1",
}


def _events(future: Future) -> Iterator[tuple[list[Migration], list[PriceCut], float, list[str]]]:
    """What may happen or not, each by itself: the moves and cuts that do, the chance of it, and words."""
    moves, cuts = future.migrations, future.price_cuts
    every: list[Migration | PriceCut] = [*moves, *cuts]
    for happens in product(*[(True, False) if one.chance_fraction < 1 else (True,) for one in every]):
        chance = float(np.prod([one.chance_fraction if yes else 1 - one.chance_fraction
                                for one, yes in zip(every, happens, strict=True)]))  # fmt: skip
        own = [one for one, yes in zip(every, happens, strict=True) if yes]
        yield (
            [one for one in own if isinstance(one, Migration)],
            [one for one in own if isinstance(one, PriceCut)],
            chance,
            [f"{one.source} to {one.target}" if isinstance(one, Migration)
             else f"{', '.join(one.families)} {one.cut_fraction:.0%} cheaper" for one in own],
        )  # fmt: skip


def _levels(
    usage: Usage, rates: Rates, future: Future, pattern: Floats
) -> tuple[list[str], list[float], Floats, list[str]]:
    """Names, chances and levels (scenarios, months, lines) of the forecasts, then of those that end; notes."""
    months, notes = future.months, []
    if future.growth is None:
        names, weights = list(PERCENTILES), [1 / len(DEVIATIONS)] * len(DEVIATIONS)
        level = np.empty((len(names), months, len(usage.lines)))
        for at, line in enumerate(usage.lines):
            level[:, :, at], note = _of_line(usage.quantity[:, at], pattern[:, at], _quantile(line, rates), months)
            if note:
                notes.append(f"{line.instance_type} {line.region}: {note}")
        notes.insert(0, "levels by month are told by the usage's own history (trend, season and doubt), line by line")
    else:
        names, weights = ["low growth", "p50", "high growth"], list(GROWTH_WEIGHTS)
        passed = (np.arange(months) + 0.5) / 12
        level = np.repeat([(1.0 + yearly) ** passed for yearly in future.growth], len(usage.lines), axis=1)
        level = level.reshape(len(names), months, len(usage.lines))
        notes.append("levels grow by the stated fractions a year, weighed 30, 40 and 30 % (Swanson's rule)")
    if future.stop_chance_fraction:
        years = months / 12
        ending = 1.0 - (1.0 - future.stop_chance_fraction) ** years
        edges = np.linspace(0, years, ENDS + 1)
        gone = 1.0 - (1.0 - future.stop_chance_fraction) ** edges
        weights = [weight * (1.0 - ending) for weight in weights]
        middle = level[names.index("p50")]
        for part in range(ENDS):
            month = round((part + 0.5) * months / ENDS)
            names.append(f"ends after month {month}")
            weights.append(float(gone[part + 1] - gone[part]))
            level = np.concatenate([level, (middle * (np.arange(months) < month)[:, None])[None]])
    return names, weights, level, notes


def _quantile(line: Line, rates: Rates) -> float:
    """The level of usage that decides: the share of hours above which the cheapest commitment of the line pays."""
    on_demand = rates.usd(line, "on_demand")
    own = rates.frame[
        (rates.frame["instance_type"] == line.instance_type)
        & (rates.frame["region"] == line.region)
        & rates.frame["plan_type"].isin(COMMITTED)
    ]
    return float(np.clip(1.0 - own["usd_per_hour"].min() / on_demand, 0.0, 1.0)) if len(own) else 0.5


def _of_line(values: Floats, pattern: Floats, quantile: float, months: int) -> tuple[Floats, str]:
    """Levels (deviations, months) of one line against its pattern, and what had to be taken for granted."""
    flat = np.exp(DEVIATIONS[:, None] * DEVIATION_UNTOLD * np.sqrt(np.arange(1, months + 1)))
    if len(values) < 2 * MONTH:
        return flat, "its history is shorter than two months, so no trend can be told; taken as flat"
    if not values[-MONTH:].any():
        return np.zeros_like(flat), "it did not run in the last month; taken as ended"
    now = float(np.quantile(pattern, quantile))
    by_month = values[-(len(values) // MONTH) * MONTH :].reshape(-1, MONTH)
    if not now or not np.quantile(by_month, quantile, axis=1).all():
        return _of_bursts(by_month.mean(axis=1), float(pattern.mean()), months)
    level = outlook_from(values, quantile, 0.0, months).level / now
    seen = len(by_month)
    if seen >= months:
        return level, ""
    # What was seen for some months is carried on for as many; the doubt goes on growing.
    middle = level[len(DEVIATIONS) // 2]
    return level / middle * middle[
        np.minimum(np.arange(months), seen - 1)
    ], f"its trend is carried on for {seen} months, as long as it was seen; then the level stays"


def _of_bursts(means: Floats, now: float, months: int) -> tuple[Floats, str]:
    """Levels of a line whose deciding level is nothing in some months: about the mean of all months, with no trend.

    Bursts come and go, so a month's mean says little of the next one's, and no doubt adds up.
    """
    scatter = float(np.std(np.log(means[means > 0]), ddof=1)) if (means > 0).sum() > 1 else DEVIATION_MOST
    spread = np.exp(DEVIATIONS * float(np.clip(scatter, DEVIATION_LEAST, DEVIATION_MOST)))
    middle = float(means.mean()) / now if now else 0.0
    return np.repeat((middle * spread)[:, None], months, axis=1), (
        f"it ran in bursts: the mean of its {len(means)} months goes on, with no trend"
    )
