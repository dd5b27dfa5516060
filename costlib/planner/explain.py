"""From rows of a search to plans with every line explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.basis import weakest
from costlib.planner.lines import ITEMS, Item
from costlib.planner.places import INTERNET_RULE
from costlib.planner.plan import Band, Line, Plan
from costlib.planner.quantities import CHECKPOINT_WRITE_RULE, START_UP_RULE, Quantities, quantities, requeue_rule
from costlib.planner.rates import Note
from costlib.planner.search import Result
from costlib.planner.sources import BANDS
from costlib.units import HOURS_PER_YEAR
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """Where a number comes from."""

    basis: str
    source: str
    as_of: str
    rule: str


def plans(result: Result, rows: Ints | Sequence[int]) -> list[Plan]:
    """The plans of some rows of a search, in that order, with low, expected and high of every line."""
    rows = np.asarray(rows, dtype=np.int64)
    chosen = result.candidates.take(rows)
    ends = [quantities(result.workload, result.sources, result.grid, result.places, chosen, band) for band in BANDS]
    inputs = [[item.inputs(result.workload, end) for end in ends] for item in ITEMS]
    amounts = [[item.cost(values) for values in by_end] for item, by_end in zip(ITEMS, inputs, strict=True)]
    rank = result.rank_of(rows)
    on_front = np.isin(rows, result.front)
    made = []
    for index, row in enumerate(map(int, rows)):
        lines = []
        for number, item in enumerate(ITEMS):
            low, expected, high = (float(amounts[number][end][index]) for end in range(len(BANDS)))
            if low == expected == high == 0.0:
                continue
            values = {name: float(column[index]) for name, column in inputs[number][1].items()}
            origin = _origin(result, item, row)
            lines.append(
                Line(
                    item.name,
                    Band(low, expected, high),
                    origin.basis,
                    origin.source,
                    origin.as_of,
                    item.formula,
                    values,
                    origin.rule,
                )
            )
        made.append(_plan(result, row, index, ends, tuple(lines), int(rank[index]), bool(on_front[index])))
    return made


def _plan(
    result: Result,
    row: int,
    index: int,
    ends: Sequence[Quantities],
    lines: tuple[Line, ...],
    rank: int,
    on_front: bool,
) -> Plan:
    offers = result.sources.offers
    offer = int(result.candidates.offer[row])
    instance_type = offers.instance_types[offers.instance_type[offer]]
    hours = [float(end.wall_hours[index]) for end in ends]
    note = _hours_note(result, row)
    count = int(result.grid.counts[result.candidates.count_index[row]])
    price = offers.usd_per_hour[1][offer]
    commitment_usd = price * count * HOURS_PER_YEAR * offers.term_years[offer]
    accelerator, per_instance = result.sources.accelerators_of(instance_type)
    return Plan(
        service=SERVICES[offers.service[offer]],
        instance_type=instance_type,
        count=count,
        region=offers.regions[offers.region[offer]],
        az=str(offers.words["az"][offer]) or None,
        purchase=PURCHASES[offers.purchase[offer]],
        option=str(offers.words["option"][offer]),
        precision=result.grid.precisions[result.candidates.precision_index[row]],
        accelerator=accelerator,
        accelerator_count=per_instance * count,
        hours=Band(min(hours), hours[1], max(hours)),
        hours_basis=note.basis,
        hours_source=note.source,
        hours_rule=note.rule,
        lines=lines,
        meets_deadline=bool(result.meets_deadline[row]),
        on_front=on_front,
        rank=rank,
        deadline_hours=result.workload.deadline_hours,
        commitment_usd=float(commitment_usd),
    )


def _hours_note(result: Result, row: int) -> Note:
    offer = result.candidates.offer[row]
    number = result.grid.note[
        result.sources.offers.instance_type[offer],
        result.candidates.count_index[row],
        result.candidates.precision_index[row],
    ]
    return result.grid.notes[int(number)]


def _origin(result: Result, item: Item, row: int) -> Row:
    """The price rows of an item, weakened by the hours or the rules that it also rests on."""
    offers = result.sources.offers
    offer = int(result.candidates.offer[row])
    rows = [_price_row(result, price, offer) for price in dict.fromkeys(item.prices)]
    bases = [held.basis for held in rows]
    rules = [f"price: {held.rule}" for held in rows if held.rule]
    sources = [held.source for held in rows]
    committed_years = int(offers.term_years[offer])
    if item.uses_hours:
        note = _hours_note(result, row)
        bases.append(note.basis)
        rules.append(f"hours: {note.rule}" if note.rule else f"hours: {note.basis}")
    if item.name == "compute" and _is_sagemaker_on_demand(result, offer) and offers.ec2_on_demand_row[offer] < 0:
        rules.append("EC2's price is not held here: SageMaker's price over EC2's is inside")
    if item.name in ("compute", "unused_commitment") and committed_years:
        runs = result.workload.runs_per_month
        rules.append(f"commitment: every hour is paid; taken to serve {runs:g} runs a month for its whole term")
    if "offer" in item.prices or "ec2" in item.prices:
        rules += _from_list_price(result, offer)
    if item.name == "unused_commitment" and not committed_years:
        rules.append("Capacity Blocks are sold in whole days up to 14, then in whole weeks up to 182 days")
    if item.name == "result_transfer" and result.workload.dataset.results_to == "internet":
        bases.append("derived")
        rules.append(INTERNET_RULE)
    if item.name == "start_up":
        bases.append("estimate")
        rules.append(f"start-up: {START_UP_RULE[SERVICES[offers.service[offer]]]}")
    if item.name == "spot_rework":
        bases.append("estimate")
        interruptions = result.sources.spot_hazards(result.workload)
        as_of = interruptions.as_of[offer]
        sources.append(f"{interruptions.source[offer]} of {as_of}" if as_of else str(interruptions.source[offer]))
        rules.append(f"rework: Daly 2006, at a constant rate: {interruptions.rule[offer]}")
        rules.append(CHECKPOINT_WRITE_RULE)
        rules.append(requeue_rule(result.workload))
    oldest = min(held.as_of for held in rows)
    return Row(weakest(bases), "; ".join(dict.fromkeys(sources)), oldest, "; ".join(rules))


#: Savings Plans and managed spot that nobody publishes whole are estimated from list prices (prices/estimates).
LIST_PRICE_RULE = "estimated from AWS's list prices: own on-demand rates do not move it; its own rate would replace it"


def _from_list_price(result: Result, offer: int) -> list[str]:
    """With own rates: that they do not move an estimate made from on-demand list prices."""
    offers, book = result.sources.offers, result.sources.book
    service, purchase = SERVICES[offers.service[offer]], PURCHASES[offers.purchase[offer]]
    is_estimate = purchase == "savings_plan" or (service, purchase) == ("sagemaker", "spot")
    return [LIST_PRICE_RULE] if book.overlays and is_estimate and offers.words["basis"][offer] == "estimate" else []


def _is_sagemaker_on_demand(result: Result, offer: int) -> bool:
    offers = result.sources.offers
    return (SERVICES[offers.service[offer]], PURCHASES[offers.purchase[offer]]) == ("sagemaker", "on_demand")


def _price_row(result: Result, price: str, offer: int) -> Row:
    """One of the price rows that Item.prices names."""
    offers, places = result.sources.offers, result.places
    if price in ("offer", "ec2"):
        known = offers.ec2_on_demand_row[offer]
        at = known if price == "ec2" and known >= 0 and _is_sagemaker_on_demand(result, offer) else offer
        return Row(**{name: str(offers.words[name][at]) for name in ("basis", "source", "as_of", "rule")})
    region = offers.region[offer]
    held = {
        "home_storage": places.home_storage,
        "storage": places.storage[region],
        "transfer": places.transfer[region],
        "results": places.results[region],
        "requests": places.requests[region],
    }[price]
    assert held is not None, "a candidate without a storage or transfer price was costed"
    return Row(held.basis, held.source, held.as_of, held.rule)


def explain(plan: Plan) -> list[Mapping[str, object]]:
    """Every line of a plan as a row: item, amount, formula with its numbers filled in, source, date, basis, rule."""
    return [
        {
            "item": line.item,
            "usd": line.usd.expected,
            "usd_low": line.usd.low,
            "usd_high": line.usd.high,
            "formula": line.formula,
            "numbers": ", ".join(_shown(line.inputs)),
            "basis": line.basis,
            "source": line.source,
            "as_of": line.as_of,
            "rule": line.rule,
        }
        for line in plan.lines
    ]


def _shown(inputs: Mapping[str, float | str]) -> Iterable[str]:
    for name, value in inputs.items():
        yield f"{name} = {value:,.6g}" if isinstance(value, float) else f"{name} = {value}"
