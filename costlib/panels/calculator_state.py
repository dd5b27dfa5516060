"""The managers' question and its answer: a few plain choices over the example workload, without widgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from costlib.errors import Fault, InvalidInput, NoPlan, unknown
from costlib.paths import data_dir
from costlib.planner.explain import plans
from costlib.planner.ladder import LEVERS, Ladder, ladder
from costlib.planner.plan import Plan
from costlib.planner.search import Result, search
from costlib.planner.shortlist import shortlist
from costlib.planner.sources import Sources
from costlib.workload import PURCHASES, SERVICES, Workload

Ints = npt.NDArray[np.int64]

EXAMPLE = "gpt2-1.5b"
HOURS_PER_DAY = 24.0
#: Purchase options that bind for a term or a fixed window, and are paid whether used or not.
COMMITMENTS = ("reserved", "savings_plan", "capacity_block")
#: The levers that a choice of the page forbids when it is set to no.
FORBIDS = {"interruptible": "spot", "may_move": "region", "may_commit": "commitment"}
#: A faster plan is offered while it costs at most this many times the cheapest.
FASTER_AT_MOST_TIMES = 2.0


@dataclass(frozen=True)
class Range:
    """The least and the most that a control, or a link, may ask for."""

    least: float
    most: float
    whole: bool = False

    def check(self, name: str, value: Any) -> float:
        """The number, or InvalidInput that names the range."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput([Fault(name, value, "is not a number")]) from None
        # Not a number at all compares false with both ends.
        if not self.least <= number <= self.most:
            raise InvalidInput([Fault(name, value, f"must be from {self.least:,.0f} to {self.most:,.0f}")])
        if self.whole and not number.is_integer():
            raise InvalidInput([Fault(name, value, "must be a whole number")])
        return number


#: The page searches up to eight machines, as the example does; larger work than this needs more of them.
RANGES = {
    "parameters": Range(1e8, 2e10),
    "tokens": Range(1e9, 1e12),
    "deadline_days": Range(1, 60, whole=True),
    "runs_per_month": Range(1, 60, whole=True),
}
#: Stops within a decade, in tenths: about evenly spaced in ratio.
ROUND_TENTHS = (*range(10, 20), 20, 22, 25, 27, 30, 33, 35, 40, 45, *range(50, 100, 5))
CHOICES = ("interruptible", "may_move", "may_commit")
INPUTS = (*RANGES, "home_region", *CHOICES)


@dataclass(frozen=True)
class Alternative:
    """Another plan worth a look, and in a few words why."""

    title: str
    plan: Plan


@dataclass(frozen=True)
class Answer:
    """What the page says: the cheapest plan that holds the deadline, others, and the ladder that led there."""

    result: Result
    best: Plan
    alternatives: tuple[Alternative, ...]
    ladder: Ladder


