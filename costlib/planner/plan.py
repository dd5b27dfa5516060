"""What a search answers with: plans made of itemised lines. Values only; nothing is computed from prices here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from costlib.basis import weakest


@dataclass(frozen=True)
class Band:
    """Low, expected and high of one quantity; its unit is in the name of the field that holds it."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Band) -> Band:
        return Band(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def as_dict(self) -> dict[str, float | None]:
        """JSON-ready: what is not finite is null."""
        ends = {"low": self.low, "expected": self.expected, "high": self.high}
        return {name: end if math.isfinite(end) else None for name, end in ends.items()}


@dataclass(frozen=True)
class Line:
    """One item of an estimate.

    ``usd`` holds the item at the cheap end, as expected and at the dear end of the whole plan. The ends of one
    item may cross (a longer run leaves less of a commitment unused); their sums do not.
    ``inputs`` maps the name of each number in ``formula`` (unit in the name) to its value.
    """

    item: str
    usd: Band
    basis: str
    source: str
    as_of: str
    formula: str
    inputs: Mapping[str, float | str] = field(default_factory=dict)
    rule: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready; ``usd`` is the expected amount."""
        return {
            "item": self.item,
            "usd": self.usd.expected,
            "usd_low": self.usd.as_dict()["low"],
            "usd_high": self.usd.as_dict()["high"],
            "basis": self.basis,
            "source": self.source,
            "as_of": self.as_of,
            "formula": self.formula,
            "inputs": {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in self.inputs.items()
            },
            "rule": self.rule,
        }


@dataclass(frozen=True)
class Plan:
    """One way to buy the run. ``cost_usd`` is the sum of ``lines``; both are for one run."""

    service: str
    instance_type: str
    count: int
    region: str
    az: str | None
    purchase: str
    option: str
    precision: str
    accelerator: str
    accelerator_count: float
    hours: Band
    hours_basis: str
    hours_source: str
    hours_rule: str
    lines: tuple[Line, ...]
    meets_deadline: bool  # at the expected hours
    on_front: bool
    #: What is signed for, over the whole term; 0 without a term.
    commitment_usd: float
    rank: int  # among the plans that hold the deadline, by expected cost, from 1; 0 for a late plan
    deadline_hours: float | None = None

    @property
    def cost_usd(self) -> Band:
        """The sum of the lines."""
        total = Band(0.0, 0.0, 0.0)
        for line in self.lines:
            total = total + line.usd
        return total

    @property
    def basis(self) -> str:
        """The weakest basis among the hours and the lines."""
        return weakest([self.hours_basis, *(line.basis for line in self.lines)])

    @property
    def meets_deadline_at_high(self) -> bool:
        """Whether the deadline is held at the high end of the hours too."""
        return self.meets_deadline and (self.deadline_hours is None or self.hours.high <= self.deadline_hours)

    @property
    def deadline(self) -> str:
        """Whether the deadline is held, in words: "none set", "held", "could be late", "missed"."""
        if self.deadline_hours is None:
            return "none set"
        if not self.meets_deadline:
            return "missed"
        return "held" if self.meets_deadline_at_high else "could be late"

    @property
    def prices_as_of(self) -> str:
        """The dates of the prices behind the lines: one, or the oldest and the newest."""
        dates = sorted({line.as_of for line in self.lines})
        return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "no date"

    @property
    def key(self) -> str:
        """Names the plan for people and in links: ``ec2:p5.48xlarge*1@us-east-2c spot bf16``."""
        place = self.az or self.region
        option = f"/{self.option}" if self.option else ""
        return f"{self.service}:{self.instance_type}*{self.count}@{place} {self.purchase}{option} {self.precision}"

    def as_dict(self) -> dict[str, object]:
        """JSON-ready, with the keys that ``costlib plan --json`` documents."""
        return {
            "rank": self.rank,
            "service": self.service,
            "instance_type": self.instance_type,
            "count": self.count,
            "region": self.region,
            "az": self.az,
            "purchase": self.purchase,
            "option": self.option,
            "precision": self.precision,
            "accelerator": self.accelerator,
            "accelerator_count": self.accelerator_count,
            "hours": self.hours.as_dict(),
            "hours_basis": self.hours_basis,
            "hours_source": self.hours_source,
            "hours_rule": self.hours_rule,
            "cost_usd": self.cost_usd.as_dict(),
            "commitment_usd": self.commitment_usd,
            "basis": self.basis,
            "lines": [line.as_dict() for line in self.lines],
            "meets_deadline": self.meets_deadline,
            "meets_deadline_at_high": self.meets_deadline_at_high,
            "pareto": self.on_front,
        }
