"""What fits where: verdicts, largest micro-batches, and the cheapest change, held to the tables they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.memory import largest_micro_batch
from costlib.planner.arrangement import Layout, memory_of
from costlib.planner.fit import fit_report
from costlib.planner.fit_answer import AcceleratorFit
from costlib.planner.fit_fix import EQUAL_USD_FRACTION
from costlib.planner.layout_hours import layout_hours
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
    rows, bills = [], []
    for name in answer.instance_types:
        cards = int(sources.accelerators_of(name)[1])
        hours = grid.hours[1][sources.offers.instance_types.index(name), :, 0]
        for count, time in zip((1, 2), hours, strict=True):
            for optimizer in ("adam", "adam_8bit"):
                for stage in range(4):
                    for recompute in ("none", "full"):
                        layout = Layout("bf16", optimizer, recompute, stage, 1)
                        memory = memory_of(asked, cards * count, layout)
                        if float(memory.total_high) <= answer.usable_bytes:
                            # The micro-batch is left open: there is time for the largest.
                            taken = int(largest_micro_batch(memory, answer.usable_bytes, high=True))
                            rows.append((name, count, cards * count, "bf16", recompute, stage, max(taken, 1), time))
                            bills.append(count * prices[name])
    columns = ["instance_type", "count", "devices", "precision", "recompute", "zero_stage", "taken", "plain_hours"]
    table = pd.DataFrame(rows, columns=columns).assign(usable_gib=answer.usable_bytes / GIB)
    table["accelerator_count"] = table["devices"] / table["count"]
    places = np.array([sources.offers.instance_types.index(name) for name in table["instance_type"]])
    costs = layout_hours(asked, sources, table, places, np.zeros(len(table), bool)) * np.array(bills)
    assert answer.cheapest_fix.choice.cost_usd <= np.nanmin(costs) * (1 + EQUAL_USD_FRACTION)
    assert answer.cheapest_fix.choice.cost_usd >= np.nanmin(costs) * (1 - 1e-9)


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
    # Every micro-batch costs time: of what fits, the largest that divides a replica's share of the batch is taken.
    at = Layout(
        "bf16", "adam", "none", fix.choice.zero_stage, np.array([fix.choice.micro_batch * more for more in (1, 2)])
    )
    held = memory_of(asked, fix.choice.devices, at).total_high <= answer.usable_bytes
    assert held.tolist() == [True, False] and fix.choice.micro_batch > 1
    assert fix.choice.micro_batch * fix.choice.devices * (fix.choice.accumulation_steps or 0) == 1024


def test_the_largest_micro_batch_divides_what_a_replica_gets(workload: Workload, sources: Sources) -> None:
    for batch in (8 * 9, 8 * 13):
        asked = workload.changed(
            {"precision": ["bf16"], "search.instance_families": ["p4de"], "work.tokens_per_step": None}
        ).changed({"fit": {"global_batch": batch}})
        (answer,) = fit_report(asked, sources)
        share = batch // 8
        assert answer.choice is not None and answer.choice.devices == 8
        # 15 would have room: 9 is taken of 9, and 13 of 13.
        assert answer.largest_micro_batch == share
    small = asked.changed({"fit.global_batch": 8 * 16})
    assert fit_report(small, sources)[0].largest_micro_batch == 8


def test_of_equal_changes_the_milder_is_taken(workload: Workload, sources: Sources) -> None:
    """From fp32, bf16 and fp16 cost the same: bf16 needs no loss scaling. Sharding comes before an 8-bit optimizer."""
    asked = workload.changed({"precision": ["fp32"], "search.instance_families": ["p4d"]}).changed(
        {"fit": {"micro_batch": 8}, "search.max_instances": 1}
    )
    (answer,) = fit_report(asked, sources)
    fix = answer.cheapest_fix
    assert answer.fits == "does not fit" and fix is not None
    assert fix.choice.precision == "bf16" and fix.choice.optimizer == "adam"
    # Not micro-batch 1, which would fit too, and in more time.
    assert fix.changes == ("precision bf16", "ZeRO stage 2")
    assert fix.largest_micro_batch >= fix.choice.micro_batch == 8


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
        {"fit": {"activation_gib_per_sample": 0.09, "micro_batch": 64}}
    )
    (answer,) = fit_report(asked, sources)
    assert answer.bytes_by_component["activations"] == pytest.approx(64 * 0.09 * GIB)
    assert answer.fits == "fits" and answer.largest_micro_batch is not None and answer.largest_micro_batch > 64


def test_nowhere_it_fits_on_this_accelerator(workload: Workload, sources: Sources) -> None:
    asked = workload.changed(
        {
            "model.parameters": 60_000_000_000,
            "model.hidden": 10_240,
            "model.heads": 80,
            "search.instance_families": ["g5", "p5"],
            "search.max_instances": 2,
        }
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


def test_what_an_accelerator_is_not_made_for_is_said(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"precision": ["bf16"], "search.instance_families": ["inf2", "trn1", "g6e"]})
    found = {answer.accelerator: answer for answer in fit_report(asked, sources)}
    inference = found["Inferentia2"]
    assert inference.fits == "does not fit" and inference.choice is None and "inference" in inference.reason
    assert "inference on Inf2" in inference.reason_source
    assert inference.cheapest_fix is not None and inference.cheapest_fix.accelerator != "Inferentia2"
    trained = found["Trainium1"].cheapest_fix
    assert trained is not None and trained.accelerator == "Trainium1" and trained.choice.optimizer == "adam"

    quantised = asked.changed({"fit": {"method": "qlora", "lora_rank": 8}})
    found = {answer.accelerator: answer for answer in fit_report(quantised, sources)}
    assert found["Trainium1"].reason.startswith("QLoRA is not available on it") and found["L40S"].fits == "fits"
    assert "bitsandbytes" in found["Trainium1"].reason_source

    eight = asked.changed({"optimizer": "adam_8bit"})
    answer = {answer.accelerator: answer for answer in fit_report(eight, sources)}["Trainium1"]
    assert answer.fits == "does not fit" and answer.reason.startswith("an 8-bit optimizer is not available on it")
    assert answer.cheapest_fix is not None and "optimizer adam" in answer.cheapest_fix.changes


def test_each_core_of_trainium_is_a_process_with_its_own_memory(workload: Workload, sources: Sources) -> None:
    asked = workload.changed({"precision": ["bf16"], "search.instance_families": ["trn1"], "search.max_instances": 1})
    (answer,) = fit_report(asked, sources)
    # Two cores of 16 GiB each: 24.9 GB of states do not fit into one, though the chip has 32 GiB.
    assert answer.choice is not None and (answer.choice.instance_type, answer.choice.devices) == ("trn1.2xlarge", 2)
    assert answer.choice.accelerators == 1 and answer.choice.devices_in_words == "2 cores"
    assert answer.usable_bytes == 16 * GIB and answer.fits == "does not fit"
    fix = answer.cheapest_fix
    assert fix is not None and fix.changes[-1] == "32 cores" and fix.choice.devices == 32


def test_usable_memory_is_what_a_process_sees(found: dict[str, AcceleratorFit]) -> None:
    seen = {name: answer.usable_bytes / GIB for name, answer in found.items()}
    assert (seen["T4"], seen["V100 SXM2 16GB"], seen["A100 80GB SXM4"]) == (14.56, 15.75, 79.14)
    assert found["T4"].usable_basis == "measured" and "Tesla T4" in found["T4"].usable_source
    assert all(answer.usable_source for answer in found.values())


def test_tensor_parallelism_stays_within_an_instance(workload: Workload, sources: Sources) -> None:
    families = ["g4dn", "g5", "p5", "trn1"]
    asked = workload.changed({"precision": ["fp16"], "search.instance_families": families, "model.heads": 16})
    found = {one.accelerator: one for one in fit_report(asked.changed({"fit": {"tensor_parallel": 8}}), sources)}
    assert found["A10G"].choice is not None and found["A10G"].choice.instance_type == "g5.48xlarge"
    wide = {one.accelerator: one for one in fit_report(asked.changed({"fit": {"tensor_parallel": 16}}), sources)}
    assert wide["A10G"].fits == "does not fit" and wide["A10G"].choice is None
    problem = "tensor parallelism over 16 does not divide the 1 or 4 or 8 of one instance, and is not spread over more"
    assert wide["A10G"].reason == problem
    assert wide["Trainium1"].choice is not None and wide["Trainium1"].choice.devices == 32
    nowhere = asked.changed({"search.instance_families": ["g5"], "fit": {"tensor_parallel": 16}})
    with pytest.raises(InvalidInput, match="fit.tensor_parallel: 16 does not divide the accelerators of one instance"):
        fit_report(nowhere, sources)
