"""The regions of a run: against a plain loop over them, and where the price of instances alone is wrong."""

from __future__ import annotations

import json
import math

import pytest

from costlib.errors import CostlibError, InvalidInput
from costlib.planner.explain import plans
from costlib.planner.lines import DATA_ITEMS
from costlib.planner.region.amounts import DATA_LINES
from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.ranking import ANY, WAYS
from costlib.planner.region.stability import PriceFacts
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.workload import Workload

CENT = 0.005


def data_usd(workload: Workload, sources: Sources, region: str, checkpoint_hours: float) -> float:
    """What the data cost a run in a region, from single look-ups."""
    book, data = sources.book, workload.dataset
    months = workload.campaign_months or 1.0
    runs = max(workload.runs_per_month * months, 1.0)
    parent = sources.parent_region(region)
    home = sources.parent_region(data.home_region)
    usd = book.s3_storage(home).amount * data.gib / workload.runs_per_month
    storage = book.s3_storage(parent).amount
    usd += storage * workload.checkpoint.gib * workload.checkpoint.kept * checkpoint_hours / 730
    if parent == home:
        return usd
    changed = data.changed_gib_per_month or 0.0
    transfer = book.transfer(home, parent).amount
    usd += transfer * data.gib / runs
    usd += transfer * changed * months / runs
    usd += storage * data.gib * months / runs
    usd += book.transfer(parent, home).amount * (data.result_gib_per_run or 0.0)
    put = (
        book.table("prices/s3")
        .query("storage_class == 'STANDARD' and item == 'put_copy_post_list' and region == @parent")["usd"]
        .iloc[0]
    )
    copied = (data.objects or 0) * (1 + changed * months / data.gib)
    return float(usd + put / 1000 * copied / runs)


@pytest.mark.parametrize("way", WAYS)
def test_every_region_is_what_a_plain_loop_over_regions_finds(
    answer: RegionAnswer, far: Workload, sources: Sources, way: str
) -> None:
    """A search of each region alone, its first plan's own lines, and its data from single look-ups; to the cent."""
    ranking = answer.rankings[way]
    totals = {}
    for number, region in enumerate(answer.regions):
        if sources.partition_of(region) != "aws":
            continue
        changes: dict[str, object] = {"search.regions": [region]}
        if way != ANY:
            changes["search.purchase"] = [way]
        try:
            alone = search(far.changed(changes, sources.vocabulary), sources)
            alone.require_on_time()
        except CostlibError:
            assert ranking.rank[number] == 0, region
            continue
        best = plans(alone, alone.order[:1])[0]
        compute = sum(line.usd.expected for line in best.lines if line.item not in DATA_ITEMS)
        totals[region] = compute + data_usd(far, sources, region, best.hours.expected)
        row = answer.row(way, number)
        assert row["total_usd"] == pytest.approx(best.cost_usd.expected, abs=CENT), region
        assert row["total_usd"] == pytest.approx(totals[region], abs=CENT), region
        assert row["compute_usd"] == pytest.approx(compute, abs=CENT), region
    expected = sorted(totals, key=lambda region: totals[region])
    assert len(expected) > 10
    ranked = [answer.regions[number] for number in ranking.order]
    assert set(ranked) == set(expected)
    # Regions of the same cost may stand in either order.
    assert [totals[region] for region in ranked] == pytest.approx([totals[region] for region in expected], abs=CENT)


def test_the_best_region_is_the_first_plan_of_costlib_plan(
    answer: RegionAnswer, far: Workload, sources: Sources
) -> None:
    result = search(far, sources)
    first = plans(result, result.order[:1])[0]
    best = answer.row(ANY, int(answer.overall.order[0]))
    assert best["region"] == first.region and best["instance_type"] == first.instance_type
    by_item = {line.item: line.usd.expected for line in first.lines}
    for name, item in DATA_LINES.items():
        assert best["lines"][name] == pytest.approx(by_item.get(item, 0.0)), name  # type: ignore[index]
    assert best["total_usd"] == pytest.approx(first.cost_usd.expected, abs=CENT)
    assert set(DATA_LINES.values()) == DATA_ITEMS


def test_price_alone_is_the_cheapest_without_data(answer: RegionAnswer, far: Workload, sources: Sources) -> None:
    nothing = {"dataset.gib": 0, "dataset.changed_gib_per_month": None, "dataset.result_gib_per_run": None,
               "dataset.objects": None, "checkpoint.gib": far.checkpoint.gib}  # fmt: skip
    bare = region_answer(far.changed(nothing, sources.vocabulary), sources, facts=answer.facts)
    assert bare.regions[bare.overall.order[0]] == answer.regions[answer.overall.price_only]


