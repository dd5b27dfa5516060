"""Why a month cost more than the one before: price, volume and mix, item by item, adding up to the whole change.

For items of one service and unit (hours of all EC2 instances, say) with quantities q and prices p = cost / quantity,
of the month before (0) and this month (1), and their sums Q and mean price P = C / Q:

    volume = (Q1 - Q0) P0            as much more of the same mix
    mix    = sum(q1 p0) - Q1 P0      dearer or cheaper items than before
    price  = sum(q1 (p1 - p0))       the same items at other prices

An item that is new in its group has no price before: it counts at its own price, in the mix. Groups that begin or end
are ``new`` and ``gone``; charges without a quantity (tax, credits, fees) are ``other``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from costlib.billing.periods import period_of
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

DRIVERS = ("price", "volume", "mix", "new", "gone", "other")
#: Bills give quantities to ten decimals: less than this is no use, and has no price.
LEAST = 1e-9
GROUP = ["service", "unit"]
ITEM = [*GROUP, "region", "item", "purchase_option"]


def items(rows: Any, by: str = "month", cost: str = "effective_cost") -> Any:
    """Cost and quantity by period and item, as an expression; an item is a type in a region, bought in one way."""
    import ibis

    priced = (rows.charge_category == "Usage") & rows.quantity.notnull()
    unused = ibis.coalesce(rows.commitment_status == "Unused", ibis.literal(False))
    counted = priced & ~unused
    item = ibis.coalesce(rows.instance_type, rows.usage_type, rows.description)
    table = rows.mutate(
        period=period_of(rows, by),
        item=ibis.ifelse(counted, item, rows.charge_category),
        counted=counted,
        amount=ibis.ifelse(counted, rows.quantity, 0.0),
    )
    keys = ["period", *ITEM, "counted"]
    return table.group_by(keys).agg(cost=table[cost].sum(), quantity=table.amount.sum()).order_by(keys)


def drivers(bill: Bill, cost: str = "effective_cost") -> pd.DataFrame:
    """One row a month from the second on: cost, change, and what made it (DRIVERS), which add up to the change.

    Raises InvalidInput for a bill of a single month.
    """
    return pd.DataFrame(
        [
            {
                "period": after,
                "cost_before": float(one["cost_before"].sum()),
                "cost": float(one["cost"].sum()),
                "change": float(one["change"].sum()),
                **{name: float(one[name].sum()) for name in DRIVERS},
            }
            for after, one in _pairs(bill, cost)
        ]
    )


def drivers_by_service(bill: Bill, cost: str = "effective_cost") -> pd.DataFrame:
    """The same by month, service and unit, the largest change of each month first."""
    frames = []
    for after, one in _pairs(bill, cost):
        ordered = one.sort_values("change", key=abs, ascending=False, ignore_index=True)
        ordered.insert(0, "period", after)
        frames.append(ordered)
    return pd.concat(frames, ignore_index=True)


def _pairs(bill: Bill, cost: str) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    frame = bill.ask(items(bill.rows, cost=cost)).dropna(subset=["period"])
    periods = sorted(frame["period"].unique())
    if len(periods) < 2:
        raise InvalidInput([Fault("bill", bill.source, "has a single month: there is none before to compare it with")])
    by_period = {period: part.drop(columns="period") for period, part in frame.groupby("period")}
    return [
        (pd.Timestamp(after), explained(by_period[before], by_period[after]))
        for before, after in zip(periods, periods[1:], strict=False)
    ]


def explained(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The drivers by group of two frames of items (ITEM, counted, cost, quantity); each row adds up to its change."""
    keys = [*ITEM, "counted"]
    sides = [
        frame.assign(**frame[ITEM].astype(object).fillna(""), counted=frame["counted"].astype(bool))
        .astype({"cost": float, "quantity": float})
        .groupby(keys, as_index=False)[["cost", "quantity"]]
        .sum()
        for frame in (before, after)
    ]
    both = (
        sides[0]
        .merge(sides[1], on=keys, how="outer", suffixes=("_0", "_1"))
        .fillna({"cost_0": 0.0, "cost_1": 0.0, "quantity_0": 0.0, "quantity_1": 0.0})
    )
    # Where nothing was used, there is no price and no volume: the item's cost is like a fee.
    both["priced"] = both["counted"].astype(bool)
    whole = both[both["priced"]].groupby(GROUP)[["quantity_0", "quantity_1"]].transform("sum")
    both[["q0", "q1"]] = whole.reindex(both.index).fillna(0.0).to_numpy(float)
    running = both["priced"] & (both["q0"] > LEAST) & (both["q1"] > LEAST)
    own = _price(both["cost_1"], both["quantity_1"], np.zeros(len(both)))
    price_0 = _price(both["cost_0"], both["quantity_0"], own)
    # By item: its volume is its share of the old mix, scaled to the new volume.
    q0, q1 = both["q0"].to_numpy(float), both["q1"].to_numpy(float)
    scale = np.divide(q1, q0, out=np.ones(len(both)), where=q0 > LEAST)
    volume = both["cost_0"] * (scale - 1.0)
    price = np.where(both["quantity_0"] > LEAST, both["cost_1"] - both["quantity_1"] * price_0, 0.0)
    # What is left of the change is the mix: sum(q1 p0) - Q1 P0 over a group.
    change = both["cost_1"] - both["cost_0"]
    both["price"] = np.where(running, price, 0.0)
    both["volume"] = np.where(running, volume, 0.0)
    both["mix"] = np.where(running, change - price - volume, 0.0)
    both["new"] = np.where(both["priced"] & (both["q0"] <= LEAST) & (both["q1"] > LEAST), change, 0.0)
    both["gone"] = np.where(both["priced"] & (both["q0"] > LEAST) & (both["q1"] <= LEAST), change, 0.0)
    both["change"] = change
    both["other"] = change - both[["price", "volume", "mix", "new", "gone"]].sum(axis=1)
    both = both.rename(columns={"cost_0": "cost_before", "cost_1": "cost"})
    return both.groupby(GROUP, as_index=False)[["cost_before", "cost", "change", *DRIVERS]].sum()


def _price(cost: pd.Series[float], quantity: pd.Series[float], otherwise: np.ndarray) -> np.ndarray:
    amount = quantity.to_numpy(float)
    return np.divide(cost.to_numpy(float), amount, out=np.array(otherwise, dtype=float), where=amount > LEAST)
