"""The facts tables: keys, units, sources, known anchors."""

from __future__ import annotations

import pandas as pd
import pytest

from costlib.basis import BASES
from costlib.models.memory import minimum_training_memory_bytes
from costlib.tables import Snapshot
from costlib.workload import METHODS, OPTIMIZERS

KEYS = {
    "facts/instances": ["instance_type"],
    "facts/accelerators": ["accelerator"],
    "facts/regions": ["region"],
    "facts/spot_interruptions": ["instance_type", "region"],
    "facts/service_facts": ["topic", "fact"],
    "facts/storage_facts": ["topic", "fact"],
    "facts/whole_runs": ["run_id"],
    "facts/relative_throughput": ["accelerator", "model"],
    "facts/scaling_efficiency": ["gpu", "model", "precision", "accelerator_count"],
    "facts/cpu_families": ["family"],
}
ALL = [*KEYS, "facts/achieved_flops", "facts/precision_speedups", "facts/small_jobs"]


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_unique_and_present(snapshot: Snapshot, name: str) -> None:
    keys = snapshot.read(name)[KEYS[name]]
    assert not keys.isna().any(axis=None)
    assert not keys.duplicated().any()


@pytest.mark.parametrize("name", ALL)
def test_every_row_has_a_source_and_a_known_basis(snapshot: Snapshot, name: str) -> None:
    table = snapshot.read(name)
    assert len(table) > 0
    assert set(table["basis"]) <= set(BASES)
    assert table["source"].notna().all()
    if "rule" in table:
        assert table.loc[table["basis"].isin(["derived", "estimate"]), "rule"].notna().all()


@pytest.mark.parametrize("name", ALL)
def test_an_undated_row_is_pinned_by_its_source(snapshot: Snapshot, name: str) -> None:
    table = snapshot.read(name)
    undated = table[table["as_of"].isna()]
    pin = r"@[0-9a-f]{7}|arXiv|HF card|DataSheet|not named"
    pinned = undated["source"].str.contains(pin, case=False)
    if name == "facts/service_facts":
        # Two pages without a date: the row says so in words.
        pinned |= undated["note"].str.contains("undated")
    if name == "facts/storage_facts":
        pinned |= undated["source"].str.contains("undated")
    assert pinned.all(), undated.loc[~pinned, "source"].unique()


@pytest.mark.parametrize("name", ["achieved_flops", "whole_runs", "precision_speedups", "relative_throughput"])
def test_what_we_computed_is_not_called_measured(snapshot: Snapshot, name: str) -> None:
    table = snapshot.read(f"facts/{name}")
    read_as_published = table["rule"].str.startswith("MFU as published")
    assert (table.loc[read_as_published, "basis"] == "measured").all()
    assert (table.loc[~read_as_published, "basis"] == "derived").all()


def test_no_measurement_is_held_twice(snapshot: Snapshot) -> None:
    assert not snapshot.read("facts/precision_speedups").duplicated().any()


def test_scaling_with_peer_to_peer_copies_switched_off_is_left_out(snapshot: Snapshot) -> None:
    # All H100 PCIe runs and the second machine of A100 80GB were made so; one H100 run scaled to 38 %.
    table = snapshot.read("facts/scaling_efficiency")
    assert not table["gpu"].str.startswith("H100").any()
    assert table["efficiency"].min() > 0.5
    assert len(table) == 68 + 6


def test_an_ultraserver_is_nine_of_its_instances(snapshot: Snapshot) -> None:
    # p6e-gb200.36xlarge is one instance of the UltraServer u-p6e-gb200x36, not a second name of it.
    table = snapshot.read("facts/instances").set_index("instance_type")
    one = table.loc["p6e-gb200.36xlarge", ["vcpu", "memory_gib", "accelerator_count"]].astype(float)
    for name, instances in (("u-p6e-gb200x36", 9), ("u-p6e-gb200x72", 18)):
        whole = table.loc[name, ["vcpu", "memory_gib", "accelerator_count"]].astype(float)
        assert (whole == instances * one).all(), name


