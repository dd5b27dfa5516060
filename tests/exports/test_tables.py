"""Tables and CSV: totals are the sums of the lines, and no text becomes a formula."""

import io
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.display import ITEM_NAMES
from costlib.exports.tables import (
    FORMULA_STARTS,
    bought,
    exclusions_frame,
    frame_to_csv,
    ladder_frame,
    lines_frame,
    lines_to_csv,
    plans_frame,
    to_csv,
)
from costlib.planner.ladder import LEVERS, ladder
from costlib.planner.plan import Plan
from costlib.planner.search import Result


def test_items_add_up_to_the_cost(plans: list[Plan]) -> None:
    frame = plans_frame(plans)
    items = frame[[f"{item}_usd" for item in ITEM_NAMES]].sum(axis=1)
    assert items.tolist() == pytest.approx(frame["cost_expected_usd"].tolist(), rel=1e-12)
    by_plan = lines_frame(plans).groupby("plan")[["low_usd", "expected_usd", "high_usd"]].sum()
    for end in ("low", "expected", "high"):
        assert by_plan[f"{end}_usd"].tolist() == pytest.approx(frame[f"cost_{end}_usd"].tolist(), rel=1e-12)


def test_csv_reads_back_with_its_snapshot(result: Result, plans: list[Plan]) -> None:
    read = pd.read_csv(io.BytesIO(to_csv(result, plans)))
    assert read["cost_expected_usd"].tolist() == [plan.cost_usd.expected for plan in plans]
    assert read["meets_deadline_at_high"].tolist() == [plan.hours.high <= 72 for plan in plans]
    assert set(read["snapshot_id"]) == {result.sources.book.snapshot_id}
    assert len(pd.read_csv(io.BytesIO(lines_to_csv(result, plans)))) == sum(len(plan.lines) for plan in plans)


@given(st.sampled_from(FORMULA_STARTS), st.text(max_size=20))
def test_no_text_cell_starts_a_formula(start: str, rest: str) -> None:
    content = frame_to_csv(pd.DataFrame({"a": [start + rest], "usd": [-1.5]})).decode()
    cells = pd.read_csv(io.StringIO(content), dtype=str, keep_default_na=False, lineterminator="\n")
    assert cells["a"][0].startswith("'")
    # Numbers stay numbers: a negative amount is no formula.
    assert cells["usd"][0] == "-1.5"


def test_a_hostile_source_is_guarded_in_the_csv(result: Result, plans: list[Plan]) -> None:
    hostile = replace(plans[0], hours_source='=HYPERLINK("http://x")')
    assert "'=HYPERLINK" in to_csv(result, [hostile]).decode()


def test_ladder_ends_at_the_cheapest_plan(result: Result) -> None:
    frame = ladder_frame(result, ladder(result))
    assert frame["step"].tolist() == ["start", *LEVERS]
    assert frame["cost_usd"].iloc[-1] == result.cost_usd[result.order[0]]
    steps = frame["cost_usd"].iloc[0] - frame["saved_usd"].iloc[1:].sum()
    assert steps == pytest.approx(frame["cost_usd"].iloc[-1])


def test_effects_stand_beside_the_fractions_that_they_put_in_words(result: Result) -> None:
    frame = ladder_frame(result, ladder(result)).iloc[1:]
    for fraction, effect in zip(frame["saved_fraction"], frame["effect"], strict=True):
        assert effect.split()[0] == ("saves" if fraction > 1e-9 else "no" if abs(fraction) < 1e-9 else "costs")


def test_exclusions_and_costed_candidates_are_all_that_was_enumerated(result: Result) -> None:
    assert exclusions_frame(result)["candidates"].sum() + len(result.order) == result.enumerated


@pytest.mark.parametrize(
    ("purchase", "option", "words"),
    [
        ("spot", "managed spot", "managed spot"),
        ("spot", "", "spot"),
        ("reserved", "standard 1y no_upfront", "Reserved Instance standard 1y no_upfront"),
    ],
)
def test_bought_in_words(purchase: str, option: str, words: str) -> None:
    assert bought(purchase, option) == words
