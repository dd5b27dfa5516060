"""The lines of a storage bill: each with its formula, its numbers, and the price row behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.storage import DAYS_PER_MONTH, STANDARD, TIERING
from costlib.models.storage_bill import AS_STANDARD, BillLine
from costlib.planner.plan import Band, Line
from costlib.planner.store.policies import Billed, Held

Floats = npt.NDArray[np.float64]
_GIB_MONTHS = ("gib_months * usd_per_gib_month", "gib_months", "usd_per_gib_month", DAYS_PER_MONTH, 1.0)
_REQUESTS = ("requests * usd_per_1000_requests / 1000", "requests", "usd_per_1000_requests", 1.0, 1000.0)
#: Formula, names of amount and price, the model's units in one of the amount, amounts in one of the price.
_FORMULAS = {
    "storage": _GIB_MONTHS,
    "storage_infrequent": _GIB_MONTHS,
    "storage_archive_instant": _GIB_MONTHS,
    "overhead": _GIB_MONTHS,
    "restored_copies": _GIB_MONTHS,
    "early_deletion": _GIB_MONTHS,
    "monitoring": (
        "object_months * usd_per_1000_objects_month / 1000", "object_months", "usd_per_1000_objects_month",
        DAYS_PER_MONTH, 1000.0,
    ),
    "gets": _REQUESTS,
    "puts": _REQUESTS,
    "transitions": _REQUESTS,
    "retrieval_requests": _REQUESTS,
    "retrieval": ("gib * usd_per_gib", "gib", "usd_per_gib", 1.0, 1.0),
}  # fmt: skip
_RULES = {
    "overhead": "what an archive keeps of each object at Standard's price; ",
    "restored_copies": "what is restored lies in Standard, too, for its days; ",
    "early_deletion": "the rest of the class's least days at its storage price; ",
}


@dataclass(frozen=True)
class StoreLine:
    """A line of one dataset, and its USD in each month."""

    dataset: str
    line: Line
    monthly_usd: Floats

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"dataset": self.dataset, **self.line.as_dict(), "monthly_usd": self.monthly_usd.tolist()}


def lines_of(held: tuple[Held, ...], bill: Billed) -> tuple[StoreLine, ...]:
    """Every line of every dataset, those that cost nothing at any end left out; they add up to the bill."""
    made = []
    for number, one in enumerate(held):
        ends = [{(line.storage_class, line.meter): line for line in bill.lines[end][number]} for end in range(3)]
        for key in dict.fromkeys(key for lines in ends for key in lines):
            low, expected, high = (float(lines[key].usd.sum()) if key in lines else 0.0 for lines in ends)
            if low == expected == high == 0.0:
                continue
            shown = ends[1].get(key) or ends[2].get(key) or ends[0][key]
            monthly = shown.usd if key in ends[1] else np.zeros(len(shown.usd))
            made.append(StoreLine(one.data.name, _line(one, shown, key in ends[1], Band(low, expected, high)), monthly))
    return tuple(made)


def _line(one: Held, line: BillLine, expected: bool, usd: Band) -> Line:
    formula, amount_name, price_name, per_amount, per_price = _FORMULAS[line.meter]
    price = one.classes.prices[_priced_as(line)]
    amount = float(line.amount.sum()) / per_amount if expected else 0.0
    # Volume tiers make an average price of several; it is what the total is a product of.
    each = usd.expected / amount * per_price if amount else price.amount
    rule = _RULES.get(line.meter, "") + ("mean over volume tiers; " if _tiered(one, line, each, price.amount) else "")
    return Line(
        f"{line.storage_class} {line.meter}",
        usd,
        price.basis,
        price.source,
        price.as_of,
        formula,
        {amount_name: amount, price_name: each},
        (rule + price.rule).removesuffix("; "),
    )


def _priced_as(line: BillLine) -> tuple[str, str]:
    """The class and meter of the price that a line is billed at."""
    if line.meter in AS_STANDARD:
        return STANDARD, "storage"
    return line.storage_class, "storage" if line.meter == "early_deletion" else line.meter


def _tiered(one: Held, line: BillLine, each: float, listed: float) -> bool:
    name, meter = _priced_as(line)
    return name in (STANDARD, TIERING) and meter == "storage" and not np.isclose(each, listed, rtol=1e-9)