def test_every_place_with_a_price_of_an_instance_is_a_region(snapshot: Snapshot) -> None:
    known = set(snapshot.read("facts/regions")["region"])
    for name in ("ec2_on_demand", "ec2_spot", "ec2_reserved", "ec2_capacity_blocks", "sagemaker_instances"):
        assert set(snapshot.read(f"prices/{name}")["region"]) <= known, name


def test_a_date_is_a_date_and_words_are_a_note(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/service_facts").drop_duplicates("source").set_index("source")
    assert table["as_of"].dropna().str.fullmatch(r"\d{4}-\d{2}(-\d{2})?").all()
    assert pd.isna(table.at["svc-083", "as_of"]) and table.at["svc-083", "note"].startswith("undated (brevdev")
    assert table.at["svc-085", "as_of"] == "2022-12" and "2023-06-15" in table.at["svc-085", "note"]
    assert "not billed; stopped not billed" in table.at["svc-077", "note"]


@pytest.mark.parametrize(
    ("accelerator", "column", "value"),
    [
        ("A100 40GB SXM4", "bf16_tflops", 312),
        ("A100 80GB SXM4", "tf32_tflops", 156),
        ("H100 80GB SXM5", "bf16_tflops", 989),
        ("H100 80GB SXM5", "fp8_tflops", 1979),
        ("V100 SXM2 16GB", "fp16_tflops", 125),
        ("A10G", "bf16_tflops", 70),
        ("T4", "fp16_tflops", 65),
        ("Trainium1", "bf16_tflops", 190),
    ],
)
def test_known_dense_peaks(snapshot: Snapshot, accelerator: str, column: str, value: float) -> None:
    assert snapshot.read("facts/accelerators").set_index("accelerator").at[accelerator, column] == value


@pytest.mark.parametrize("accelerator", ["T4", "V100 SXM2 16GB", "V100 SXM2 32GB"])
def test_chips_before_ampere_have_no_bf16_tf32_or_fp8(snapshot: Snapshot, accelerator: str) -> None:
    row = snapshot.read("facts/accelerators").set_index("accelerator").loc[accelerator]
    assert row[["bf16_tflops", "tf32_tflops", "fp8_tflops"]].isna().all()


def test_peaks_do_not_fall_with_lower_precision(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/accelerators")
    peaks = table[["fp32_tflops", "tf32_tflops", "fp16_tflops", "fp8_tflops"]]
    for one, next_one in zip(peaks.columns, peaks.columns[1:], strict=False):
        both = peaks[[one, next_one]].dropna()
        assert (both[one] <= both[next_one]).all()


def test_the_issue_types_have_their_hardware(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/instances").set_index("instance_type")
    expected = {
        "p5.48xlarge": ("H100 80GB SXM5", 8, 5),
        "p4d.24xlarge": ("A100 40GB SXM4", 8, 4),
        "g5.xlarge": ("A10G", 1, 5),
        "g6f.large": ("L4", 0.125, 6),
        "p6-b200.48xlarge": ("B200 SXM", 8, 6),
        "trn1.32xlarge": ("Trainium1", 16, 1),
    }
    for name, (accelerator, count, generation) in expected.items():
        row = table.loc[name]
        assert (row["accelerator"], row["accelerator_count"], row["generation"]) == (accelerator, count, generation)
    assert pd.isna(table.at["c7i.large", "accelerator"])


def test_fractions_are_fractions(snapshot: Snapshot) -> None:
    achieved = snapshot.read("facts/achieved_flops")
    assert achieved["achieved_fraction"].between(0.05, 0.95).all()
    known = achieved["achieved_fraction_6n"].dropna()
    assert (known <= achieved.loc[known.index, "achieved_fraction"] + 1e-12).all()
    spot = snapshot.read("facts/spot_interruptions")
    low, high = spot["monthly_interruption_low_fraction"], spot["monthly_interruption_high_fraction"]
    assert ((low >= 0) & (low < high) & (high <= 1)).all()
    assert spot["savings_fraction"].between(0, 1).all()


def test_recomputed_shares_agree_with_llm_foundrys_own(snapshot: Snapshot) -> None:
    # llm-foundry counts FLOPs as we do; its table's rounding and its peak of 312 or 989.4 leave 1 %.
    # MPT-7b at 2,048 tokens on 8 H100: 46.44 % published; on 8 A100 80GB: 64.23 %.
    table = snapshot.read("facts/achieved_flops")
    rows = table[(table["model"] == "MPT-7b") & (table["sequence_length"] == 2048) & (table["accelerator_count"] == 8)]
    shares = rows.set_index("accelerator")["achieved_fraction"]
    assert shares["H100 80GB SXM5"] == pytest.approx(0.4644, rel=0.01)
    assert shares["A100 80GB SXM4"] == pytest.approx(0.6423, rel=0.01)


def test_runs_that_count_recomputed_work_are_left_out(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/achieved_flops")
    assert not table["model"].str.contains("BLOOM|GPT-145.6B|GPT-1008.0B", na=False).any()


def test_flagged_and_ambiguous_speedups_are_left_out(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/precision_speedups")
    assert not ((table["vendor_architecture"] != "NVIDIA Volta") & (table["base_precision"] == "fp32")).any()
    assert table["speedup"].between(0.5, 8).all()


def test_examples_are_workloads_without_answers() -> None:
    from costlib.paths import data_dir
    from costlib.workload import Workload

    files = sorted((data_dir() / "examples").glob("*.yaml"))
    assert "gpt2-1.5b.yaml" in [file.name for file in files]
    for file in files:
        workload = Workload.from_yaml(file)
        assert workload.work.tokens is not None
        assert workload.name == file.stem
        assert not workload.measured
        assert file.read_text().startswith("# ")


def test_every_measured_run_passes_the_least_memory_that_training_needs(snapshot: Snapshot) -> None:
    # These runs fitted: a bound that refuses one of them is no lower bound.
    runs = snapshot.read("facts/achieved_flops")
    memory_gib = snapshot.read("facts/accelerators").set_index("accelerator")["memory_gib"]
    held = runs["accelerator"].map(memory_gib).to_numpy(float)
    known = ~pd.isna(held)
    least = minimum_training_memory_bytes(
        runs["parameters"].to_numpy(float), "bf16", runs["accelerator_count"].to_numpy()
    )
    assert known.sum() > 150
    assert (least[known] < held[known] * 2**30).all()


def test_a_process_sees_less_than_the_nameplate_and_says_where_that_was_read(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/accelerators").set_index("accelerator")
    known = table[table["usable_gib"].notna()]
    assert (known["usable_gib"] * known["processes"] <= known["memory_gib"]).all()
    assert known["usable_source"].notna().all() and (known["usable_rule"].notna() == known["usable_basis"].isin(
        ["derived", "estimate"])).all()  # fmt: skip
    # Every NVIDIA part that AWS sells was seen, or follows from what was seen; the least share is a T4's.
    sold = known[known["on_aws"] & known["vendor_architecture"].str.startswith("NVIDIA")]
    assert not (sold["usable_basis"] == "estimate").any()
    share = sold["usable_gib"] / sold["memory_gib"]
    assert share.idxmin() == "T4" and share.min() == pytest.approx(14.56 / 16)
    guessed = known[known["usable_basis"] == "estimate"]
    assert (guessed["usable_gib"] / guessed["memory_gib"]).tolist() == pytest.approx(
        [share.min()] * len(guessed), rel=1e-3
    )
    cores = table.loc[["Trainium1", "Trainium2"], ["processes", "usable_gib"]]
    assert cores.to_numpy().tolist() == [[2, 16.0], [4, 24.0]]


def test_what_an_accelerator_lacks_has_its_source(snapshot: Snapshot) -> None:
    table = snapshot.read("facts/accelerators").set_index("accelerator")
    lacking = table[table["lacks"].notna()]
    assert set(lacking.index) == {"Inferentia2", "Trainium1", "Trainium2", "Trainium3"}
    assert lacking["lacks_source"].notna().all() and table.loc["Inferentia2", "lacks"] == "training"
    words = {word for text in lacking["lacks"] for word in text.split()}
    assert words <= {"training", *METHODS, *OPTIMIZERS}
