"""The commitments' back-test as a table, and what of the targets is met."""

from __future__ import annotations

import pandas as pd

from costlib.display import escape
from costlib.models.lookback import DAYS
from costlib.panels.download import csv_link
from costlib.validation.commitments_evidence import ASKED, TARGETS, targets

NAMES = {
    **{f"lookback_{days}": f"look-back of {days} days" for days in DAYS},
    "portfolio": "best portfolio, each year",
    "ladder": "ladder, begun a year before",
    "ladder_from_nothing": "ladder from nothing",
}
WORDS = {"all": "all kinds", "shut_down": "shut down"}


def held_out_html(check: pd.DataFrame) -> str:
    """A ``commitment_check``: the targets, all kinds of trace, and each kind folded away."""
    kinds = [str(kind) for kind in check["kind"].unique() if kind != "all"]
    by_kind = "".join(f"<h4>{escape(WORDS.get(kind, kind))}</h4>{_table(check, kind)}" for kind in kinds)
    return (
        "<h3>Commitments on years held out</h3>"
        "<div class='costlib-note'>All against the look-back rule that is hardest to beat. The first target is the"
        " portfolio's, the last two are the ladder's; half a percent is what the answers themselves are held to.</div>"
        f"{_targets(targets(check))}"
        "<h4>All kinds of trace</h4>"
        "<div class='costlib-note'>Costs and regret are shares of what the mean usage of the two years before costs on"
        " demand; regret is the cost above the best commitment of each year in hindsight.</div>"
        f"{_table(check, 'all')}<details><summary>By kind of trace</summary>{by_kind}</details>"
        f"{csv_link('commitments-held-out.csv', check)}"
    )


def _targets(found: pd.DataFrame) -> str:
    """A row a target, a column a rule: the value, and whether it is met."""
    rows = ""
    for target in TARGETS:
        own = found[found["target"] == target.statistic]
        rows += f"<tr><td>{escape(target.words)}</td>"
        for value, met in zip(own["value"], own["met"], strict=True):
            said = "met" if met else "<b class='costlib-bad'>missed</b>"
            rows += f"<td class='costlib-number'>{100 * value:.1f} %</td><td>{said}</td>"
        rows += "</tr>"
    heads = "".join(f"<th colspan='2'>{escape(NAMES[rule])}</th>" for rule in ASKED)
    return f"<table class='costlib-table'><thead><tr><th>Target</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _table(check: pd.DataFrame, kind: str) -> str:
    """A row a rule of one kind of trace."""
    rows = ""
    for row in check[check["kind"] == kind].to_dict("records"):
        shares = "".join(
            f"<td class='costlib-number'>{100 * row[f'no_worse_than_{days}']:.0f} %"
            f"<small>{100 * row[f'no_dearer_than_{days}']:.0f} % at all</small></td>"
            for days in DAYS
        )
        rows += (
            f"<tr><td>{escape(NAMES[row['rule']])}</td><td class='costlib-number'>{row['mean_cost']:.3f}</td>"
            f"<td class='costlib-number'>{100 * row['saved_fraction']:.1f} %</td>"
            f"<td class='costlib-number'>{row['regret_p95']:.3f}</td>{shares}</tr>"
        )
    heads = "".join(f"<th>No worse than {days} days</th>" for days in DAYS)
    return (
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Rule</th><th>Mean cost</th>"
        f"<th>Saved</th><th>Regret, 95th percentile</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
