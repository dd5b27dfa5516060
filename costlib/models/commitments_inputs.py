"""What commitments are worked out from: hourly usage, rates, purchases; each checked, with the rows that are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.normalization import family_of

Floats = npt.NDArray[np.float64]

RESERVED = ("standard", "convertible")
SAVINGS_PLANS = ("ec2_instance", "compute", "sagemaker")
COMMITTED = (*RESERVED, *SAVINGS_PLANS)
PLAN_TYPES = ("on_demand", "spot", "capacity_block", *COMMITTED)
PAYMENTS = ("no_upfront", "partial_upfront", "all_upfront")
TERMS_YEARS = (1, 3)
SERVICES = ("ec2", "fargate", "lambda", "sagemaker")
#: What a row of usage or rates is about; a table may leave out the last two, which then are Linux and shared.
LINE_COLUMNS = ["instance_type", "region", "service", "platform", "tenancy"]
ORDINARY = {"platform": "linux", "tenancy": "shared"}
#: How many wrong rows a fault names.
MOST_ROWS = 5


@dataclass(frozen=True)
class Line:
    """One kind of usage. ``zone`` matters to zonal Reserved Instances only, ``account`` to who is served first.

    Fargate and Lambda have dimensions in place of types, such as ``vcpu``; SageMaker's types begin with ``ml.``.
    """

    instance_type: str
    region: str
    service: str = "ec2"
    platform: str = "linux"
    tenancy: str = "shared"
    zone: str | None = None
    account: str = ""

    @property
    def family(self) -> str:
        """The type's family, ``g5`` of ``g5.xlarge``."""
        return family_of(self.instance_type)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What rates are looked up by."""
        return (self.instance_type, self.region, self.service, self.platform, self.tenancy)


@dataclass(frozen=True)
class Usage:
    """What ran: ``quantity`` (hours, lines) in instance-hours of each hour (vCPU-hours where that is sold)."""

    lines: tuple[Line, ...]
    quantity: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity", np.asarray(self.quantity, float))
        refuse(quantity_faults("quantity", self.lines, self.quantity))


@dataclass(frozen=True)
class Commitment:
    """A purchase: ``amount`` is instances of a Reserved Instance, USD an hour of a Savings Plan.

    A Reserved Instance names its ``instance_type``, ``region``, perhaps ``zone``; an EC2 Instance Savings Plan its
    ``family`` and ``region``; Compute and SageMaker Savings Plans neither.
    """

    plan_type: str
    amount: float
    term_years: int
    payment: str
    instance_type: str | None = None
    family: str | None = None
    region: str | None = None
    zone: str | None = None
    platform: str = "linux"
    tenancy: str = "shared"
    account: str = ""

    def __str__(self) -> str:
        parts = [self.plan_type, f"{self.term_years} year", self.payment]
        parts += [part for part in (self.instance_type, self.family, self.region, self.zone) if part]
        return " ".join(parts)


def refuse(faults: Iterable[Fault]) -> None:
    """Raises InvalidInput if there are faults."""
    found = list(faults)
    if found:
        raise InvalidInput(found)


def quantity_faults(name: str, lines: Sequence[Line], quantity: Floats) -> list[Fault]:
    """What is wrong with usage (..., hours, lines): its shape, negative or missing numbers, lines that come twice."""
    if quantity.ndim < 2 or quantity.shape[-1] != len(lines) or not quantity.size:
        return [Fault(name, quantity.shape, f"must be (hours, {len(lines)} lines), none of them empty")]
    faults = []
    # One pass over all, as nan makes the sum nan: large usage is looked at more closely only when it is wrong.
    if not (np.isfinite(quantity.sum()) and quantity.min() >= 0):
        for problem, wrong in (("must not be negative", quantity < 0), ("must be a number", ~np.isfinite(quantity))):
            at = np.argwhere(wrong)
            if len(at):
                where = "; ".join(f"hour {row[-2]}, {lines[row[-1]].instance_type}" for row in at[:MOST_ROWS])
                faults.append(
                    Fault(name, float(quantity[tuple(at[0])]), f"{problem}: {len(at)} values, first at {where}")
                )
    doubled = [line for at, line in enumerate(lines) if line in lines[:at]]
    faults += [Fault("lines", line.instance_type, "comes twice, alike in everything") for line in doubled]
    return faults


def rows_fault(
    field: str, values: pd.Series, wrong: npt.ArrayLike, problem: str, named: pd.Index | None = None
) -> Fault | None:
    """The fault of the rows where ``wrong``, naming the first of them as ``named`` (or the index of values) does."""
    at = np.flatnonzero(wrong)
    if not len(at):
        return None
    names = values.index if named is None else named
    rows = ", ".join(map(str, names[at[:MOST_ROWS]])) + (", ..." if len(at) > MOST_ROWS else "")
    return Fault(field, str(values.iloc[at[0]]), f"{problem} (rows {rows})")


class Rates:
    """Rates by plan type, term, payment and line: one row each of ``plan_type, term_years, payment, instance_type,
    region, service, usd_per_hour`` (effective, upfront spread over the term), and ``upfront_fraction``, ``platform``,
    ``tenancy`` where they matter.

    On-demand, spot and Capacity Blocks have no term and no payment. ``upfront_fraction`` is the upfront share of what
    the term costs: all of it, none of it, or for partial upfront what the column says. Raises InvalidInput with rows.
    """

    def __init__(self, frame: pd.DataFrame):
        need = ["plan_type", "term_years", "payment", "instance_type", "region", "service", "usd_per_hour"]
        refuse(Fault("rates", column, "is missing from the columns") for column in need if column not in frame)
        rows = frame.reset_index(drop=True)
        rows = rows.assign(**{name: ORDINARY[name] for name in ORDINARY if name not in rows})
        committed = rows["plan_type"].isin(COMMITTED)
        usd = pd.to_numeric(rows["usd_per_hour"], errors="coerce")
        # Plans without a term are alike, however a table writes that they have none.
        term = pd.to_numeric(rows["term_years"], errors="coerce").where(committed, 0.0)
        payment = rows["payment"].where(committed, "")
        fraction = payment.map({"all_upfront": 1.0, "no_upfront": 0.0, "": 0.0}).astype(float)
        if "upfront_fraction" in rows:
            fraction = fraction.fillna(pd.to_numeric(rows["upfront_fraction"], errors="coerce"))
        rows = rows.assign(usd_per_hour=usd, term_years=term, payment=payment, upfront_fraction=fraction)
        key = ["plan_type", "term_years", "payment", *LINE_COLUMNS]
        faults = [
            rows_fault("plan_type", rows["plan_type"], ~rows["plan_type"].isin(PLAN_TYPES), "is not a plan type"),
            rows_fault("service", rows["service"], ~rows["service"].isin(SERVICES), "is not a service"),
            rows_fault("term_years", frame["term_years"], committed & ~term.isin(TERMS_YEARS), "is not sold: 1 or 3"),
            rows_fault("payment", rows["payment"], committed & ~payment.isin(PAYMENTS), "is not a payment option"),
            rows_fault("usd_per_hour", frame["usd_per_hour"], ~(usd > 0), "must be above 0"),
            rows_fault("instance_type", rows["instance_type"], rows.duplicated(key, keep=False), "has two rates"),
            rows_fault("upfront_fraction", fraction, (fraction < 0) | (fraction > 1), "must be from 0 to 1"),
        ]
        refuse(fault for fault in faults if fault)
        self.frame = rows
        self._usd = dict(zip(rows[key].itertuples(index=False, name=None), rows["usd_per_hour"], strict=True))

    def usd(self, line: Line, plan_type: str, term_years: int = 0, payment: str = "") -> float:
        """USD an hour of a line; nan where there is no rate."""
        return float(self._usd.get((plan_type, float(term_years), payment, *line.key), np.nan))

    def on_demand_usd(self, lines: Sequence[Line]) -> Floats:
        """On-demand USD an hour of each line. Raises InvalidInput for lines without, with types that look alike."""
        usd = np.array([self.usd(line, "on_demand") for line in lines], float)
        known = self.frame.loc[self.frame["plan_type"] == "on_demand"]
        faults = []
        for at in np.flatnonzero(np.isnan(usd)).tolist():
            line = lines[at]
            types = set(known["instance_type"])
            if line.instance_type not in types:
                faults.append(unknown(f"lines[{at}].instance_type", line.instance_type, types, "type with a rate"))
            else:
                there = sorted({"/".join(row) for row in known.loc[known["instance_type"] == line.instance_type,
                                LINE_COLUMNS[1:]].itertuples(index=False, name=None)})  # fmt: skip
                asked = "/".join(line.key[1:])
                faults.append(
                    Fault(f"lines[{at}]", f"{line.instance_type} {asked}", f"has no rate; known: {', '.join(there)}")
                )
        refuse(faults)
        return usd

    def sold(self, commitment: Commitment) -> pd.DataFrame:
        """The rows that a purchase draws its rates from; empty where AWS does not sell it."""
        rows = self.frame
        found = (rows["plan_type"] == commitment.plan_type) & (rows["term_years"] == commitment.term_years)
        found &= rows["payment"] == commitment.payment
        return rows[found & self._scope(commitment)]

    def _scope(self, commitment: Commitment) -> pd.Series:
        rows = self.frame
        found = pd.Series(True, index=rows.index)
        if commitment.plan_type in RESERVED:
            for name in ("instance_type", "region", "platform", "tenancy"):
                found &= rows[name] == getattr(commitment, name)
        if commitment.plan_type == "ec2_instance":
            found &= (rows["region"] == commitment.region) & (rows["instance_type"].map(family_of) == commitment.family)
        return found

    def commitment_faults(self, commitments: Sequence[Commitment]) -> list[Fault]:
        """What is wrong with purchases: amounts, and what AWS does not sell, with what it sells in its place."""
        faults = []
        for at, commitment in enumerate(commitments):
            where = f"commitments[{at}]"
            if commitment.plan_type not in COMMITTED:
                faults.append(unknown(f"{where}.plan_type", commitment.plan_type, COMMITTED, "commitment"))
                continue
            if not (np.isfinite(commitment.amount) and commitment.amount >= 0):
                faults.append(Fault(f"{where}.amount", commitment.amount, "must be a number that is not negative"))
            if self.sold(commitment).empty:
                scope = self.frame[self._scope(commitment) & self.frame["plan_type"].isin(COMMITTED)]
                offers = (scope["plan_type"] + " " + scope["term_years"].astype(int).astype(str) + " year "
                          + scope["payment"]).unique()  # fmt: skip
                known = f"; sold: {', '.join(sorted(offers))}" if len(offers) else ", nor is any other commitment"
                faults.append(Fault(where, str(commitment), f"is not sold{known}"))
        return faults
