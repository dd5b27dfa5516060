"""Plans as an Excel workbook: the plans, their lines, what fell out, the ladder, and where it all comes from."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from costlib.exports.tables import about_rows, exclusions_frame, ladder_frame, lines_frame, plans_frame
from costlib.planner.ladder import ladder
from costlib.planner.plan import Plan
from costlib.planner.search import Result

#: Text is text: nothing from the data becomes a formula, a link or a number.
_OPTIONS = MappingProxyType(
    {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
)
_LONGEST_TEXT = 32_767
_COSTS = ("low_usd", "expected_usd", "high_usd")


def to_excel(result: Result, plans: Sequence[Plan]) -> bytes:
    """The workbook as bytes; the same answer gives the same bytes.

    Costs on the sheet Plans are live sums over the sheet Lines, so a corrected line moves its plan's total.
    """
    import xlsxwriter

    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, dict(_OPTIONS))
    book.set_properties(
        {
            "title": f"Plans for {result.workload.name}",
            "comments": result.sources.book.banner,
            # The snapshot's date, not the clock's, so that the same answer gives the same file.
            "created": datetime.datetime.fromisoformat(result.sources.book.as_of[:10]),
        }
    )
    lines = lines_frame(plans)
    sheet = _Sheet(book, "Plans")
    sheet.table(plans_frame(plans), _live_sums(lines))
    _Sheet(book, "Lines").table(lines)
    _Sheet(book, "Excluded").table(exclusions_frame(result))
    _Sheet(book, "Ladder").table(ladder_frame(result, ladder(result)))
    _Sheet(book, "About").about([*about_rows(result), ("Workload (YAML)", result.workload.to_yaml())])
    book.close()
    return content.getvalue()


def _live_sums(lines: pd.DataFrame) -> Mapping[str, str]:
    """For each cost column of Plans the formula that sums it over Lines; ``{row}`` is the sheet's row."""
    from xlsxwriter.utility import xl_col_to_name

    def column(name: str) -> str:
        letters = xl_col_to_name(lines.columns.get_loc(name))
        return f"Lines!${letters}$2:${letters}${len(lines) + 1}"

    return {f"cost_{name}": f"=SUMIFS({column(name)},{column('plan')},$A{{row}})" for name in _COSTS}


def header(name: str) -> str:
    """A column's name for people, with its unit: ``cost_low_usd`` becomes "Cost low (USD)"."""
    words = name.replace("_fraction", "")
    unit = "%" if name.endswith("_fraction") else ""
    if words.endswith("_usd"):
        words, unit = words.removesuffix("_usd"), "USD"
    if words.startswith("hours_") and words.split("_")[1] in ("low", "expected", "high"):
        words, unit = "time_" + words.removeprefix("hours_"), "hours"
    text = words.replace("_", " ")
    text = text[:1].upper() + text[1:]
    return f"{text} ({unit})" if unit else text


class _Sheet:
    """One sheet with the workbook's formats."""

    def __init__(self, book: Any, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._head = book.add_format(
            {"bold": True, "bg_color": "#E4E7EB", "border": 1, "text_wrap": True, "valign": "top"}
        )
        self._formats = {
            "usd": book.add_format({"num_format": "#,##0.00##"}),
            "hours": book.add_format({"num_format": "#,##0.00"}),
            "fraction": book.add_format({"num_format": "0.0%"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }

    def table(self, frame: pd.DataFrame, formulas: Mapping[str, str] = MappingProxyType({})) -> None:
        """A frame with a head that stays, filters, and ``formulas`` in the columns that have one."""
        sheet = self._sheet
        for column, name in enumerate(frame.columns):
            sheet.write_string(0, column, header(name), self._head)
            style = self._style(name)
            values = frame[name].tolist()
            longest = max((len(str(value)) for value in values if isinstance(value, str)), default=0)
            sheet.set_column(column, column, min(max(longest + 1, 11), 46))
            for row, value in enumerate(values, start=1):
                if name in formulas:
                    sheet.write_formula(row, column, formulas[name].format(row=row + 1), style, value)
                else:
                    self._cell(row, column, value, style)
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 32)
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def about(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and texts, one pair a row."""
        self._sheet.set_column(0, 0, 22)
        self._sheet.set_column(1, 1, 100)
        for row, (name, text) in enumerate(rows):
            self._sheet.write_string(row, 0, name, self._head)
            self._sheet.write_string(row, 1, text[:_LONGEST_TEXT], self._formats["wrap"])

    def _style(self, name: str) -> Any:
        kind = "usd" if name.endswith("_usd") else "fraction" if name.endswith("_fraction") else ""
        return self._formats.get(kind or ("hours" if name.startswith("hours_") else ""))

    def _cell(self, row: int, column: int, value: object, style: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_string(row, column, "yes" if value else "no")
        elif isinstance(value, (int, float)) and value == value:
            self._sheet.write_number(row, column, value, style)
        elif isinstance(value, str) and value:
            self._sheet.write_string(row, column, value[:_LONGEST_TEXT])
