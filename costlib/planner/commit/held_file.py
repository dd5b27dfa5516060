"""Commitments already in force, from a user's CSV or Parquet file, with every fault in it named at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from costlib.errors import Fault, unknown
from costlib.models.commitments_inputs import (
    COMMITTED,
    PAYMENTS,
    RESERVED,
    TERMS_YEARS,
    Commitment,
    Rates,
    refuse,
)
from costlib.models.commitments_usage import hours_of
from costlib.models.normalization import family_of
from costlib.planner.commit.usage_names import is_zone_of
from costlib.planner.table_file import column_faults, read_bytes, table_of

REQUIRED = ("plan_type", "amount", "term_years", "payment", "ends")
OPTIONAL = ("instance_type", "family", "region", "zone", "account")
#: What says where each plan type holds; what it must name, and what it may.
NEEDED = {**dict.fromkeys(RESERVED, ("instance_type", "region")), "ec2_instance": ("family", "region")}
ALLOWED = {**dict.fromkeys(RESERVED, ("instance_type", "region", "zone")), "ec2_instance": ("family", "region")}
SCOPE = ("instance_type", "family", "region", "zone")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = pd.Timedelta(hours=1)

Held = tuple[tuple[Commitment, int], ...]


def read_held(path: str | os.PathLike[str], rates: Rates, as_of_hour: pd.Timestamp) -> Held:
    """The commitments in a file, each with the whole hours from ``as_of_hour`` until it ends.

    Columns ``plan_type, amount`` (instances, or USD an hour of a Savings Plan), ``term_years, payment, ends``, and
    ``instance_type, family, region, zone, account`` where the plan type has them. ``ends`` is a time, UTC if it has no
    zone; a day alone counts whole. ``rates`` must hold all that is sold, not only what runs. Rows are named as a
    spreadsheet shows them: the header is row 1. Raises InvalidInput with everything that is wrong.
    """
    return held_of(read_bytes(path, "commitments"), Path(path).name, rates, as_of_hour)


def held_of(content: bytes, name: str, rates: Rates, as_of_hour: pd.Timestamp) -> Held:
    """As ``read_held``, from what a file holds; ``name`` is what faults call it."""
    cells = table_of(content, name, "commitments")
    columns = [str(column) for column in cells]
    known = (*REQUIRED, *OPTIONAL)
    faults, strange = column_faults(columns, REQUIRED, known, "commitments")
    faults += [unknown("commitments columns", column, known, "column") for column in strange]
    refuse(faults)
    now = as_of_hour.tz_localize("UTC") if as_of_hour.tzinfo is None else as_of_hour.tz_convert("UTC")
    held = []
    for row, line in zip(cells.index, cells.astype(object).to_dict("records"), strict=True):
        one = {column: str(line.get(column, "")) for column in known}
        wrong = [*_row_faults(one, rates), *_end_faults(one, now)]
        if not wrong:
            commitment = _commitment(one)
            wrong = [replace(fault, field="commitment") for fault in rates.commitment_faults([commitment])]
            held.append((commitment, _hours_left(one["ends"], now)))
        faults += [replace(fault, field=f"row {row} {fault.field}") for fault in wrong]
    refuse(faults)
    return tuple(held)


def _row_faults(line: Mapping[str, str], rates: Rates) -> Iterator[Fault]:
    """What is wrong with the cells of a row, but for its end."""
    plan_type = line["plan_type"]
    if plan_type not in COMMITTED:
        yield unknown("plan_type", plan_type, COMMITTED, "commitment")
    amount = _number(line["amount"])
    if not (np.isfinite(amount) and amount > 0):
        yield Fault("amount", line["amount"], "must be a number above 0")
    elif plan_type in RESERVED and not amount.is_integer():
        yield Fault("amount", line["amount"], "must be a whole number of instances")
    if _number(line["term_years"]) not in TERMS_YEARS:
        yield Fault("term_years", line["term_years"], f"is not sold: {' or '.join(map(str, TERMS_YEARS))}")
    if line["payment"] not in PAYMENTS:
        yield unknown("payment", line["payment"], PAYMENTS, "payment option")
    if plan_type in COMMITTED:
        yield from _scope_faults(line, rates)


def _scope_faults(line: Mapping[str, str], rates: Rates) -> Iterator[Fault]:
    plan_type = line["plan_type"]
    for name in SCOPE:
        if not line[name] and name in NEEDED.get(plan_type, ()):
            yield Fault(name, "", f"is empty: {plan_type} holds for one {name.replace('_', ' ')} only")
        if line[name] and name not in ALLOWED.get(plan_type, ()):
            yield Fault(name, line[name], f"does not limit what {plan_type} covers: leave it empty")
    types = rates.frame.loc[rates.frame["service"] == "ec2", "instance_type"].unique()
    regions = rates.frame["region"].unique()
    allowed = ALLOWED.get(plan_type, ())
    for name, options in (
        ("instance_type", set(types)),
        ("family", {family_of(one) for one in types}),
        ("region", set(regions)),
    ):
        if name in allowed and line[name] and line[name] not in options:
            yield unknown(name, line[name], options, f"{name.replace('_', ' ')} with a rate")
    if "zone" in allowed and line["zone"] and line["region"] and not is_zone_of(line["zone"], line["region"]):
        yield Fault("zone", line["zone"], f"is not a zone of {line['region']}")


def _end_faults(line: Mapping[str, str], now: pd.Timestamp) -> Iterator[Fault]:
    ends = _end(line["ends"])
    if ends is pd.NaT:
        yield Fault("ends", line["ends"], "is not a day or a time, as 2027-03-31 is")
    elif ends - now < _HOUR:
        yield Fault("ends", line["ends"], f"has ended by {now:%Y-%m-%d %H:%M} UTC: leave it out")
    else:
        term_years = _number(line["term_years"])
        # A day's grace: a day alone counts to its end.
        if term_years in TERMS_YEARS and ends > now + pd.DateOffset(years=int(term_years), days=1):
            yield Fault("ends", line["ends"], f"is further off than a {term_years:g}-year term can be")


def _end(text: str) -> pd.Timestamp:
    time = hours_of(pd.Series([text])).iloc[0]
    return time + pd.Timedelta(days=1) if _DAY.fullmatch(text) and time is not pd.NaT else time


def _hours_left(text: str, now: pd.Timestamp) -> int:
    return int((_end(text) - now) // _HOUR)


def _number(text: str) -> float:
    return float(pd.to_numeric(pd.Series([text], dtype=object), errors="coerce").iloc[0])


def _commitment(line: Mapping[str, str]) -> Commitment:
    return Commitment(
        line["plan_type"],
        _number(line["amount"]),
        int(_number(line["term_years"])),
        line["payment"],
        instance_type=line["instance_type"] or None,
        family=line["family"] or None,
        region=line["region"] or None,
        zone=line["zone"] or None,
        account=line["account"],
    )
