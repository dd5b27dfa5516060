"""What is said of regions, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from costlib.display import PURCHASE_NAMES, escape, share, usd, usd_band
from costlib.exports.region_text import following_line, size
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.region_fields import WAY_NAMES
from costlib.panels.region_state import RegionView
from costlib.planner.lines import NOT_COSTED
from costlib.planner.region.amounts import RULES
from costlib.planner.region.campaign import Following
from costlib.planner.region.constraints import NEAR_RULE

#: Regions that the table shows; the file has all.
MOST_ROWS = 40


def answer_html(view: RegionView, note: str) -> str:
    """The cheapest region net of data, what the price alone would have picked, and what that mistake costs."""
    answer, ranking = view.answer, view.answer.rankings[view.way]
    best = view.frame.iloc[0]
    wrong = view.price_only
    mistake = answer.mistake_usd(view.way)
    months = f"{answer.months:g} {'month' if answer.months == 1 else 'months'}"
    runs = f"{answer.runs:,.4g} {'run' if answer.runs == 1 else 'runs'}"
    band = usd_band(best["total_usd_low"], best["total_usd_high"])
    said = (
        f"<b>{escape(best['region'])}</b> is cheapest, {PURCHASE_NAMES[best['purchase']]}:"
        f" <b>{usd(best['total_usd'])}</b> a run ({band} by the price of instances), of it"
        f" {usd(best['data_usd'])} for data; {usd(best['campaign_usd'])} for {runs} in {months}."
    )
    if ranking.price_only == int(ranking.order[0]):
        said += f" The price of instances alone picks {escape(wrong)}, too."
    else:
        said += (
            f" <span class='costlib-bad'>By the price of instances alone it would be {escape(wrong)}:"
            f" <b>{usd(mistake)}</b> a run more, {usd(mistake * answer.runs)} over the campaign.</span>"
        )
    plan = f"{best['count']} × {best['instance_type']}"
    notes = "; ".join([*([note] if note else []), *answer.taken])
    small = f"{escape(answer.constrained.name)}: {escape(plan)}. {escape(notes)}{'.' if notes else ''}"
    return f"<div class='costlib-answer'>{said}<br><small>{small}</small></div>"


def turning_html(view: RegionView) -> str:
    """From which size on which region is cheapest, in words."""
    pieces = view.answer.by_size(view.way)
    told = ", ".join(f"from {size(start)} on {escape(region)}" if start else escape(region) for start, region in pieces)
    return (
        f"<div>Cheapest by the size of the dataset: {told}. Yours is {size(view.answer.constrained.dataset.gib)}."
        f"</div><div class='costlib-note'>{escape(RULES['break_even'])}</div>"
    )


def table_of(view: RegionView) -> str:
    """The ranking, with the other ways to buy side by side."""
    ranked = view.frame[view.frame["rank"] > 0]
    rows = "".join(_row(view, row) for row in ranked.head(MOST_ROWS).to_dict("records"))
    others = [way for way in WAY_NAMES if way in view.answer.rankings and way != view.way]
    heads = (
        ("Rank", "net of data; in brackets: by the price of instances alone"),
        ("Region", "and the city that stands for it"), ("Plan", "the cheapest there"),
        ("USD a run", "low – high by the price of instances"),
        ("Of it", "instances; and data: copy, changes, requests, storage, results"),
        *((WAY_NAMES[way], "USD a run and its rank") for way in others),
        ("Pays up to", "the size of the dataset, and from how many runs of the campaign on, against home"),
        ("Price", "of the instances: basis, day and source"),
    )  # fmt: skip
    return table_html(heads, rows)


def _row(view: RegionView, row: dict[Any, Any]) -> str:
    answer = view.answer
    number = answer.regions.index(row["region"])
    others = [way for way in WAY_NAMES if way in answer.rankings and way != view.way]
    city = row["city"] or ("zone" if row["country"] is None else "")
    country = f", {row['country']}" if row["country"] else ""
    option = f" {row['option']}" if row["option"] else ""
    home = number == answer.home
    place = "data are here" if home else escape(f"{city}{country}")
    bought = escape(f"{PURCHASE_NAMES[row['purchase']]}{option}")
    return (
        f"<tr><td>{row['rank']}<small>({row['rank_by_price_only'] or '–'})</small></td>"
        f"<td style='white-space: nowrap'>{escape(row['region'])}<small>{place}</small></td>"
        f"<td>{row['count']} × {escape(row['instance_type'])}"
        f"<small>{bought}</small></td>"
        f"<td class='costlib-number'><b>{usd(row['total_usd'])}</b>"
        f"<small>{usd_band(row['total_usd_low'], row['total_usd_high'])}</small></td>"
        f"<td class='costlib-number'>{usd(row['compute_usd'])}<small>data {usd(row['data_usd'])}</small></td>"
        + "".join(f"<td class='costlib-number'>{_other(view, way, number)}</td>" for way in others)
        + f"<td class='costlib-number'>{'' if home else _even_gib(row['break_even_gib'])}"
        f"<small>{_even_runs(row['break_even_runs'])}</small></td>"
        f"<td>{basis_html(row['price_basis'])}<small>{escape(row['price_as_of'])}</small>"
        f"<small style='overflow-wrap: anywhere'>{escape(row['price_source'])}</small></td></tr>"
    )


def _other(view: RegionView, way: str, number: int) -> str:
    ranking = view.answer.rankings[way]
    if not ranking.rank[number]:
        return "–"
    return f"{usd(float(ranking.best.total_usd[number]))}<small>{ranking.rank[number]}.</small>"


def _even_gib(gib: float) -> str:
    return "never" if gib == 0 else size(gib)


def _even_runs(runs: float) -> str:
    return "" if math.isnan(runs) else "" if math.isinf(runs) else f"from {runs:,.1f} runs"


def left_out_html(view: RegionView) -> str:
    """Why the others are not ranked, grouped by reason."""
    rest = view.frame[view.frame["rank"] == 0]
    items = "".join(
        f"<li>{escape(str(reason))}: {escape(', '.join(rows['region']))}</li>"
        for reason, rows in rest.groupby("reasons", sort=False)
    )
    return (
        f"<details class='costlib-note'><summary>{len(rest)} regions and zones are not ranked</summary>"
        f"<ul>{items}</ul></details>"
    )


def sure_html(view: RegionView) -> str:
    """How sure the ranking is, from what is held, and what is not."""
    told: dict[str, Any] = view.stability
    said = [f"The prices are one a region, of {told['prices_from']} to {told['prices_to']}: not all of one day."]
    if told["price_may_rise_fraction"] is not None:
        rise = share(told["price_may_rise_fraction"])
        said.append(f"The first stays ahead until its instances' price rises by {rise}.")
    could = ", ".join(escape(region) for region in told["could_win"])
    said.append(f"By the low and high ends of prices these could be the cheapest: {could}.")
    then = told["us_east_1_on_demand"]
    if then is not None and len(then["prices"]) > 1:
        earlier = "; ".join(
            f"${row['usd_per_hour']:,.2f} ({row['first_seen']} – {row['last_seen']}): rank {row['rank']}"
            for row in then["prices"]
        )
        said.append(f"us-east-1's list price of {escape(then['instance_type'])} was {earlier}.")
    elif then is not None:
        row = then["prices"][0]
        said.append(
            f"us-east-1's list price of {escape(then['instance_type'])} has not changed from {row['first_seen']} to"
            f" {row['last_seen']}."
        )
    looks = told["spot_two_looks"]
    if looks is not None:
        said.append(
            f"Spot was seen twice, {looks['earlier']} and {looks['later']}: the cheapest region was the same for"
            f" {looks['cheapest_stayed']} of {looks['types']} types, and {looks['pairs_in_order']:,} of"
            f" {looks['pairs']:,} pairs of regions kept their order."
        )
    before = told["spot_earlier"]
    if before is not None:
        first = before["regions"][0]
        now = next(row for row in before["regions"] if row["rank_now"] == 1)
        said.append(
            f"Of the {len(before['regions'])} regions whose type was seen at both, the first at the prices of"
            f" {before['as_of']} was {escape(first['region'])}; now it is {escape(now['region'])}."
        )
    spot = told["us_east_1_spot"]
    if spot is not None:
        said.append(
            f"In us-east-1 {escape(spot['instance_type'])} strayed by {share(spot['price_cv_fraction'])} from its mean,"
            f" {spot['from']} to {spot['to']}."
        )
    rules = [told["could_win_rule"], *(part["rule"] for part in (then, looks, before, spot) if part)]
    return f"<div>{' '.join(said)}</div>{_details('How this is known, and what is not', rules)}"


def following_html(found: Following | None, nothing: str) -> str:
    """What following prices comes to, or what is missing for it."""
    if found is None:
        return f"<div class='costlib-note'>{escape(nothing)}</div>"
    saved = ""
    if math.isfinite(found.saved_usd):
        less = f" <b>{usd(found.saved_usd)}</b> less than staying."
        saved = less if found.saved_usd > 0.005 else " Staying is as cheap."
    return (
        f"<div>{escape(following_line(found))}.{saved} A move takes {found.changeover_hours:.2g} h of paid"
        f" instances.</div><div class='costlib-note'>{escape(found.rule)}</div>"
    )


def rules_html(view: RegionView) -> str:
    """How the amounts come about, and what they leave out."""
    near = [NEAR_RULE] if view.answer.near is not None else []
    rules = _details("How this is reckoned", [*RULES.values(), *near])
    return f"{rules}<div class='costlib-note'>{escape(NOT_COSTED)}</div>"


def _details(summary: str, rules: Iterable[object]) -> str:
    items = "".join(f"<li>{escape(str(rule))}</li>" for rule in rules)
    return f"<details class='costlib-note'><summary>{escape(summary)}</summary><ul>{items}</ul></details>"
