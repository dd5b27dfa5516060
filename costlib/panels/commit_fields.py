"""The controls of the commitments page as plain data, and the way from what they say to a future and choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from costlib.errors import Fault, unknown
from costlib.models.commitments_inputs import COMMITTED, PAYMENTS, TERMS_YEARS, Usage
from costlib.models.commitments_problem import TAILS
from costlib.models.normalization import family_of
from costlib.panels.workload_fields import Control
from costlib.planner.commit.asked import Asked, DatedNeed
from costlib.planner.commit.demand import Future, Migration, PriceCut

MONTHS, GROWTH, LOW, EXPECTED, HIGH, STOP = "months", "growth", "growth_low", "growth_expected", "growth_high", "stop"
SOURCE, TARGET, RATIO, MOVE_MONTH, MOVE_OVER, MOVE_CHANCE = (
    "move_source", "move_target", "move_ratio", "move_month", "move_over", "move_chance",
)  # fmt: skip
FAMILIES, CUT, CUT_MONTH, CUT_CHANCE = "cut_families", "cut", "cut_month", "cut_chance"
TAIL, SPOT, SPOT_TYPES, CAPITAL = "tail", "spot", "spot_types", "capital"
PLANS, PAID, TERMS, NEEDS, HELD = "plan_types", "payments", "terms_years", "needs", "held"
HISTORY, STATED = "history", "stated"
#: The usual one first.
TAIL_CHOICES = tuple(sorted(TAILS, key=lambda one: one != Asked().tail_of))

DEMAND = (
    Control(MONTHS, "Horizon", "How far is looked ahead; 3-year terms are weighed over 3 years only", "choice",
            ("12", "36")),
    Control(GROWTH, "Growth", "Told by the usage's own history (trend, season, doubt), or stated here", "choice",
            (HISTORY, STATED)),
    Control(LOW, "Low growth (% a year)", "One in ten futures grows less; counts where growth is stated"),
    Control(EXPECTED, "Expected growth (% a year)", "The middle; counts where growth is stated"),
    Control(HIGH, "High growth (% a year)", "One in ten futures grows more; counts where growth is stated"),
    Control(STOP, "All ends within a year (% chance)", "What no history tells: the project is stopped, or moves away"),
)  # fmt: skip
MOVE = (
    Control(SOURCE, "Usage moves from", "A type of the usage; empty: nothing moves", "choice"),
    Control(TARGET, "to", "A newer type, for example p5.48xlarge", "name"),
    Control(RATIO, "Units there for a unit here", "0.4: a newer type does in 0.4 instance-hours what one did here"),
    Control(MOVE_MONTH, "From month (0 is now)", "When the move begins"),
    Control(MOVE_OVER, "Over (months)", "It goes in even steps"),
    Control(MOVE_CHANCE, "Chance of the move (%)", "100: it will happen"),
)
PRICES = (
    Control(FAMILIES, "On-demand prices fall of", "Families of the usage, with commas; empty: none fall"),
    Control(CUT, "By (%)", "Commitments keep their rates"),
    Control(CUT_MONTH, "In month (0 is now)", "From when on"),
    Control(CUT_CHANCE, "Chance of the cut (%)", "100: it will happen"),
)
CHOICES = (
    Control(TAIL, "A bad future is", "What the weight on the worst tenth of futures looks at", "choice", TAIL_CHOICES),
    Control(SPOT, "Tolerates spot (% of EC2)", "What may be interrupted runs on spot where no commitment serves it"),
    Control(SPOT_TYPES, "By type (%)", "In place of the share of all, for example: g5.xlarge 50, m6i.4xlarge 20"),
    Control(CAPITAL, "Cost of capital (% a year)", "What money paid upfront would earn elsewhere"),
    Control(HELD, "Commitments in force (file)", "Path of a CSV or Parquet file: plan_type, amount, term_years,"
            " payment, ends, and instance_type, family, region where they matter"),
    Control(PLANS, "May be bought", "Plan types", "choices", COMMITTED),
    Control(PAID, "Payments", "How it may be paid", "choices", PAYMENTS),
    Control(TERMS, "Terms", "How long", "choices", tuple(map(str, TERMS_YEARS))),
    Control(NEEDS, "Dated needs that a Capacity Block may serve", "One a line: type, region, first day of the horizon"
            " (0 is its first), days", "lines"),
)  # fmt: skip
CONTROLS = {control.key: control for control in (*DEMAND, *MOVE, *PRICES, *CHOICES)}
PLACEHOLDERS = {
    TARGET: "p5.48xlarge", FAMILIES: "none", SPOT_TYPES: "g5.xlarge 50", HELD: "none",
    NEEDS: "p5.48xlarge us-east-1 60 14",
}  # fmt: skip
DEFAULTS = {
    MONTHS: "12", GROWTH: HISTORY, LOW: "-20", EXPECTED: "20", HIGH: "60", STOP: "10",
    SOURCE: "", TARGET: "", RATIO: "0.5", MOVE_MONTH: "6", MOVE_OVER: "3", MOVE_CHANCE: "50",
    FAMILIES: "", CUT: "30", CUT_MONTH: "6", CUT_CHANCE: "30",
    TAIL: TAIL_CHOICES[0], SPOT: "0", SPOT_TYPES: "", CAPITAL: "0", HELD: "",
    PLANS: ",".join(COMMITTED), PAID: ",".join(PAYMENTS),
    TERMS: ",".join(map(str, TERMS_YEARS)), NEEDS: "",
}  # fmt: skip
#: What carries usage on, or looks back at it: planned runs say themselves what comes.
OF_PAST = (GROWTH, LOW, EXPECTED, HIGH, STOP, SOURCE, TARGET, RATIO, MOVE_MONTH, MOVE_OVER, MOVE_CHANCE, FAMILIES, CUT,
           CUT_MONTH, CUT_CHANCE, HELD)  # fmt: skip
#: What only goes with the usage that it was written for: other usage begins without it.
OF_USAGE = (SOURCE, TARGET, FAMILIES, SPOT_TYPES, HELD, NEEDS)
#: Fields of the planner's faults, as they begin, and where they are told.
_SAYS = {
    "growth": GROWTH, "stop_chance_fraction": STOP, "migrations": TARGET, "price_cuts": FAMILIES,
    "spot_fraction": SPOT, "spot_by_type": SPOT_TYPES, "cost_of_capital_fraction": CAPITAL, "lines": TARGET,
    "commitments": HELD, "commitment": HELD, "row": HELD, "future": MONTHS,
}  # fmt: skip


def future_of(values: Mapping[str, str], usage: Usage, types: Iterable[str], faults: list[Fault]) -> Future | None:
    """The future that the controls ask for; None, and faults, where they ask for none.

    ``types`` are those that usage may move to.
    """
    before = len(faults)
    months = int(values[MONTHS])
    stop = _percent(values, STOP, faults, 0, 99.9)
    growth = _growth(values, faults) if values[GROWTH] == STATED else None
    moves = _moves(values, usage, set(types), months, faults) if values[SOURCE] else ()
    cuts = _cuts(values, usage, months, faults) if values[FAMILIES].strip() else ()
    return None if len(faults) > before else Future(months, growth, stop, moves, cuts)


def asked_of(values: Mapping[str, str], usage: Usage, faults: list[Fault]) -> Asked | None:
    """The choices that the controls ask for, but for the weight on bad futures and for what is held."""
    before = len(faults)
    spot, capital = _percent(values, SPOT, faults, 0, 100), _percent(values, CAPITAL, faults, 0, 100)
    by_type = tuple(_spot_types(values[SPOT_TYPES], usage, faults))
    needs = tuple(_needs(values[NEEDS], faults))
    for key in (PLANS, PAID, TERMS):
        if not values[key]:
            faults.append(Fault(key, None, "name at least one"))
    if len(faults) > before:
        return None
    return Asked(
        tail_of=values[TAIL],
        cost_of_capital_fraction=capital,
        spot_fraction=spot,
        spot_by_type=by_type,
        plan_types=tuple(values[PLANS].split(",")),
        payments=tuple(values[PAID].split(",")),
        terms_years=tuple(map(int, values[TERMS].split(","))),
        needs=needs,
    )


def like_fall(falls: pd.DataFrame, usage: Usage) -> dict[str, str]:
    """A price cut as ``falls`` (planner.commit.price_falls) were: of the usage's families that fell, else of all."""
    families = list(dict.fromkeys(line.family for line in usage.lines if line.service == "ec2"))
    fell = falls[falls["family"].isin(families)]
    mean = (fell if len(fell) else falls)["fall_fraction"].mean()
    return {FAMILIES: ", ".join(list(fell["family"]) or families), CUT: f"{100 * mean:.0f}"}


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    first = re.split(r"[\[.\s]", fault.field)[0]
    key = _SAYS.get(first, first)
    return key if key in CONTROLS else None


