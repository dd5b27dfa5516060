"""Speed-ups of precisions: from which rows, how the pool widens, what is not known, and the notes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.facts.hardware import PRECISIONS
from costlib.facts.precision import MODEL_CLASSES, NOTES, PrecisionFacts, model_class
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def facts(snapshot: Snapshot) -> PrecisionFacts:
    return PrecisionFacts.open(snapshot)


def by_precision(facts: PrecisionFacts, accelerator: str, of: str = "language") -> pd.DataFrame:
    return facts.table(accelerator, of).set_index("precision")


def test_bert_large_on_v100_as_nvidia_publishes_it(facts: PrecisionFacts) -> None:
    # NVIDIA DeepLearningExamples, TensorFlow BERT-large fine-tuning on DGX-1 16GB: mixed precision is 3 to 4 times as
    # fast as fp32; Transformer-XL and GNMT gain less. The band holds both.
    row = by_precision(facts, "V100 SXM2 16GB").loc["fp16"]
    assert row["speedup_low"] < 1.6 and row["speedup_high"] > 3.5 and row["base_precision"] == "fp32"
    rows = facts.speedups[
        (facts.speedups["accelerator"] == "V100 SXM2 16GB") & (facts.speedups["model_class"] == "language")
    ]
    assert row["speedup_expected"] == pytest.approx(np.median(rows["speedup"]))
    assert (row["n_rows"], row["n_models"], row["basis"]) == (len(rows), rows["model"].nunique(), "derived")


def test_every_accelerator_and_class_answers_with_a_number_or_a_reason(facts: PrecisionFacts) -> None:
    for accelerator in facts.hardware.accelerators.index:
        for of in MODEL_CLASSES:
            table = facts.table(accelerator, of)
            assert list(table["precision"]) == list(PRECISIONS)
            known = table["speedup_expected"].notna()
            assert (table.loc[~known, "reason"] != "").all() and (table.loc[known, "reason"] == "").all()
            assert (table.loc[known, "supported"]).all()
            ends = table.loc[known, ["speedup_low", "speedup_expected", "speedup_high"]].to_numpy(float)
            assert np.all(np.diff(ends, axis=1) >= 0) and np.all(ends > 0)
            assert (table.loc[known, "rule"] != "").all()


def test_what_the_hardware_lacks_is_not_supported(facts: PrecisionFacts) -> None:
    supported = {name: by_precision(facts, name)["supported"] for name in ("T4", "A10G", "H100 80GB SXM5")}
    assert list(supported["T4"]) == [True, False, True, False, False]
    assert list(supported["A10G"]) == [True, True, True, True, False]
    assert list(supported["H100 80GB SXM5"]) == [True] * 5


def test_the_pool_widens_and_says_so(facts: PrecisionFacts) -> None:
    own = by_precision(facts, "A100 80GB SXM4").loc["fp16"]
    wide = by_precision(facts, "T4", "vision").loc["fp16"]
    assert own["basis"] == "derived" and own["rule"].endswith("language on A100 80GB SXM4")
    assert wide["basis"] == "estimate" and wide["rule"].endswith("vision on all accelerators")
    # Two models on B200 do not make a band of vision models.
    assert by_precision(facts, "B200 SXM", "vision").loc["fp16", "n_models"] >= 3


def test_bf16_is_fp16s_speed_and_an_estimate(facts: PrecisionFacts) -> None:
    table = by_precision(facts, "A100 80GB SXM4")
    assert table.loc["bf16", "speedup_expected"] == table.loc["fp16", "speedup_expected"]
    assert table.loc["bf16", "basis"] == "estimate" and "whose peak is the same" in table.loc["bf16", "rule"]


def test_fp8_is_between_nothing_gained_and_what_matrix_products_gain(facts: PrecisionFacts) -> None:
    table = by_precision(facts, "H100 80GB SXM5")
    over = table.loc["fp8", ["speedup_low", "speedup_expected", "speedup_high"]].astype(float) / table.loc[
        "fp16", ["speedup_low", "speedup_expected", "speedup_high"]
    ].astype(float)
    assert list(over) == pytest.approx([1.0, 1.75 / 1.37, 1402.6 / 794.5])


def test_trainium_does_not_borrow_from_gpus(facts: PrecisionFacts) -> None:
    row = by_precision(facts, "Trainium1").loc["bf16"]
    assert row["supported"] and np.isnan(row["speedup_expected"]) and "was not measured" in row["reason"]


def test_more_rows_of_a_faster_kind_raise_the_median(facts: PrecisionFacts) -> None:
    faster = facts.speedups[facts.speedups["accelerator"] == "A100 80GB SXM4"].assign(speedup=9.0)
    more = PrecisionFacts(pd.concat([facts.speedups, faster, faster]), facts.hardware)
    before = by_precision(facts, "A100 80GB SXM4").loc["fp16", "speedup_expected"]
    assert by_precision(more, "A100 80GB SXM4").loc["fp16", "speedup_expected"] > before


@pytest.mark.parametrize(
    ("model", "domain", "expected"),
    [
        ("PyTorch/Recommendation/DLRM", "other", "recommendation"),
        ("ncf", "other", "recommendation"),
        ("PyTorch/SpeechRecognition/Jasper", "other", "speech"),
        ("DGLPyTorch/DrugDiscovery/SE3Transformer", "language", "other"),
        ("bert_large_squad", "language", "language"),
        ("resnet50", "vision", "vision"),
    ],
)
def test_class_of_a_benchmark(model: str, domain: str, expected: str) -> None:
    assert model_class(model, domain) == expected


def test_unknown_names_are_refused_together(facts: PrecisionFacts) -> None:
    with pytest.raises(InvalidInput) as refused:
        facts.table("A100 80GB", "langage")
    assert [fault.field for fault in refused.value.faults] == ["accelerator", "model_class"]
    assert "language" in refused.value.faults[1].nearest


def test_notes_hold_every_precision_and_its_source() -> None:
    assert tuple(NOTES) == PRECISIONS and all(note.source and note.needs and note.risk for note in NOTES.values())
    assert "loss scaling" in NOTES["fp16"].needs and "no loss scaling" in NOTES["bf16"].needs
    # Smallest positive number of a format with these bits: 2^-24 for fp16, as its note says.
    half = NOTES["fp16"]
    assert 2.0 ** (2 - 2 ** (half.exponent_bits - 1) - half.significand_bits) == np.finfo(np.float16).smallest_subnormal


def test_across_holds_the_same_rows_for_what_aws_has(facts: PrecisionFacts) -> None:
    table = facts.across("vision")
    held = facts.hardware.accelerators
    assert set(table["accelerator"]) <= set(held.index[held["on_aws"]]) and "A10G" in set(table["accelerator"])
    one = table[table["accelerator"] == "A10G"].reset_index(drop=True)
    alone = facts.table("A10G", "vision")
    pd.testing.assert_frame_equal(one[alone.columns], alone)
    assert list(one["supported"]) == list(one["peak_tflops"].notna())
