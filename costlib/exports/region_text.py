"""Which region, as tables for a terminal."""

from __future__ import annotations

import math

from costlib import display
from costlib.exports.terminal import plain, table
from costlib.planner.lines import NOT_COSTED
from costlib.planner.region.answer import RegionAnswer
from costlib.planner.region.campaign import Following
from costlib.planner.region.ranking import ANY
from costlib.planner.region.stability import stability

#: Regions that a table shows; --json has all.
MOST_ROWS = 15
WAY_NAMES = {"on_demand": "on-demand", "spot": "spot", "reserved": "reserved", "savings_plan": "Savings Plan"}


def region_text(answer: RegionAnswer, followed: Following | None, recorded: Following | None) -> str:
    """The answer first, then regions side by side, break-even, how sure it is, and what following prices would do."""
    made = [answer_line(answer), mistake_line(answer), "", _regions(answer), "", _by_size(answer), "", _sure(answer)]
    for following in (followed, recorded):
        if following is not None:
            made += ["", following_line(following), plain(following.rule)]
    made += ["", *(f"{plain(said)}." for said in answer.taken), "", NOT_COSTED]
    return "\n".join(made)


def answer_line(answer: RegionAnswer) -> str:
    """The cheapest region net of data, in a sentence."""
    row = answer.row(ANY, int(answer.overall.order[0]))
    return (
        f"{row['region']}: {row['count']} x {row['instance_type']}, {_bought(row)}:"
        f" {display.usd(_float(row['total_usd']))} a run, of it {display.usd(_float(row['data_usd']))} for data;"
        f" {display.usd(_float(row['campaign_usd']))} over {_campaign(answer)}"
    )


def mistake_line(answer: RegionAnswer) -> str:
    """What the price of instances alone would have picked, and what that costs."""
    wrong, right = answer.overall.price_only, int(answer.overall.order[0])
    region, mistake = answer.regions[wrong], answer.mistake_usd(ANY)
    if wrong == right:
        return f"The price of instances alone picks {region}, too."
    return (
        f"The price of instances alone picks {region}, which costs {display.usd(mistake)} a run more:"
        f" {display.usd(mistake * answer.runs)} over the campaign."
    )


def following_line(following: Following) -> str:
    """What following prices costs against staying."""
    moves = f"{following.followed.moves} {'move' if following.followed.moves == 1 else 'moves'}"
    told = f"Following {following.count} x {following.instance_type} over {len(following.periods)} periods: "
    told += f"{display.usd(following.followed.usd)} with {moves} ({display.usd(following.followed.moves_usd)})"
    if not math.isfinite(following.stay_usd):
        return f"{told}; no place is sold throughout"
    each = f"; the cheapest of each period whatever moves cost: {display.usd(following.each.usd)}"
    return f"{told}; staying in {following.stay_place}: {display.usd(following.stay_usd)}{each}"


def _regions(answer: RegionAnswer) -> str:
    even = answer.even(ANY)
    order = answer.overall.order
    others = [way for way in WAY_NAMES if way in answer.rankings]
    rows = []
    for number in map(int, order[:MOST_ROWS]):
        row = answer.row(ANY, number, even)
        rows.append(
            (row["rank"], row["region"], f"{row['count']} x {row['instance_type']}", _bought(row),
             display.usd(_float(row["compute_usd"])), display.usd(_float(row["data_usd"])),
             display.usd(_float(row["total_usd"])), row["rank_by_price_only"],
             *(_other(answer, way, number) for way in others), _even_gib(answer, number, float(even.gib[number])),
             _even_runs(float(even.runs[number])), row["price_as_of"])
        )  # fmt: skip
    heads = (
        "rank", "region", "instances", "bought", "compute", "data", "USD a run", "by price", *(WAY_NAMES[way] for way
        in others), "pays to", "pays from", "price of",
    )  # fmt: skip
    right = ("rank", "compute", "data", "USD a run", "by price", *WAY_NAMES.values(), "pays to", "pays from")
    left = len(answer.regions) - len(order)
    body = table(heads, rows, right=right)
    return (
        f"{body}\nthe best {len(rows)} of {len(order)} regions and zones; {left} more are not ranked (--json says why)"
    )


def _other(answer: RegionAnswer, way: str, number: int) -> str:
    ranking = answer.rankings[way]
    total = float(ranking.best.total_usd[number])
    return f"{ranking.rank[number]}. {display.usd(total)}" if ranking.rank[number] else "-"


def _even_gib(answer: RegionAnswer, number: int, gib: float) -> str:
    if number == answer.home:
        return "home"
    return size(gib) if gib else "never"


def _even_runs(runs: float) -> str:
    return "" if math.isnan(runs) else "never" if math.isinf(runs) else f"{runs:,.1f} runs"


def size(gib: float) -> str:
    """A size of data: AWS's TB is 1,024 GB, here TiB and GiB."""
    if math.isnan(gib):
        return ""
    return "any size" if math.isinf(gib) else f"{gib / 1024:,.2f} TiB" if gib >= 1024 else f"{gib:,.1f} GiB"


def _by_size(answer: RegionAnswer) -> str:
    pieces = answer.by_size(ANY)
    told = ", ".join(f"from {size(start)} {region}" if start else region for start, region in pieces)
    return f"cheapest by the size of the dataset: {told} (the data are {size(answer.constrained.dataset.gib)})"


def _sure(answer: RegionAnswer) -> str:
    told = stability(answer.result, answer.overall, answer.facts)
    could = [str(region) for region in told["could_win"]]  # type: ignore[attr-defined]
    made = [
        f"prices of {told['prices_from']} to {told['prices_to']}, one a region;"
        f" could be the cheapest: {', '.join(could)}"
    ]
    rise = told["price_may_rise_fraction"]
    if rise is not None:
        made.append(f"the first stays ahead until its instances' price rises by {display.share(_float(rise))}")
    if answer.facts.looks is not None:
        looks = answer.facts.looks
        made.append(
            f"spot at two dates ({looks.earlier}, {looks.later}): the cheapest region stayed so for"
            f" {looks.cheapest_stayed} of {looks.types} types; {looks.pairs_in_order} of {looks.pairs} pairs of"
            " regions kept their order"
        )
    earlier = told["spot_earlier"]
    if isinstance(earlier, dict):
        first = earlier["regions"][0]["region"]
        made.append(f"at the spot prices of {earlier['as_of']} the first of those seen twice was {first}")
    return "\n".join(made)


def _campaign(answer: RegionAnswer) -> str:
    months = f"{answer.months:g} {'month' if answer.months == 1 else 'months'}"
    return f"{answer.runs:,.4g} {'run' if answer.runs == 1 else 'runs'} in {months}"


def _bought(row: dict[str, object]) -> str:
    option = f" ({row['option']})" if row["option"] else ""
    service = " SageMaker" if row["service"] == "sagemaker" else ""
    return f"{display.PURCHASE_NAMES[str(row['purchase'])]}{option}{service}"


def _float(value: object) -> float:
    return float(str(value))
