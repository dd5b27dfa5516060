"""Times a bill's standard questions against hand-written SQL: ``python -m tests.bench.billing FOLDER``.

FOLDER holds a FOCUS export as Parquet; ``--rows N`` makes one there first. Each question is asked through the view, and
as SQL on the raw files that was written for it alone, in one process and in turns; their answers must agree. Writes
build/bench/billing.json with the ratios and the peak of memory, which is that of the view (it is taken before the SQL
runs the first time).
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from costlib.billing import kpis, rates, usage
from costlib.billing.bill import Bill, open_bill
from costlib.billing.recognise import TYPE_PATTERN

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "build" / "bench" / "billing.json"
EXAMPLE = ROOT / "data" / "examples" / "bills" / "ml_focus_1_2.parquet"
#: What a made-up line has more or less of.
SCALED = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "ConsumedQuantity")
#: What the questions may cost over SQL written for each of them, and the memory for 50 M rows.
MOST_RATIO, MOST_GIB = 1.3, 2.0
RUNS = 5

MONTH = "date_trunc('month', BillingPeriodStart)"
USAGE = "ChargeCategory = 'Usage' and coalesce(CommitmentDiscountStatus, 'Used') <> 'Unused'"


class Words:
    """Hand-written SQL's words for what FOCUS 1.0 and 1.2 call differently."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        coded = "x_ServiceCode" in columns
        self.usage_type = "x_UsageType" if "x_UsageType" in columns else "SkuMeter"
        self.ec2 = "x_ServiceCode = 'AmazonEC2'" if coded else "ServiceName = 'Amazon Elastic Compute Cloud'"
        self.sagemaker = "x_ServiceCode = 'AmazonSageMaker'" if coded else "ServiceName = 'Amazon SageMaker'"
        self.instance = (
            f"coalesce(nullif(regexp_extract({self.usage_type}, '{TYPE_PATTERN}', 1), ''), "
            f"nullif(regexp_extract(ChargeDescription, '{TYPE_PATTERN}', 1), ''))"
        )
        self.running = (
            f"ChargeCategory = 'Usage' and PricingUnit = 'Hours' and {self.instance} is not null "
            "and coalesce(CommitmentDiscountStatus, 'Used') = 'Used' and not coalesce(regexp_matches("
            f"{self.usage_type}, 'EBSOptimized|UnusedBox|UnusedDed|CPUCredits|Reservation'), false)"
        )
        self.spot = (
            f"ChargeCategory = 'Usage' and ({self.usage_type} like '%TrSpt%' or (CommitmentDiscountId is null and "
            f"((PricingCategory = 'Dynamic' and {self.ec2}) or {self.usage_type} like '%SpotUsage%')))"
        )


def questions(bill: Bill, tag: str) -> dict[str, tuple[Callable[[], Any], str]]:
    """Each standard question: as the view answers it, and its SQL on the table ``raw``."""
    rows, words = bill.rows, Words(bill.parts[0].raw.table.columns)
    end = "from raw group by all order by all"

    def grouped(*keys: str, **made: Any) -> Any:
        table = rows.mutate(month=rows.billing_start.truncate("M"), **made)
        return bill.ask(table.group_by(list(keys)).agg(cost=table.effective_cost.sum()).order_by(list(keys)))

    return {
        "cost by month": (lambda: grouped("month"), f"select {MONTH} m, sum(EffectiveCost) {end}"),
        "cost by month and tag": (
            lambda: grouped("month", "owner", owner=bill.tag(tag)),
            f"select {MONTH} m, nullif(Tags['{tag}'], '') t, sum(EffectiveCost) {end}",
        ),
        "cost by day and service": (
            lambda: grouped("day", "service", day=rows.charge_start.truncate("D")),
            f"select date_trunc('day', ChargePeriodStart) d, ServiceName, sum(EffectiveCost) {end}",
        ),
        "cost by account and region": (
            lambda: grouped("account_id", "region"),
            f"select SubAccountId, RegionId, sum(EffectiveCost) {end}",
        ),
        "savings, coverage, utilisation, waste": (
            lambda: bill.ask(kpis.savings_sums(rows)),
            f"select {MONTH} m, sum(ListCost) filter ({USAGE}), sum(ContractedCost) filter ({USAGE}), "
            f"sum(EffectiveCost) filter (ChargeCategory = 'Usage' or CommitmentDiscountStatus = 'Unused'), "
            "sum(EffectiveCost) filter (CommitmentDiscountStatus = 'Used'), "
            "sum(EffectiveCost) filter (CommitmentDiscountStatus = 'Unused'), "
            f"sum(ListCost) filter ({USAGE} and CommitmentDiscountId is not null and "
            f"coalesce({words.usage_type}, '') not like '%TrSpt%') {end}",
        ),
        "spot share and saving": (
            lambda: bill.ask(kpis.spot_sums(rows)),
            f"select {MONTH} m, sum(ListCost) filter ({words.spot} and ListCost > 0), "
            f"sum(EffectiveCost) filter ({words.spot} and ListCost > 0) {end}",
        ),
        "rates by month and instance type": (
            lambda: rates.rates(bill, "month"),
            f"select {MONTH} m, ServiceName, {words.instance} t, "
            f"coalesce(CommitmentDiscountType, case when {words.spot} then 'Spot' end) o, sum(PricingQuantity) h, "
            "sum(EffectiveCost) e, sum(ListCost) l, e / h r, "
            f"l / h s from raw where {words.running} group by all order by all",
        ),
        "untagged share": (
            lambda: kpis.untagged(bill),
            f"select {MONTH} m, count(*), count(*) filter (not coalesce(cardinality(Tags) > 0, false)), "
            "sum(EffectiveCost), sum(EffectiveCost) filter (not coalesce(cardinality(Tags) > 0, false)) from raw "
            "where ChargeCategory = 'Usage' group by all order by all",
        ),
        "hours of use": (
            lambda: bill.ask(usage.hourly(bill.rows)),
            f"select ChargePeriodStart h, {words.instance} t, RegionId r, ServiceName s, sum(PricingQuantity) q "
            f"from raw where {words.running} and ({words.ec2} or {words.sagemaker}) group by all order by all",
        ),
    }


