"""The figures of a monthly review, by month or week: savings rate, coverage, utilisation, waste, spot, unit costs.

Formulas are those of the FinOps Foundation's FOCUS use cases and of AWS's Cloud Intelligence Dashboards; each function
names its own. Rates are of usage: what is bought for a term (purchases), tax and credits have no part in them, and
unused commitments have no list price, as both would count the same cost twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.periods import period_of
from costlib.billing.recognise import EC2, SAGEMAKER
from costlib.billing.view import COSTS
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

TRAINING = ("Training Job", "Managed Spot Training", "Training Warm Pool")
SERVING = ("Endpoint Instance", "Asynchronous Inference", "Data Processed by Hosting")


def sums(rows: Any, by: str = "month") -> Any:
    """What the KPIs are made of, as one expression: a row a period. See ``savings``, ``spot`` and ``instances``."""
    table = rows.mutate(period=period_of(rows, by))
    costs = {cost: table[cost].sum() for cost in COSTS}
    made = {"rows": table.count(), **costs, **savings(table), **spot(table), **instances(table)}
    return table.group_by("period").agg(**made).order_by("period")


def savings_sums(rows: Any, by: str = "month") -> Any:
    """Only ``savings``, a row a period."""
    table = rows.mutate(period=period_of(rows, by))
    return table.group_by("period").agg(**savings(table)).order_by("period")


def spot_sums(rows: Any, by: str = "month") -> Any:
    """Only ``spot``, a row a period."""
    table = rows.mutate(period=period_of(rows, by))
    return table.group_by("period").agg(**spot(table)).order_by("period")


def savings(rows: Any) -> dict[str, Any]:
    """``usage_*``: charge category Usage without unused commitments; ``used``, ``unused``: effective cost of
    commitments; ``covered_list``: list cost of what they cover."""
    status = rows.commitment_status
    usage = (rows.charge_category == "Usage") & (status.isnull() | (status != "Unused"))
    unused = status == "Unused"
    return {
        "usage_list": rows.list_cost.sum(where=usage),
        "usage_contracted": rows.contracted_cost.sum(where=usage),
        "usage_effective": rows.effective_cost.sum(where=usage | unused),
        "used": rows.effective_cost.sum(where=status == "Used"),
        "unused": rows.effective_cost.sum(where=unused),
        "covered_list": rows.list_cost.sum(where=rows.is_covered & usage),
    }


def spot(rows: Any) -> dict[str, Any]:
    """``spot_*``: list and effective cost of spot and managed spot, where a list price is known."""
    bought = rows.is_spot & (rows.list_cost > 0)
    return {
        "spot_list": rows.list_cost.sum(where=bought),
        "spot_effective": rows.effective_cost.sum(where=bought),
    }


def instances(rows: Any) -> dict[str, Any]:
    """``eligible_*``: list cost of EC2 and SageMaker instances, which commitments can cover; ``instance_*``: hours and
    effective cost of all instances; ``training_*`` and ``serving_cost``: effective cost by SageMaker's component."""
    eligible = rows.instance_hours.notnull() & rows.service_code.isin([EC2, SAGEMAKER])
    training = rows.component.isin(TRAINING)
    return {
        "eligible_list": rows.list_cost.sum(where=eligible),
        "eligible_covered_list": rows.list_cost.sum(where=eligible & rows.is_covered),
        "eligible_spot_list": rows.list_cost.sum(where=eligible & rows.is_spot),
        "instance_hours": rows.instance_hours.sum(),
        "instance_effective": rows.effective_cost.sum(where=rows.instance_hours.notnull()),
        "training_cost": rows.effective_cost.sum(where=training),
        "training_jobs": rows.resource_id.nunique(where=training),
        "serving_cost": rows.effective_cost.sum(where=rows.component.isin(SERVING)),
    }


