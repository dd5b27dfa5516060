"""Times a bill's standard questions against hand-written SQL: ``python -m tests.bench.billing FOLDER``.

FOLDER holds a FOCUS export as Parquet, of any size. Each question is asked through the view, and as SQL on the raw
files written for that question alone, in one process and in turns; answers must agree. Writes build/bench/billing.json with the ratios and
the peak of memory, which is that of the view's questions (it is taken before the SQL runs the first time).
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from costlib.billing import kpis, rates, usage
from costlib.billing.bill import Bill, open_bill

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "build" / "bench" / "billing.json"
#: What the questions may cost over SQL written for each of them, and the memory for 50 M rows.
MOST_RATIO, MOST_GIB = 1.3, 2.0
RUNS = 5

MONTH = "date_trunc('month', BillingPeriodStart)"
TYPE = (
    "((?:ml[.]|db[.]|cache[.])?[a-z][a-z0-9-]*[.]"
    "(?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9a-z]+)?))"
)
INSTANCE = (
    f"coalesce(nullif(regexp_extract(x_UsageType, '{TYPE}', 1), ''), "
    f"nullif(regexp_extract(ChargeDescription, '{TYPE}', 1), ''))"
)
RUNNING = (
    f"ChargeCategory = 'Usage' and PricingUnit = 'Hours' and {INSTANCE} is not null "
    "and coalesce(CommitmentDiscountStatus, 'Used') = 'Used' and "
    "not coalesce(regexp_matches(x_UsageType, 'EBSOptimized|UnusedBox|UnusedDed|CPUCredits|Reservation'), false)"
)
USAGE = "ChargeCategory = 'Usage' and coalesce(CommitmentDiscountStatus, 'Used') <> 'Unused'"
SPOT = (
    "ChargeCategory = 'Usage' and CommitmentDiscountId is null and (x_UsageType like '%TrSpt%' or "
    "(PricingCategory = 'Dynamic' and ServiceName = 'Amazon Elastic Compute Cloud') or x_UsageType like '%SpotUsage%')"
)


def questions(bill: Bill) -> dict[str, tuple[Callable[[], Any], str]]:
    """Each standard question: as the view answers it, and its SQL on the table ``raw``."""
    rows = bill.rows

    def grouped(*keys: str, **made: Any) -> Any:
        table = rows.mutate(month=rows.billing_start.truncate("M"), **made)
        return bill.ask(table.group_by(list(keys)).agg(cost=table.effective_cost.sum()).order_by(list(keys)))

    rates_sql = (
        f"select {MONTH} m, {INSTANCE} t, sum(PricingQuantity) h, sum(EffectiveCost) e, sum(ListCost) l from raw "
        f"where {RUNNING} group by all order by all"
    )
    return {
        "cost by month": (
            lambda: grouped("month"),
            f"select {MONTH} m, sum(EffectiveCost) from raw group by all order by all",
        ),
        "cost by month and tag": (
            lambda: grouped("month", "team", team=bill.tag("business_unit")),
            f"select {MONTH} m, nullif(Tags['business_unit'], '') t, sum(EffectiveCost) from raw group by all order by all",
        ),
        "cost by day and service": (
            lambda: grouped("day", "service", day=rows.charge_start.truncate("D")),
            "select date_trunc('day', ChargePeriodStart) d, ServiceName, sum(EffectiveCost) from raw "
            "group by all order by all",
        ),
        "cost by account and region": (
            lambda: grouped("account_id", "region"),
            "select SubAccountId, RegionId, sum(EffectiveCost) from raw group by all order by all",
        ),
        "savings, coverage, utilisation, waste": (
            lambda: bill.ask(kpis.savings_sums(rows)),
            f"select {MONTH} m, sum(ListCost) filter ({USAGE}), sum(ContractedCost) filter ({USAGE}), "
            f"sum(EffectiveCost) filter (ChargeCategory = 'Usage' or CommitmentDiscountStatus = 'Unused'), "
            "sum(EffectiveCost) filter (CommitmentDiscountStatus = 'Used'), "
            "sum(EffectiveCost) filter (CommitmentDiscountStatus = 'Unused'), "
            f"sum(ListCost) filter ({USAGE} and CommitmentDiscountId is not null and "
            "coalesce(x_UsageType, '') not like '%TrSpt%') from raw group by all order by all",
        ),
        "spot share and saving": (
            lambda: bill.ask(kpis.spot_sums(rows)),
            f"select {MONTH} m, sum(ListCost) filter ({SPOT} and ListCost > 0), "
            f"sum(EffectiveCost) filter ({SPOT} and ListCost > 0) from raw group by all order by all",
        ),
        "rates by month and instance type": (lambda: rates.rates(bill, "month"), rates_sql),
        "untagged share": (
            lambda: kpis.untagged(bill),
            f"select {MONTH} m, count(*), count(*) filter (not coalesce(cardinality(Tags) > 0, false)), "
            "sum(EffectiveCost), sum(EffectiveCost) filter (not coalesce(cardinality(Tags) > 0, false)) from raw "
            "where ChargeCategory = 'Usage' group by all order by all",
        ),
        "hours of use": (
            lambda: bill.ask(usage.hourly(bill.rows)),
            f"select ChargePeriodStart h, {INSTANCE} t, RegionId r, ServiceName s, sum(PricingQuantity) q from raw "
            f"where {RUNNING} and ServiceName in ('Amazon Elastic Compute Cloud', 'Amazon SageMaker') "
            "group by all order by all",
        ),
    }


def total(frame: pd.DataFrame) -> float:
    """The sum of a frame's last number, by which two answers are compared."""
    return float(frame.select_dtypes("number").iloc[:, -1].sum())


def main() -> None:
    """Opens the bill, asks each question, then the SQL in turns with it, and writes what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.billing", description=__doc__)
    parser.add_argument("folder", help="a FOCUS export as Parquet")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each question, default {RUNS}")
    arguments = parser.parse_args()
    started = time.perf_counter()
    bill = open_bill(arguments.folder)
    bill.tag_keys  # noqa: B018
    opened = time.perf_counter() - started
    asked = questions(bill)
    for ask, _ in asked.values():
        ask()
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    raw = bill.engine.backend.con  # type: ignore[attr-defined]
    raw.execute(f"create temp view raw as select * from read_parquet('{arguments.folder}/**/*.parquet')")
    found: dict[str, Any] = {
        "rows": bill.reconciliation.raw_rows,
        "open_seconds": round(opened, 2),
        "peak_gib": round(peak_gib, 2),
        "questions": {},
    }
    for name, (ask, sql) in asked.items():
        mine, by_hand = [], []
        for _ in range(arguments.runs):
            start = time.perf_counter()
            answer = ask()
            middle = time.perf_counter()
            plain = raw.execute(sql).df()
            end = time.perf_counter()
            mine.append(middle - start)
            by_hand.append(end - middle)
        # The quickest of each is the one that others on the machine disturbed least.
        ratio = min(mine) / min(by_hand)
        found["questions"][name] = {
            "view_seconds": round(min(mine), 3),
            "sql_seconds": round(min(by_hand), 3),
            "ratio": round(ratio, 2),
            "rows": [len(answer), len(plain)],
        }
        print(f"{name:40s} {min(mine):7.2f} s, SQL {min(by_hand):7.2f} s, ratio {ratio:.2f}")
    worst = max(one["ratio"] for one in found["questions"].values())
    print(f"{found['rows']:,} rows, opened in {opened:.1f} s, peak {peak_gib:.2f} GiB; worst ratio {worst}")
    found["held"] = worst <= MOST_RATIO and peak_gib <= MOST_GIB
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