def make(folder: Path, rows: int) -> None:
    """A bill of ``rows`` lines: the example's, each over and over with other quantities and resources."""
    with duckdb.connect() as backend:
        backend.execute("set memory_limit = '1500MB'; set preserve_insertion_order = false")
        ((held,),) = backend.execute(f"select count(*) from read_parquet('{EXAMPLE}')").fetchall()
        times = -(-rows // held)
        scaled = ", ".join(f"round({name} * f, 10) as {name}" for name in SCALED)
        for month in backend.execute(f"select distinct BillingPeriodStart from read_parquet('{EXAMPLE}')").fetchall():
            part = folder / f"BILLING_PERIOD={month[0]:%Y-%m}"
            part.mkdir(parents=True)
            backend.execute(
                f"copy (select * exclude (f, n) replace ({scaled}, ResourceId || '-' || n % 200 as ResourceId) from "
                f"(select *, 0.5 + (hash(n, ResourceId, ChargePeriodStart) % 1000) / 1000 as f from "
                f"read_parquet('{EXAMPLE}') join range({times}) r(n) on true "
                f"where BillingPeriodStart = timestamp '{month[0]}')) "
                f"to '{part}/focus-00001.snappy.parquet' (format parquet, compression zstd)"
            )


def agree(mine: pd.DataFrame, by_hand: pd.DataFrame) -> bool:
    """Whether two answers have as many rows and, of each number by its place, the same sum."""
    sums = [frame.select_dtypes("number").sum().to_numpy(float) for frame in (mine, by_hand)]
    return len(mine) == len(by_hand) and len(sums[0]) >= len(sums[1]) and bool(np.isclose(sums[0][0], sums[1][0]))


def main() -> None:
    """Opens the bill, asks each question, then the SQL in turns with it, and writes what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.billing", description=__doc__)
    parser.add_argument("folder", type=Path, help="a FOCUS export as Parquet; with --rows where to make one")
    parser.add_argument("--rows", type=int, help="make a bill of so many lines there first")
    parser.add_argument("--tag", default="team", help="the tag of the questions by tag, default team")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each question, default {RUNS}")
    arguments = parser.parse_args()
    if arguments.rows:
        make(arguments.folder, arguments.rows)
    started = time.perf_counter()
    bill = open_bill(str(arguments.folder))
    bill.tag_keys  # noqa: B018
    opened = time.perf_counter() - started
    asked = questions(bill, arguments.tag)
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
        if not agree(answer, plain):
            raise SystemExit(f"{name}: the view and the SQL do not agree")
        # The quickest of each is the one that others on the machine disturbed least.
        ratio = min(mine) / min(by_hand)
        found["questions"][name] = {
            "view_seconds": round(min(mine), 3),
            "sql_seconds": round(min(by_hand), 3),
            "ratio": round(ratio, 2),
        }
        print(f"{name:40s} {min(mine):7.2f} s, SQL {min(by_hand):7.2f} s, ratio {ratio:.2f}", flush=True)
    worst = max(one["ratio"] for one in found["questions"].values())
    found["held"] = worst <= MOST_RATIO and peak_gib <= MOST_GIB
    print(f"{found['rows']:,} rows, opened in {opened:.1f} s, peak {peak_gib:.2f} GiB; worst ratio {worst}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
