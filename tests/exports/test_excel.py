"""The workbook: live totals that are right, and text that stays text."""

import io
from dataclasses import replace

import openpyxl
import pytest

from costlib.exports.excel import header, to_excel
from costlib.planner.plan import Plan
from costlib.planner.search import Result


def _open(content: bytes, values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def test_sheets_and_cached_totals(result: Result, plans: list[Plan]) -> None:
    book = _open(to_excel(result, plans), values=True)
    assert book.sheetnames == ["Plans", "Lines", "Excluded", "Ladder", "About"]
    heads = [cell.value for cell in book["Plans"][1]]
    column = heads.index("Cost expected (USD)")
    costs = [row[column].value for row in book["Plans"].iter_rows(min_row=2)]
    assert costs == pytest.approx([plan.cost_usd.expected for plan in plans])
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about["Price snapshot"] == result.sources.book.snapshot_id
    assert result.workload.name in about["Workload (YAML)"]


def test_totals_are_live_and_sum_what_they_say(result: Result, plans: list[Plan]) -> None:
    book = _open(to_excel(result, plans), values=False)
    heads = {cell.value: cell.column_letter for cell in book["Lines"][1]}
    last = 1 + sum(len(plan.lines) for plan in plans)
    for end in ("low", "expected", "high"):
        column = [cell.value for cell in book["Plans"][1]].index(f"Cost {end} (USD)")
        amount, plan = heads[f"{end.capitalize()} (USD)"], heads["Plan"]
        wanted = f"=SUMIFS(Lines!${amount}$2:${amount}${last},Lines!${plan}$2:${plan}${last},$A4)"
        assert book["Plans"][4][column].value == wanted
    # What the formula would sum: the lines of the third plan.
    lines = [row for row in book["Lines"].iter_rows(min_row=2, values_only=True) if row[0] == 3]
    position = [cell.value for cell in book["Lines"][1]].index("Expected (USD)")
    assert sum(row[position] for row in lines) == pytest.approx(plans[2].cost_usd.expected)


def test_text_from_data_is_never_a_formula(result: Result, plans: list[Plan]) -> None:
    line = replace(plans[0].lines[0], source="=1+1", rule="{=SUM(A1)}")
    hostile = replace(plans[0], lines=(line,), hours_source="=cmd|' /C calc'!A0")
    book = _open(to_excel(result, [hostile]), values=False)
    live = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert len(live) == 3 and all(value.startswith("=SUMIFS(Lines!") for value in live)


def test_same_answer_same_bytes(result: Result, plans: list[Plan]) -> None:
    assert to_excel(result, plans) == to_excel(result, plans)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cost_low_usd", "Cost low (USD)"),
        ("hours_expected", "Time expected (hours)"),
        ("alone_saved_fraction", "Alone saved (%)"),
        ("hours_source", "Hours source"),
    ],
)
def test_headers_carry_units(name: str, words: str) -> None:
    assert header(name) == words
