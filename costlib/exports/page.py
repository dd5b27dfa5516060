"""An answer as sections of HTML, and as one self-contained page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from costlib.exports import html
from costlib.exports.tables import about_rows, exclusions_frame, ladder_frame, records
from costlib.figures import breakdown, cost_time
from costlib.figures import ladder as ladder_figure
from costlib.planner.explain import explain
from costlib.planner.explain import plans as plans_of
from costlib.planner.ladder import Ladder
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Plan
from costlib.planner.search import Result

#: Bars of the itemised chart; more do not fit a page.
MOST_BARS = 8


@dataclass(frozen=True)
class Sections:
    """The parts of a document about one search; ``plans`` are those to list."""

    result: Result
    plans: Sequence[Plan]
    ladder: Ladder

    @property
    def title(self) -> str:
        """The document's title."""
        return f"What {self.result.workload.name} costs on AWS"

    def head(self) -> Markup:
        """The title and the date of the prices."""
        return Markup('<h1>{}</h1><p class="banner">{}</p>').format(self.title, self.result.sources.book.banner)

    def answer(self) -> Markup:
        """The best plan in a few words; or that none holds the deadline."""
        best = self.best
        if best is None:
            text = "No plan holds the deadline of {:g} hours; the fastest takes {:,.4g} hours."
            fastest = float(self.result.wall_hours.min())
            return Markup('<div class="answer">' + text + "</div>").format(self.result.workload.deadline_hours, fastest)
        workload = self.result.workload
        return html.section("answer", best, workload.runs_per_month, workload.deadline_hours)

    @property
    def best(self) -> Plan | None:
        """The cheapest plan that holds the deadline."""
        found = plans_of(self.result, self.result.order[:1])
        return found[0] if found else None

    def cost_time_chart(self) -> Markup:
        """Cost over time of all kinds of plan."""
        best = int(self.result.order[0]) if len(self.result.order) else None
        return html.chart(cost_time.figure(self.result, best), "cost-time")

    def breakdown_chart(self) -> Markup:
        """What the cost is made of."""
        shown = list(self.plans[:MOST_BARS])
        return html.chart(breakdown.figure(shown, self.result.sources.book.banner), "breakdown")

    def ladder_chart(self) -> Markup:
        """The savings ladder."""
        plans = cost_time.describe(self.result, self.ladder.rows)
        banner = self.result.sources.book.banner
        return html.chart(ladder_figure.detailed(self.ladder, banner, plans), "ladder")

    def plans_table(self) -> Markup:
        """The listed plans."""
        return html.section("plans", self.plans)

    def lines_table(self) -> Markup:
        """Every item of the best plan, with formula, numbers, source and date."""
        best = self.best
        return Markup() if best is None else html.section("lines", best, explain(best), NOT_COSTED)

    def sources_table(self) -> Markup:
        """Where the prices of the listed plans come from; what is not in the book's list is its own address."""
        table = self.result.sources.book.table("prices/sources")
        where = dict(zip(table["source"], table["where"], strict=True))
        text = " ".join(line.source for plan in self.plans for line in plan.lines)
        named = sorted(set(re.split(r"[;,\s]+", text)) & set(where))
        return html.section("sources", [(name, where[name]) for name in named])

    def ladder_table(self) -> Markup:
        """The savings ladder in numbers."""
        rows = records(ladder_frame(self.result, self.ladder))
        return html.section("ladder", rows, self.ladder.summary)

    def exclusions_table(self) -> Markup:
        """What fell out, why, and how many."""
        rows = records(exclusions_frame(self.result))
        return html.section("exclusions", rows, self.result.enumerated, len(self.result.order))

    def workload_text(self) -> Markup:
        """The workload as YAML."""
        return Markup("<pre>{}</pre>").format(self.result.workload.to_yaml())


def to_html(result: Result, plans: Sequence[Plan], ladder: Ladder) -> bytes:
    """One page with charts and tables that opens without a network and prints well."""
    made = Sections(result, plans, ladder)
    parts = [
        made.head(),
        made.answer(),
        html.library(),
        _titled("The best plans", made.plans_table()),
        _titled("Cost and time", made.cost_time_chart()),
        _titled("What the cost is made of", made.breakdown_chart(), made.lines_table()),
        _titled("Where the savings come from", made.ladder_chart(), made.ladder_table()),
        _titled("What fell out", made.exclusions_table()),
        _titled("Sources", made.sources_table()),
        _titled("The workload", made.workload_text()),
    ]
    return html.page(made.title, Markup("\n").join(parts), about_rows(result))


def _titled(title: str, *parts: Markup) -> Markup:
    return Markup("<section><h2>{}</h2>\n{}</section>").format(title, Markup("\n").join(parts))


def listed_rows(result: Result, top_n: int) -> np.ndarray:
    """The rows a document lists: the cheapest of each service, type, purchase option and region, ``top_n`` of them."""
    return result.best_per("service", "instance_type", "purchase", "region")[:top_n]