def test_price_alone_does_not_see_the_storage_of_checkpoints(
    far: Workload, sources: Sources, facts: PriceFacts
) -> None:
    """With thousands of large checkpoints a faster, dearer plan is cheaper in all; instances' prices miss that."""
    heavy = far.changed(
        {"checkpoint.gib": 400, "checkpoint.kept": 20_000, "search.purchase": ["on_demand"], "search.services": ["ec2"],
         "search.regions": ["us-east-1", "eu-west-1"]}, sources.vocabulary,
    )  # fmt: skip
    found = region_answer(heavy, sources, facts=facts)
    ranking, result = found.overall, found.result
    number = found.regions.index("us-east-1")
    assert ranking.by_price.rows[number] != ranking.best.rows[number]
    held = [row for row in result.order.tolist() if result.column("region")[row] == number]
    least = min(
        sum(line.usd.expected for line in plan.lines if line.item not in DATA_ITEMS) for plan in plans(result, held)
    )
    assert ranking.by_price.compute_usd[number] == pytest.approx(least)
    assert ranking.by_price.compute_usd[number] < ranking.best.compute_usd[number]
    assert ranking.by_price.total_usd[number] > ranking.best.total_usd[number]


EU_TEXT = """kind: training
name: five-tb
model: {{parameters: {parameters}, layers: {layers}, hidden: {hidden}, heads: {heads}, sequence_length: 1024}}
work: {{tokens: {tokens}, tokens_per_step: {step}}}
precision: [bf16]
dataset: {{gib: 5000, home_region: {home}}}
checkpoint: {{gib: {checkpoint}, restart_minutes: 10}}
deadline_hours: {deadline}
"""
#: GPT-2 of 350 M in Ireland, of 1.5 B in Oregon: 5,000 GB, one run a month.
IRELAND = EU_TEXT.format(parameters=354_800_000, layers=24, hidden=1024, heads=16, tokens=31_457_280_000, step=524_288,
                         home="eu-west-1", checkpoint=3.97, deadline=48)  # fmt: skip
OREGON = EU_TEXT.format(parameters=1_558_000_000, layers=48, hidden=1600, heads=25, tokens=33_554_432_000,
                        step=1_048_576, home="us-west-2", checkpoint=18, deadline=72)  # fmt: skip


@pytest.mark.parametrize(("text", "home"), [(IRELAND, "eu-west-1"), (OREGON, "us-west-2")])
def test_with_5000_gb_the_price_of_instances_alone_is_wrong(
    text: str, home: str, sources: Sources, facts: PriceFacts
) -> None:
    found = region_answer(Workload.from_yaml_text(text, sources.vocabulary), sources, facts=facts)
    for way in (ANY, "on_demand"):
        ranking = found.rankings[way]
        wrong, right = ranking.price_only, int(ranking.order[0])
        assert found.regions[right] == home and found.regions[wrong] == "us-east-1", way
        # The copy: 5,000 GB to move at 0.02 USD and to keep a month at 0.023, against instances that are cheaper by
        # less.
        assert found.row(way, wrong)["lines"]["initial_copy"] == pytest.approx(5000 * 0.02)  # type: ignore[index]
        assert found.row(way, wrong)["lines"]["copy_storage"] == pytest.approx(5000 * 0.023)  # type: ignore[index]
        cheaper = float(ranking.best.compute_usd[right] - ranking.by_price.compute_usd[wrong])
        assert 0 <= cheaper < 215
        assert found.mistake_usd(way) == pytest.approx(215 - cheaper, abs=0.05), "but for checkpoints' storage"
        # Break-even says the same: it pays for less data than there are.
        even = found.even(way)
        assert 0 <= even.gib[wrong] < 5000


def test_break_even_is_where_the_whole_answer_turns(answer: RegionAnswer, far: Workload, sources: Sources) -> None:
    """Searched anew just below and just above the size, and number of runs, that the closed forms give."""
    way = "spot"
    even, first = answer.even(way), int(answer.rankings[way].order[0])
    assert first != answer.home and math.isfinite(even.gib[first]) and math.isfinite(even.runs[first])

    def difference(changes: dict[str, object]) -> float:
        moved = region_answer(far.changed(changes, sources.vocabulary), sources, facts=answer.facts)
        total = moved.rankings[way].best.total_usd
        return float(total[first] - total[answer.home])

    objects_per_gib = far.dataset.objects / far.dataset.gib  # type: ignore[operator]
    for factor, pays in ((0.999, True), (1.001, False)):
        size = float(even.gib[first]) * factor
        changes = {"dataset.gib": size, "dataset.objects": round(size * objects_per_gib)}
        assert (difference(changes) < 0) is pays, factor
    for factor, pays in ((0.99, False), (1.01, True)):
        runs_per_month = float(even.runs[first]) * factor / answer.months
        assert (difference({"runs_per_month": runs_per_month}) < 0) is pays, factor