def _growth(values: Mapping[str, str], faults: list[Fault]) -> tuple[float, float, float] | None:
    before = len(faults)
    low, expected, high = (_percent(values, key, faults, -99.9, 1000) for key in (LOW, EXPECTED, HIGH))
    if len(faults) > before:
        return None
    if low > expected:
        faults.append(Fault(LOW, values[LOW], "is above the expected growth"))
    if high < expected:
        faults.append(Fault(HIGH, values[HIGH], "is below the expected growth"))
    return low, expected, high


def _moves(
    values: Mapping[str, str], usage: Usage, types: set[str], months: int, faults: list[Fault]
) -> tuple[Migration, ...]:
    known, source, target = {line.instance_type for line in usage.lines}, values[SOURCE], values[TARGET].strip()
    if source not in known:
        faults.append(unknown(SOURCE, source, known, "type in the usage"))
    if not target:
        faults.append(Fault(TARGET, None, "is needed: where does it move to?"))
    elif target == source:
        faults.append(Fault(TARGET, target, "is the type that it moves from"))
    elif target not in types:
        faults.append(unknown(TARGET, target, types, "type with a price"))
    ratio = _number(values, RATIO, faults, 0.001, 1000)
    first, over = (
        _whole(values, key, faults, least, most)
        for key, least, most in ((MOVE_MONTH, 0, months - 1), (MOVE_OVER, 1, months))
    )
    chance = _percent(values, MOVE_CHANCE, faults, 0.1, 100)
    return (Migration(source, target, ratio, first, over, chance),)