class CalculatorState(traitlets.HasTraits):
    """The page's choices, and ``answer`` for them.

    A choice that cannot be answered puts its faults in ``faults`` and leaves the last good ``answer``; ``stale``
    says that the answer is not for the present choices.
    """

    parameters = traitlets.Float()
    tokens = traitlets.Float()
    deadline_days = traitlets.Float()
    runs_per_month = traitlets.Float()
    home_region = traitlets.Unicode()
    interruptible = traitlets.Bool()
    may_move = traitlets.Bool()
    may_commit = traitlets.Bool()

    answer = traitlets.Instance(Answer, allow_none=True)
    faults = traitlets.Tuple()
    stale = traitlets.Bool(False)

    def __init__(self, sources: Sources | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        path = data_dir() / "examples" / f"{EXAMPLE}.yaml"
        self.example = Workload.from_yaml(path, self.sources.vocabulary)
        #: Called once after each change of the choices, when answer, faults and stale stand.
        self.on_answer: list[Callable[[], None]] = []
        self._held = False
        self._shortlists: dict[str, Sources] = {}
        self.defaults = self._defaults()
        self.change(self.defaults)

    def _defaults(self) -> dict[str, Any]:
        example = self.example
        assert example.work.tokens is not None and example.deadline_hours is not None, f"{EXAMPLE} gives both"
        return {
            "parameters": float(example.model.parameters),
            "tokens": float(example.work.tokens),
            "deadline_days": example.deadline_hours / HOURS_PER_DAY,
            "runs_per_month": float(example.runs_per_month),
            "home_region": example.dataset.home_region,
            "interruptible": "spot" in example.search.purchase,
            "may_move": example.search.regions == "all",
            "may_commit": bool(set(COMMITMENTS) & set(example.search.purchase)),
        }

    @cached_property
    def home_regions(self) -> tuple[str, ...]:
        """Whole regions (no Local or Wavelength Zones) that the price book offers instances in."""
        kinds = self.sources.places.table["zone_kind"]
        held = set(kinds.index[kinds == "region"])
        return tuple(region for region in self.sources.offers.regions if region in held)

    @property
    def choices(self) -> dict[str, Any]:
        """The present value of every input."""
        return {name: getattr(self, name) for name in INPUTS}

    def change(self, values: Mapping[str, Any]) -> None:
        """Sets several inputs and answers once. Raises InvalidInput, and changes nothing, for a value out of range."""
        checked = {name: self.check(name, value) for name, value in values.items()}
        self._held = True
        try:
            for name, value in checked.items():
                setattr(self, name, value)
        finally:
            self._held = False
        self._answer_again()

    def check(self, name: str, value: Any) -> Any:
        """The value as the input takes it. Raises InvalidInput."""
        if name in RANGES:
            return RANGES[name].check(name, value)
        if name in CHOICES:
            if not isinstance(value, bool):
                raise InvalidInput([Fault(name, value, "must be yes or no")])
            return value
        if name == "home_region":
            if value not in self.home_regions:
                raise InvalidInput([unknown(name, value, self.home_regions, "region")])
            return value
        raise InvalidInput([unknown("choice", name, INPUTS, "choice of this page")])

    @property
    def workload(self) -> Workload:
        """The example with the page's choices. Raises InvalidInput."""
        for name, value in self.choices.items():
            self.check(name, value)
        example, start = self.example, self.defaults
        purchase = [
            option
            for option in PURCHASES
            if (self.interruptible or option != "spot") and (self.may_commit or option not in COMMITMENTS)
        ]
        changes: dict[str, Any] = {
            "name": "calculator",
            "model": {"parameters": round(self.parameters)},
            "work.tokens": self.tokens,
            # Stored data and saved progress grow with the work: as many bytes a token and a parameter as there.
            "dataset.gib": example.dataset.gib * self.tokens / start["tokens"],
            "checkpoint.gib": example.checkpoint.gib * self.parameters / start["parameters"],
            "dataset.home_region": self.home_region,
            "deadline_hours": self.deadline_days * HOURS_PER_DAY,
            "runs_per_month": self.runs_per_month,
            "search.regions": "all" if self.may_move else [self.home_region],
            "search.purchase": purchase,
        }
        return example.changed(changes, self.sources.vocabulary)

    @property
    def _shortlist(self) -> Sources:
        """What can win from the home region, kept once made: the answers are those of a search of everything."""
        if self.home_region not in self._shortlists:
            self._shortlists[self.home_region] = shortlist(self.sources, self.home_region)
        return self._shortlists[self.home_region]

    @traitlets.observe(*INPUTS)
    def _changed(self, _change: object) -> None:
        if not self._held:
            self._answer_again()

    def _answer_again(self) -> None:
        try:
            result = search(self.workload, self._shortlist)
            self._require_on_time(result)
            allowed = [lever for lever in LEVERS if lever not in self._forbidden()]
            answer = Answer(result, *_best_and_others(result), ladder(result, allowed))
        except InvalidInput as error:
            self.faults, self.stale = tuple(error.faults), self.answer is not None
        except NoPlan as error:
            fault = Fault("home_region", self.home_region, f"leaves nothing to buy: {error}")
            self.faults, self.stale = (fault,), self.answer is not None
        else:
            self.answer, self.faults, self.stale = answer, (), False
        for callback in self.on_answer:
            callback()

    def _require_on_time(self, result: Result) -> None:
        if not len(result.order):
            days = float(result.wall_hours.min()) / HOURS_PER_DAY
            problem = f"is too short: with these choices the fastest plan takes {days:,.1f} days"
            raise InvalidInput([Fault("deadline_days", self.deadline_days, problem)])

    def _forbidden(self) -> set[str]:
        return {lever for choice, lever in FORBIDS.items() if not getattr(self, choice)}


def _best_and_others(result: Result) -> tuple[Plan, tuple[Alternative, ...]]:
    """The cheapest plan on time, and up to three that differ from it and from each other in kind."""
    rows = result.order
    best = int(rows[0])
    purchase, service = result.column("purchase")[rows], result.column("service")[rows]
    home = result.workload.dataset.home_region
    regions = result.sources.offers.regions
    in_home = result.column("region")[rows] == (regions.index(home) if home in regions else -1)
    affordable = rows[result.cost_usd[rows] <= FASTER_AT_MOST_TIMES * result.cost_usd[best]]
    fastest = affordable[np.argmin(result.wall_hours[affordable])]
    wanted = (
        ("Pay as you go, never interrupted", _first(rows, purchase == PURCHASES.index("on_demand"))),
        (f"Fastest for at most {FASTER_AT_MOST_TIMES:g} times the cost", int(fastest)),
        (f"Without leaving {home}", _first(rows, in_home)),
        ("Run for you by SageMaker", _first(rows, service == SERVICES.index("sagemaker"))),
        ("On another type of machine", _first(rows, _other_type(result, rows, best))),
    )
    seen = {best}
    chosen: list[tuple[str, int]] = []
    for title, row in wanted:
        if row is not None and row not in seen and len(chosen) < 3:
            seen.add(row)
            chosen.append((title, row))
    made = plans(result, [best, *(row for _, row in chosen)])
    others = [Alternative(title, plan) for (title, _), plan in zip(chosen, made[1:], strict=True)]
    return made[0], tuple(others)


def _first(rows: Ints, mask: npt.NDArray[np.bool_]) -> int | None:
    where = np.nonzero(mask)[0]
    return int(rows[where[0]]) if len(where) else None


def _other_type(result: Result, rows: Ints, best: int) -> npt.NDArray[np.bool_]:
    types = result.column("instance_type")
    return types[rows] != types[best]


def stops_of(name: str, start: float) -> list[float]:
    """Where a control's slider stops, ascending: round numbers over its range, and its start."""
    ends = RANGES[name]
    if ends.whole:
        return [float(number) for number in range(int(ends.least), int(ends.most) + 1)]
    decades = range(int(math.log10(ends.least)), int(math.log10(ends.most)) + 1)
    round_numbers = {tenths / 10 * 10.0**decade for decade in decades for tenths in ROUND_TENTHS}
    return sorted({number for number in round_numbers if ends.least <= number <= ends.most} | {start})