def kpis(bill: Bill, by: str = "month", requests: pd.Series[float] | None = None) -> pd.DataFrame:
    """One row a period: the sums, and the rates made of them; a rate with nothing under it is missing.

    ``savings_rate`` (contracted - effective) / contracted and ``savings_rate_list`` over list (FinOps Foundation,
    "Determine Effective Savings Rate"); ``coverage`` covered / usage at list (CID), ``coverage_eligible`` of instances
    only; ``utilisation`` used / (used + unused) effective (FOCUS, effectivecost.md); ``spot_share`` spot / usage at
    list, ``spot_saving`` 1 - effective / list of spot (CID); ``blended_rate`` effective cost of an instance-hour;
    ``cost_per_training_job``; ``cost_per_thousand_requests`` with ``requests``, indexed by the periods' first days.
    Raises InvalidInput for requests of no period of the bill.
    """
    frame = bill.ask(sums(bill.rows, by))
    frame["savings_rate"] = _share(frame["usage_contracted"] - frame["usage_effective"], frame["usage_contracted"])
    frame["savings_rate_list"] = _share(frame["usage_list"] - frame["usage_effective"], frame["usage_list"])
    frame["coverage"] = _share(frame["covered_list"].fillna(0.0), frame["usage_list"])
    frame["coverage_eligible"] = _share(frame["eligible_covered_list"].fillna(0.0), frame["eligible_list"])
    frame["utilisation"] = _share(frame["used"].fillna(0.0), frame["used"].fillna(0.0) + frame["unused"].fillna(0.0))
    frame["spot_share"] = _share(frame["spot_list"].fillna(0.0), frame["usage_list"])
    frame["spot_share_eligible"] = _share(frame["eligible_spot_list"].fillna(0.0), frame["eligible_list"])
    frame["spot_saving"] = 1.0 - _share(frame["spot_effective"], frame["spot_list"])
    frame["blended_rate"] = _share(frame["instance_effective"], frame["instance_hours"])
    frame["cost_per_training_job"] = _share(frame["training_cost"], frame["training_jobs"])
    if requests is not None:
        frame["requests"] = _counts(frame["period"], requests)
        frame["cost_per_thousand_requests"] = _share(1000.0 * frame["serving_cost"], frame["requests"])
    return frame


def _share(part: pd.Series[float], whole: pd.Series[float]) -> pd.Series[float]:
    return part.astype(float) / whole.astype(float).where(whole.astype(float) != 0)


def _counts(periods: pd.Series[Any], given: pd.Series[float]) -> pd.Series[float]:
    at = pd.to_datetime(pd.Series(given.index)).to_numpy()
    strange = sorted({str(pd.Timestamp(one).date()) for one in at if one not in set(periods.to_numpy())})
    faults = [Fault("requests", one, "is not the first day of a period of this bill") for one in strange[:5]]
    faults += [Fault("requests", float(count), "must not be negative") for count in given[given < 0][:5]]
    if faults:
        raise InvalidInput(faults)
    return periods.map(pd.Series(given.to_numpy(float), index=at))


def untagged(bill: Bill, keys: tuple[str, ...] = (), by: str = "month", cost: str = "effective_cost") -> pd.DataFrame:
    """Usage without tags by period: ``untagged_cost``, its share, and the share of rows; with ``keys`` that lack any.

    Only charge category Usage counts: credits and fees cannot be tagged, and a credit would turn the share around.
    A key that no row carries is missing everywhere.
    """
    import ibis

    rows = bill.rows
    lacking: Any = ~rows.has_tags
    if keys:
        lacking = ibis.literal(False)
        for key in keys:
            lacking = lacking | (bill.tag(key).isnull() if bill.spellings(key) else ibis.literal(True))
    table = rows.mutate(period=period_of(rows, by), lacking=lacking).filter(rows.charge_category == "Usage")
    frame = bill.ask(
        table.group_by("period")
        .agg(
            usage_rows=table.count(),
            untagged_rows=table.count(where=table.lacking),
            usage_cost=table[cost].sum(),
            untagged_cost=table[cost].sum(where=table.lacking),
        )
        .order_by("period")
    )
    frame["untagged_cost"] = frame["untagged_cost"].fillna(0.0)
    frame["untagged_share"] = _share(frame["untagged_cost"], frame["usage_cost"])
    frame["untagged_rows_share"] = _share(frame["untagged_rows"], frame["usage_rows"])
    return frame


def commitments(bill: Bill) -> pd.DataFrame:
    """Each commitment: bought (billed purchases), used and unused (effective), utilisation, and what it saved.

    ``saved``: list cost of what it covered less all of its effective cost; negative where it was not used enough.
    """
    rows = bill.rows.filter(bill.rows.commitment_id.notnull() | bill.rows.commitment_status.notnull())
    used, unused = rows.commitment_status == "Used", rows.commitment_status == "Unused"
    table = rows.group_by(["commitment_id", "commitment_kind"]).agg(
        bought=rows.billed_cost.sum(where=rows.charge_category == "Purchase"),
        used=rows.effective_cost.sum(where=used),
        unused=rows.effective_cost.sum(where=unused),
        covered_list=rows.list_cost.sum(where=used),
    )
    frame = bill.ask(table.order_by(["commitment_kind", "commitment_id"])).fillna(
        {"bought": 0.0, "used": 0.0, "unused": 0.0, "covered_list": 0.0}
    )
    frame["utilisation"] = _share(frame["used"], frame["used"] + frame["unused"])
    frame["saved"] = frame["covered_list"] - frame["used"] - frame["unused"]
    return frame