def _cuts(values: Mapping[str, str], usage: Usage, months: int, faults: list[Fault]) -> tuple[PriceCut, ...]:
    known = {line.family for line in usage.lines}
    if values[SOURCE] and values[TARGET].strip():
        known.add(family_of(values[TARGET].strip()))
    families = tuple(re.split(r"[\s,]+", values[FAMILIES].strip(" ,")))
    faults += [unknown(FAMILIES, one, known, "family of the usage") for one in families if one not in known]
    cut, chance = _percent(values, CUT, faults, 0.1, 99.9), _percent(values, CUT_CHANCE, faults, 0.1, 100)
    return (PriceCut(families, cut, _whole(values, CUT_MONTH, faults, 0, months - 1), chance),)


def _spot_types(text: str, usage: Usage, faults: list[Fault]) -> Iterable[tuple[str, float]]:
    known = [line.instance_type for line in usage.lines]
    for part in filter(None, (one.strip() for one in text.split(","))):
        words = part.removesuffix("%").split()
        share = _float(words[1]) if len(words) == 2 else None
        if len(words) != 2 or share is None:
            faults.append(Fault(SPOT_TYPES, part, "is not a type and its percent, as in g5.xlarge 50"))
        elif words[0] not in known:
            faults.append(unknown(SPOT_TYPES, words[0], known, "type in the usage"))
        elif not 0 <= share <= 100:
            faults.append(Fault(SPOT_TYPES, part, "must be from 0 to 100 %"))
        else:
            yield words[0], share / 100.0


def _needs(text: str, faults: list[Fault]) -> Iterable[DatedNeed]:
    for line in filter(None, (one.strip() for one in text.splitlines())):
        words = re.split(r"[\s,]+", line)
        numbers = [word for word in words[2:] if word.isdigit()]
        if len(words) != 4 or len(numbers) != 2:
            faults.append(Fault(NEEDS, line, "is not a type, region, first day and days"))
            continue
        yield DatedNeed(words[0], words[1], int(numbers[0]), int(numbers[1]))


def _percent(values: Mapping[str, str], key: str, faults: list[Fault], least: float, most: float) -> float:
    return _number(values, key, faults, least, most, " %") / 100.0


def _whole(values: Mapping[str, str], key: str, faults: list[Fault], least: int, most: int) -> int:
    before = len(faults)
    number = _number(values, key, faults, least, most)
    if len(faults) == before and number != int(number):
        faults.append(Fault(key, values[key], "must be a whole number"))
    return int(number)


def _number(
    values: Mapping[str, str], key: str, faults: list[Fault], least: float, most: float, unit: str = ""
) -> float:
    """The number that a control says; ``least``, and a fault, where it says none within its bounds."""
    number = _float(values[key].replace(" ", "").removesuffix("%"))
    if number is None:
        faults.append(
            Fault(key, values[key].strip() or None, "is not a number" if values[key].strip() else "is needed")
        )
    elif not least <= number <= most:
        faults.append(Fault(key, values[key], f"must be from {least:g} to {most:g}{unit}"))
    else:
        return number
    return least


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
