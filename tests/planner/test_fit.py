"""What fits where: verdicts, largest micro-batches, and the cheapest change, held to the tables they come from."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.arrangement import Layout, memory_of
from costlib.planner.fit import AcceleratorFit, fit_report
from costlib.planner.sources import Sources
from costlib.workload import Workload

GIB = 2**30


@pytest.fixture(scope="module")
def found(workload: Workload, sources: Sources) -> dict[str, AcceleratorFit]:
    return {answer.accelerator: answer for answer in fit_report(workload, sources)}


def test_bytes_add_up_and_decide_the_verdict(found: dict[str, AcceleratorFit]) -> None:
    seen = set()
    for answer in found.values():
        if answer.choice is None:
            assert answer.reason and answer.fits in ("does not fit", "not known")
            continue
        choice = answer.choice
        assert sum(answer.bytes_by_component.values()) == pytest.approx(choice.bytes_expected)
        held = (choice.bytes_high <= answer.usable_bytes, choice.bytes_expected <= answer.usable_bytes)
        assert answer.fits == {(True, True): "fits", (False, True): "tight", (False, False): "does not fit"}[held]
        assert (answer.cheapest_fix is None) == (answer.fits == "fits")
        seen.add(answer.fits)
    assert seen == {"fits", "tight", "does not fit"}


def test_gpt2_15b_does_not_fit_in_24_gb_but_in_40(found: dict[str, AcceleratorFit]) -> None:
    # 1.558 G parameters x 16 bytes are 23.2 GiB: more than an A10G has.
    assert found["A10G"].fits == "does not fit" and found["A10G"].largest_micro_batch == 0
    assert found["A100 40GB SXM4"].fits == "fits"
    assert found["A10G"].bytes_by_component["optimizer_states"] == 12 * 1_558_000_000


def test_the_largest_micro_batch_is_the_largest(found: dict[str, AcceleratorFit], workload: Workload) -> None:
    for answer in found.values():
        if answer.choice is None or not answer.largest_micro_batch:
            continue
        for more, holds in ((0, True), (1, False)):
            layout = Layout(answer.choice.precision, "adam", "none", 0, answer.largest_micro_batch + more)
            needed = float(memory_of(workload, answer.choice.devices, layout).total)
            assert (needed <= answer.usable_bytes) == holds, answer.accelerator


def test_a_fix_fits_and_costs_what_it_says(found: dict[str, AcceleratorFit]) -> None:
    fixes = [answer.cheapest_fix for answer in found.values() if answer.cheapest_fix]
    assert len(fixes) >= 3
    for fix in fixes:
        assert fix.changes and fix.choice.verdict == "fits"
        if fix.choice.hours is not None and fix.choice.cost_usd is not None:
            assert fix.choice.cost_usd == pytest.approx(fix.choice.hours * fix.choice.usd_per_hour)


def test_a_fix_is_the_cheapest_there_is(workload: Workload, sources: Sources) -> None:
    """By brute force over a small part: every layout of g5 that fits costs at least as much."""
    asked = workload.changed({"precision": ["bf16"], "search.instance_families": ["g5"], "search.max_instances": 2})
    (answer,) = fit_report(asked, sources)
    assert answer.cheapest_fix is not None and answer.cheapest_fix.choice.cost_usd is not None
    from costlib.planner.hours import hours_grid

    grid = hours_grid(asked, sources)
    prices = dict(zip(answer.instance_types, _prices(sources, answer.instance_types), strict=True))
    costs = []
    for name in answer.instance_types:
        cards = int(sources.accelerators_of(name)[1])
        hours = grid.hours[1][sources.offers.instance_types.index(name), :, 0]
        for count, time in zip((1, 2), hours, strict=True):
            for optimizer in ("adam", "adam_8bit"):
                for stage in range(4):
                    for recompute, extra in (("none", 0.0), ("full", 1 / 3)):
                        layout = Layout("bf16", optimizer, recompute, stage, 1)
                        if float(memory_of(asked, cards * count, layout).total_high) <= answer.usable_bytes:
                            costs.append(time * (1 + extra) * count * prices[name])
    assert answer.cheapest_fix.choice.cost_usd <= np.nanmin(costs) * (1 + 1e-9)


def _prices(sources: Sources, names: tuple[str, ...]) -> list[float]:
    return [sources.book.on_demand(name, "us-east-1").amount for name in names]


def test_precision_that_the_hardware_lacks_is_said(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"precision": ["bf16"], "search.instance_families": ["p3", "p3dn", "g5"]})
    found = {answer.accelerator: answer for answer in fit_report(asked, sources)}
    volta = found["V100 SXM2 16GB"]
    assert volta.fits == "does not fit" and volta.reason == "it has none of bf16"
    assert volta.cheapest_fix is not None and volta.cheapest_fix.changes[0] == "precision fp16"


def test_accumulation_is_a_change(workload: Workload, sources: Sources) -> None:
    asked = workload.changed(
        {"precision": ["bf16"], "search.instance_families": ["p5"], "search.max_instances": 1}
    ).changed({"fit": {"micro_batch": 64, "global_batch": 1024}})
    (answer,) = fit_report(asked, sources)
    assert answer.fits == "does not fit" and answer.choice is not None
    assert answer.choice.accumulation_steps == 16
    fix = answer.cheapest_fix
    assert fix is not None and any("micro-batch" in change for change in fix.changes)
    assert fix.choice.micro_batch * fix.choice.devices * (fix.choice.accumulation_steps or 0) == 1024


def test_a_batch_that_nothing_divides_is_refused(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"search.instance_families": ["p4d"]}).changed(
        {"fit": {"global_batch": 7}, "work.tokens_per_step": None}
    )
    with pytest.raises(InvalidInput, match="global_batch: 7"):
        fit_report(asked, sources)


def test_without_a_shape_it_is_refused(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"model.layers": None})
    with pytest.raises(InvalidInput, match="model.layers is missing"):
        fit_report(asked, sources)


def test_other_networks_by_measured_activations(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"model": {"parameters": 25_600_000}, "search.instance_families": ["g4dn"]}).changed(
        {"fit": {"activation_gib_per_sample": 0.09, "micro_batch": 128}}
    )
    (answer,) = fit_report(asked, sources)
    assert answer.bytes_by_component["activations"] == pytest.approx(128 * 0.09 * GIB)
    assert answer.fits == "fits" and answer.largest_micro_batch is not None and answer.largest_micro_batch > 128


def test_nowhere_it_fits_on_this_accelerator(workload: Workload, sources: Sources) -> None:
    asked = workload.changed(
        {"model.parameters": 60_000_000_000, "search.instance_families": ["g5", "p5"], "search.max_instances": 2}
    )
    found = {answer.accelerator: answer for answer in fit_report(asked, sources)}
    other = found["A10G"].cheapest_fix
    assert other is not None and other.accelerator == "H100 80GB SXM5"
    assert other.changes[0].startswith("another accelerator: H100 80GB SXM5")


def test_as_many_accelerators_as_asked_for(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"precision": ["bf16"], "search.instance_families": ["g5", "p4d"]})
    found = {answer.accelerator: answer for answer in fit_report(asked, sources, least_devices=5)}
    choices = {name: answer.choice for name, answer in found.items()}
    assert {name: choice.devices for name, choice in choices.items() if choice} == {"A10G": 5, "A100 40GB SXM4": 8}
    assert found["A10G"].cheapest_fix is not None and found["A10G"].cheapest_fix.choice.devices == 1
    assert found["A10G"].cheapest_fix.changes[-1] == "1 accelerator"
    (none,) = fit_report(
        asked.changed({"search.instance_families": ["g5"], "search.max_instances": 1}), sources, least_devices=9
    )
    assert none.choice is None and none.reason.endswith("and has 9 or more")
