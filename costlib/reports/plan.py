"""The plan report: what its template shows."""

from __future__ import annotations

import os
from collections.abc import Mapping

from costlib.errors import Fault, InvalidInput
from costlib.exports.page import Sections, listed_rows
from costlib.planner.answer import open_answer
from costlib.planner.explain import plans
from costlib.planner.ladder import ladder

#: More rows than this are a data set, not a report.
MOST_ROWS = 500


def plan_report(
    workload: str | os.PathLike[str],
    top_n: int,
    discount_percent: Mapping[str, float] | None = None,
    rates_csv: str = "",
) -> Sections:
    """The sections of the report on a workload (YAML text, a path, or an example's name), listing ``top_n`` plans.

    Raises InvalidInput for what is wrong with any of them, or if no plan holds the deadline.
    """
    faults = []
    if not 1 <= top_n <= MOST_ROWS:
        faults.append(Fault("top_n", top_n, f"must be from 1 to {MOST_ROWS}"))
    try:
        result = open_answer(workload, rates_csv or None, discount_percent)
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults]) from None
    if faults:
        raise InvalidInput(faults)
    result.require_on_time()
    return Sections(result, plans(result, listed_rows(result, top_n)), ladder(result))
