"""Tables in place of the models' own types: usage and commitments as frames of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import pandas as pd

from costlib.errors import Fault, unknown
from costlib.models.commitments_inputs import Commitment, Usage, refuse, rows_fault
from costlib.models.commitments_usage import usage_from

NEEDED = ("plan_type", "amount", "term_years", "payment")
KNOWN = tuple(field.name for field in fields(Commitment))


def usage_of(given: Usage | pd.DataFrame) -> Usage:
    """Usage as it is, or from hourly rows (usage_from)."""
    return usage_from(given) if isinstance(given, pd.DataFrame) else given


def commitments_of(given: Sequence[Commitment] | pd.DataFrame) -> Sequence[Commitment]:
    """Commitments as they are, or from rows with the names of Commitment's fields.

    Raises InvalidInput for missing or unknown columns, and for terms and amounts that are not numbers, with rows.
    """
    if not isinstance(given, pd.DataFrame):
        return given
    refuse(
        [Fault("commitments", name, "is missing from the columns") for name in NEEDED if name not in given]
        + [unknown("commitments columns", str(name), KNOWN, "column") for name in given if name not in KNOWN]
    )
    number = {name: pd.to_numeric(given[name], errors="coerce") for name in ("amount", "term_years")}
    faults = [rows_fault(name, given[name], values.isna(), "is not a number") for name, values in number.items()]
    whole = number["term_years"].fillna(0) % 1 != 0
    faults.append(rows_fault("term_years", given["term_years"], whole, "is not a whole number of years"))
    refuse(fault for fault in faults if fault)
    words = {
        str(name): given[name].astype(object).where(given[name].notna(), None) for name in given if name not in number
    }
    return [
        Commitment(
            amount=float(number["amount"].iloc[at]),
            term_years=int(number["term_years"].iloc[at]),
            **{name: column.iloc[at] for name, column in words.items() if column.iloc[at] is not None},
        )
        for at in range(len(given))
    ]
