"""The ranked table: which candidates it shows, in which order, and its HTML."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import traitlets

from costlib import display
from costlib.display import escape
from costlib.panels.banner import basis_html
from costlib.planner.explain import plans
from costlib.planner.plan import Plan
from costlib.planner.search import Result
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_ROWS = 100

#: Columns that sort: key, heading, what it says.
SORTS: dict[str, tuple[str, str]] = {
    "rank": ("Rank", "place by expected cost among all plans that hold the deadline"),
    "service": ("Service", "EC2 or SageMaker"),
    "instance_type": ("Instances", "how many of which type"),
    "accelerators": ("Accelerators", "how many in all, of which kind"),
    "region": ("Region / zone", "where; a zone where the price is a zone's"),
    "purchase": ("Bought as", "purchase option, and the plan's terms"),
    "precision": ("Precision", "number format of the training"),
    "hours": ("Hours", "start to finish, expected (low – high)"),
    "cost": ("USD a run", "sum of all items, expected (low – high)"),
}
#: What stands in one column.
HEADINGS = (
    ("rank",),
    ("service",),
    ("instance_type", "accelerators"),
    ("region",),
    ("purchase",),
    ("precision",),
    ("hours",),
    ("cost",),
)


class PlanTable(traitlets.HasTraits):
    """What the table shows of a result: filter words, order, and which variants.

    Each word of ``filter_text`` must be part of the service, type, accelerator, region, zone, purchase option,
    terms or precision. Filter and order work on every candidate; ``MOST_ROWS`` of them are shown.
    """

    filter_text = traitlets.Unicode()
    sort_by = traitlets.Enum(list(SORTS), default_value="rank")
    descending = traitlets.Bool(False)
    all_variants = traitlets.Bool(False)
    include_late = traitlets.Bool(False)

    def rows(self, result: Result) -> Ints:
        """All rows that match, in order: the cheapest of each service, type, region and purchase, or every one."""
        rows = np.lexsort((result.wall_hours, result.cost_usd)) if self.include_late else result.order
        for word in self.filter_text.lower().split():
            rows = rows[_has_word(result, word)(rows)]
        if not self.all_variants:
            rows = result.best_per("service", "instance_type", "region", "purchase", rows=rows)
        keys = _sort_keys(result, self.sort_by, rows)
        if keys is not None:
            # Stable on the cost order that rows have, in both directions.
            rows = rows[np.argsort(-keys if self.descending else keys, kind="stable")]
        elif self.descending:
            rows = rows[::-1]
        return rows

    def sort(self, column: str) -> None:
        """Sorts by a column; a second time turns the order. Unknown columns are ignored."""
        if column not in SORTS:
            return
        if self.sort_by == column:
            self.descending = not self.descending
        else:
            with self.hold_trait_notifications():
                self.sort_by, self.descending = column, False


def ranks(result: Result, rows: Ints) -> list[int]:
    """Place of each row among the candidates that hold the deadline, from 1; 0 for those that miss it."""
    place = np.zeros(len(result.cost_usd), dtype=np.int64)
    place[result.order] = np.arange(1, len(result.order) + 1)
    return [int(rank) for rank in place[rows]]


def table_html(result: Result, table: PlanTable, selected_row: int | None) -> str:
    """The table with its headings (``sort:``) and rows (``row:``) clickable, and a line on what is not shown."""
    rows = table.rows(result)
    shown = rows[:MOST_ROWS]
    made = plans(result, shown)
    bases = result.sources.offers.frame["basis"].iloc[result.candidates.offer[shown]]
    body = "".join(
        _row(int(row), plan, rank, str(basis), row == selected_row)
        for row, plan, rank, basis in zip(shown, made, ranks(result, shown), bases, strict=True)
    )
    head = "".join(f"<th>{'<br>'.join(_heading(key, table) for key in keys)}</th>" for keys in HEADINGS)
    head += "<th title='held at the expected time; could be late: not at the high end of it'>Deadline</th>"
    head += "<th title='how price and hours are known; the total is as weak as the weaker'>Price / hours known as</th>"
    what = "variants" if table.all_variants else "ways (best count and precision of each)"
    note = f"{len(shown):,} of {len(rows):,} {what} shown"
    if not len(rows):
        note = "Nothing matches the filter." if table.filter_text.strip() else "No plan holds the deadline."
    return (
        f"<div class='costlib-note'>{note}. Click a heading to sort, a row to explain it.</div>"
        f"<div class='costlib-scroll'><table class='costlib-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _heading(key: str, table: PlanTable) -> str:
    title, tip = SORTS[key]
    arrow = "" if table.sort_by != key else " ▼" if table.descending else " ▲"
    return f"<span role='button' tabindex='0' data-click='sort:{key}' title='{escape(tip)}'>{title}{arrow}</span>"


def _row(row: int, plan: Plan, rank: int, price_basis: str, is_selected: bool) -> str:
    option = f"<small> {escape(plan.option)}</small>" if plan.option else ""
    accelerators = f"{plan.accelerator_count:g} × {escape(plan.accelerator)}" if plan.accelerator else "no accelerator"
    cost = plan.cost_usd
    cells = (
        str(rank) if rank else "—",
        display.SERVICE_NAMES[plan.service],
        f"{plan.count} × {escape(plan.instance_type)}<small>{accelerators}</small>",
        escape(plan.region) + (f"<small>{escape(plan.az)}</small>" if plan.az else ""),
        f"{display.PURCHASE_NAMES[plan.purchase]}{option}",
        plan.precision,
        f"{display.hours(plan.hours.expected)}<small> {display.hours_band(plan.hours.low, plan.hours.high)}</small>",
        f"<b>{display.usd(cost.expected)}</b><small> {display.usd_band(cost.low, cost.high)}</small>",
        plan.deadline if plan.meets_deadline else f"<span class='costlib-bad'>{plan.deadline}</span>",
        f"{basis_html(price_basis)} {basis_html(plan.hours_basis)}",
    )
    marked = " aria-selected='true'" if is_selected else ""
    return f"<tr tabindex='0' data-click='row:{row}'{marked}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _sort_keys(result: Result, column: str, rows: Ints) -> npt.NDArray[np.float64] | None:
    """Numbers to sort rows by; None for the cost order that rows already have."""
    offers = result.sources.offers
    if column in ("rank", "cost"):
        return None
    if column == "hours":
        return result.wall_hours[rows]
    if column == "accelerators":
        per_type = np.array([result.sources.accelerators_of(name)[1] for name in offers.instance_types])
        counts = result.grid.counts[result.candidates.count_index[rows]]
        return per_type[result.column("instance_type")[rows]] * counts
    names: dict[str, tuple[str, ...]] = {
        "service": tuple(SERVICES),
        "instance_type": offers.instance_types,
        "region": offers.regions,
        "purchase": tuple(PURCHASES),
        "precision": result.grid.precisions,
    }
    place = np.argsort(np.argsort(np.array(names[column], dtype=object)))
    return place[result.column(column)[rows]].astype(float)


def _has_word(result: Result, word: str) -> Callable[[Ints], Bools]:
    """Tells for rows whether any of their names contains the word."""
    offers = result.sources.offers

    def hits(names: tuple[str, ...]) -> Bools:
        return np.array([word in name.lower() for name in names], dtype=bool)

    by_type = hits(tuple(f"{name} {result.sources.accelerators_of(name)[0]}" for name in offers.instance_types))
    by_offer = by_type[offers.instance_type]
    by_offer |= hits(offers.regions)[offers.region]
    by_offer |= hits(tuple(display.SERVICE_NAMES[name] for name in SERVICES))[offers.service]
    by_offer |= hits(tuple(f"{name} {display.PURCHASE_NAMES[name]}" for name in PURCHASES))[offers.purchase]
    for column in ("az", "option"):
        text = offers.frame[column].fillna("").str.lower()
        by_offer |= text.str.contains(word, regex=False).to_numpy(bool)
    by_precision = hits(result.grid.precisions)

    def of_rows(rows: Ints) -> Bools:
        return by_offer[result.candidates.offer[rows]] | by_precision[result.column("precision")[rows]]

    return of_rows
