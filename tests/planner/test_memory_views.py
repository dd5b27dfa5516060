"""One layout's memory as tables."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.models.memory import training_memory
from costlib.planner.arrangement import Layout, memory_of
from costlib.planner.memory_views import ALL_CHANGES, ASKED, PARTS, by_change, by_precision, by_sequence
from costlib.units import gib_to_bytes
from costlib.workload import Workload


def test_as_asked_is_the_model_itself(workload: Workload) -> None:
    asked = workload.changed({"precision": ["bf16"], "fit": {"micro_batch": 2, "zero_stage": 1}})
    row = by_change(asked, 8).set_index("change").loc[ASKED]
    memory = training_memory(
        1_558_000_000, 2, layers=48, hidden=1600, heads=25, sequence_length=1024, vocabulary=50257, zero_stage=1,
        data_parallel=8,
    )  # fmt: skip
    assert row["expected"] == pytest.approx(float(memory.total)) and row["high"] == float(memory.total_high)


def test_parts_add_up(workload: Workload) -> None:
    for rows in (by_change(workload, 4), by_sequence(workload, 4, [128, 4096])):
        assert np.allclose(rows[list(PARTS)].sum(axis=1), rows["expected"])
        assert (rows["low"] <= rows["expected"]).all() and (rows["expected"] <= rows["high"]).all()


def test_every_change_is_the_layout_it_names(workload: Workload) -> None:
    asked = workload.changed({"precision": ["fp32"], "fit": {"micro_batch": 4, "attention": "standard"}})
    rows = by_change(asked, 8).set_index("change")["expected"]

    def needed(workload: Workload, layout: Layout) -> object:
        return pytest.approx(float(memory_of(workload, 8, layout).total))

    layouts = {
        "micro-batch 1": Layout("fp32", "adam", "none", 0, 1),
        "precision bf16": Layout("bf16", "adam", "none", 0, 4),
        "recompute full": Layout("fp32", "adam", "full", 0, 4),
        "8-bit optimizer": Layout("fp32", "adam_8bit", "none", 0, 4),
        "ZeRO stage 2": Layout("fp32", "adam", "none", 2, 4),
    }
    for name, layout in layouts.items():
        assert rows[name] == needed(asked, layout), name
    flash = asked.changed({"fit.attention": "flash"})
    assert rows["flash attention"] == needed(flash, Layout("fp32", "adam", "none", 0, 4))
    assert rows[ALL_CHANGES] == needed(flash, Layout("bf16", "adam_8bit", "full", 3, 1))
    assert rows[ALL_CHANGES] == rows.min()


def test_what_is_lean_already_is_no_change(workload: Workload) -> None:
    asked = workload.changed({"precision": ["bf16"], "optimizer": "sgd", "fit": {"recompute": "full", "zero_stage": 3}})
    assert list(by_change(asked, 8)["change"]) == [ASKED]
    assert "ZeRO stage 1" not in set(by_change(workload, 1)["change"]), "one replica shards nothing"


def test_scores_grow_with_the_square(workload: Workload) -> None:
    rows = by_sequence(workload, 1, [1024, 2048, 4096]).set_index(["attention", "sequence_length"])["activations"]
    scores = (rows["standard"] - rows["flash"]).to_numpy()
    assert scores[1:] / scores[:-1] == pytest.approx([4.0, 4.0])
    assert rows["flash"].to_numpy()[1:] / rows["flash"].to_numpy()[:-1] == pytest.approx([2.0, 2.0])


def test_the_curve_passes_through_what_is_asked(workload: Workload) -> None:
    rows = by_sequence(workload, 2, [512, 1024])
    here = rows[(rows["attention"] == "flash") & (rows["sequence_length"] == 1024)]["expected"].iloc[0]
    assert here == by_change(workload, 2)["expected"].iloc[0]


def test_without_heads_only_flash(workload: Workload) -> None:
    rows = by_sequence(workload.changed({"model.heads": None}), 1, [1024])
    assert list(rows["attention"]) == ["flash"]


def test_other_networks_have_no_sequence(workload: Workload) -> None:
    asked = workload.changed({"model": {"parameters": 25_600_000}, "fit": {"activation_gib_per_sample": 0.1}})
    assert by_sequence(asked, 1, [1024]).empty
    rows = by_change(asked, 1)
    assert rows["activations"].iloc[0] == pytest.approx(gib_to_bytes(0.1))
    assert not any(name.startswith("recompute") for name in rows["change"])


def test_by_precision_halves_activations_and_not_adams_states(workload: Workload) -> None:
    table = by_precision(workload, 1).set_index("precision")
    states = table["weights"] + table["gradients"] + table["optimizer_states"]
    # Rajbhandari et al. 2020, section 3.1: 16 bytes a parameter, in mixed precision as in fp32.
    assert states.tolist() == pytest.approx([16 * workload.model.parameters] * 5)
    assert table["activations"]["fp32"] == table["activations"]["tf32"] > 1.9 * table["activations"]["bf16"]
    alone = by_change(workload.changed({"precision": "bf16"}), 1)["expected"][0]
    assert table["expected"]["bf16"] == pytest.approx(alone)
