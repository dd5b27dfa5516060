"""Rates of a few lines, for portfolios that are small enough to know."""

import pandas as pd

from costlib.models.commitments import (
    Line,
    Rates,
)


def row(line: Line, plan_type: str, usd: float, payment: str = "no_upfront", term_years: int = 1) -> dict[str, object]:
    named = {name: getattr(line, name) for name in ("instance_type", "region", "service")}
    terms = {"plan_type": plan_type, "term_years": term_years, "payment": payment, "upfront_fraction": 0.5}
    return {**named, **terms, "usd_per_hour": usd}


def rates(on_demand: dict[Line, float], **offers: dict[Line, float]) -> Rates:
    rows = [row(line, "on_demand", usd) for line, usd in on_demand.items()]
    rows += [row(line, plan, usd) for plan, by_line in offers.items() for line, usd in by_line.items()]
    return Rates(pd.DataFrame(rows))