def test_the_lines_over_size_meet_the_totals_and_the_break_even(answer: RegionAnswer, far: Workload) -> None:
    way = "spot"
    lines, ranking = answer.gravity(way), answer.rankings[way]
    ranked = ranking.order
    at_size = lines.base_usd[ranked] + lines.usd_per_gib[ranked] * far.dataset.gib
    assert at_size == pytest.approx(ranking.best.total_usd[ranked])
    size, first = float(answer.even(way).gib[ranked[0]]), ranked[0]
    there, home = (lines.base_usd[one] + lines.usd_per_gib[one] * size for one in (first, answer.home))
    assert there == pytest.approx(home)
    pieces = answer.by_size(way)
    assert pieces[0] == (0.0, answer.regions[first]) and pieces[-1][1] == "eu-west-1"


def test_commitments_have_no_break_even_in_runs(answer: RegionAnswer) -> None:
    for way in ("reserved", "savings_plan"):
        assert all(math.isnan(runs) for runs in answer.even(way).runs)
    assert any(math.isfinite(runs) for runs in answer.even("spot").runs)


def test_more_data_never_favours_leaving(
    far: Workload, sources: Sources, facts: PriceFacts, answer: RegionAnswer
) -> None:
    more = region_answer(far.changed({"dataset.gib": 50_000}, sources.vocabulary), sources, facts=facts)
    for way in ("on_demand", "spot"):
        before, after = (one.rankings[way] for one in (answer, more))
        assert after.rank[answer.home] <= before.rank[answer.home]
    assert more.regions[more.overall.order[0]] == "eu-west-1"


def test_results_to_the_internet_are_priced_by_the_month_of_them(
    far: Workload, sources: Sources, facts: PriceFacts
) -> None:
    changes = {"dataset.results_to": "internet", "dataset.result_gib_per_run": 8192}
    found = region_answer(far.changed(changes, sources.vocabulary), sources, facts=facts)
    egress = found.row("spot", found.home)["lines"]["egress"]  # type: ignore[index]
    # 2 runs a month: 16,384 GB; 100 free, 10,140 at 0.09, 6,144 at 0.085.
    assert egress == pytest.approx((10_140 * 0.09 + 6144 * 0.085) / 2, abs=CENT)
    line = next(line for line in plans(found.result, found.result.order[:1])[0].lines if line.item == "result_transfer")
    assert line.basis == "derived" and "tiers" in line.rule


def test_what_is_not_given_is_said(sources: Sources, facts: PriceFacts, answer: RegionAnswer) -> None:
    found = region_answer(Workload.from_yaml_text(IRELAND, sources.vocabulary), sources, facts=facts)
    said = " ".join(found.taken)
    for key in ("changed_gib_per_month", "result_gib_per_run", "objects", "campaign_months", "residency"):
        assert key in said
    assert not any("taken as 0" in one for one in answer.taken)


def test_the_answer_as_data_is_json_with_every_region(answer: RegionAnswer) -> None:
    told = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    rows = told["rankings"]["any"]
    assert {row["region"] for row in rows} == set(answer.regions) and len(rows) == len(answer.regions)
    assert [row["rank"] for row in rows[:3]] == [1, 2, 3]
    assert all(row["reasons"] for row in rows if row["rank"] is None)
    assert not any(row["reasons"] for row in rows if row["rank"] is not None)
    assert told["best"] == rows[0]
    assert rows[0]["campaign_usd"] == pytest.approx(rows[0]["total_usd"] * 12)
    for row in rows:
        if row["total_usd"] is not None:
            assert row["total_usd"] == pytest.approx(row["compute_usd"] + row["data_usd"])
            assert sum(row["lines"].values()) == pytest.approx(row["data_usd"])
            assert row["total_usd_low"] <= row["total_usd"] + 1e-9 and row["total_usd"] <= row["total_usd_high"] + 1e-9


def test_one_type_and_regions_that_do_not_sell_it(answer: RegionAnswer, far: Workload, sources: Sources) -> None:
    found = region_answer(far, sources, instance_type="p5en.48xlarge", facts=answer.facts)
    best = found.overall.best
    types = {found.row(ANY, int(number))["instance_type"] for number in found.overall.order}
    assert types == {"p5en.48xlarge"}
    missing = found.regions.index("af-south-1")
    assert best.rows[missing] < 0 and "p5en.48xlarge is not sold there" in found.reasons(ANY, missing)[0]
    with pytest.raises(InvalidInput, match=r"did you mean p5en.48xlarge"):
        region_answer(far, sources, instance_type="p5en.48xlrge", facts=answer.facts)
    slow = far.changed({"deadline_hours": 24}, sources.vocabulary)
    with pytest.raises(InvalidInput, match="no plan that holds the deadline.*sold in"):
        region_answer(slow, sources, instance_type="t3.micro", facts=answer.facts)


def test_ways_that_are_not_searched_are_not_ranked(far: Workload, sources: Sources, facts: PriceFacts) -> None:
    found = region_answer(far.changed({"search.purchase": ["spot"]}, sources.vocabulary), sources, facts=facts)
    assert set(found.rankings) == {ANY, "spot"}
    assert found.as_dict()["rankings"]["reserved"] is None  # type: ignore[index]
