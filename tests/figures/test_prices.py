"""Pictures of prices: every offer is in them, estimates can be told, and text from data cannot act."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pytest

from costlib.figures import prices

BANNER = "snapshot test, prices as of 2026-01-02"


def offer(purchase: str, usd: float, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "service": "ec2", "instance_type": "x1.large", "region": "us-east-1", "az": None, "purchase": purchase,
        "option": "", "usd_low": usd, "usd_expected": usd, "usd_high": usd, "basis": "published", "rule": "",
        "source": "test", "as_of": "2026-01-02",
    }  # fmt: skip
    return {**row, **changes}


def bars(figure: go.Figure) -> list[go.Bar]:
    return [trace for trace in figure.data if isinstance(trace, go.Bar)]


def test_every_offer_is_a_bar_cheapest_first() -> None:
    offers = pd.DataFrame(
        [
            offer("on_demand", 4.0),
            offer("spot", 1.0, az="use1-az1", usd_low=0.5, usd_high=2.0),
            offer("spot", 1.5, usd_low=0.5, usd_high=4.0),
            offer("savings_plan", 3.0, option="compute 1y no_upfront", basis="estimate"),
        ]
    )
    figure = prices.options(offers, BANNER)
    assert list(figure.layout.yaxis.categoryarray) == [
        "EC2 spot, use1-az1",
        "EC2 spot, mean of its zones",
        "EC2 Savings Plan, compute 1y no upfront (estimate)",
        "EC2 on-demand",
    ]
    drawn = {name: x for trace in bars(figure) for name, x in zip(trace.y, trace.x, strict=True)}
    assert sorted(drawn.values()) == [1.0, 1.5, 3.0, 4.0]
    spot = next(trace for trace in bars(figure) if trace.name == "spot")
    assert list(spot.error_x.arrayminus) == [0.5, 1.0] and list(spot.error_x.array) == [1.0, 2.5]
    assert any(BANNER in note.text for note in figure.layout.annotations)


def test_only_estimates_are_hatched() -> None:
    offers = pd.DataFrame([offer("reserved", 2.0, option="a"), offer("reserved", 3.0, option="b", basis="estimate")])
    assert list(bars(prices.options(offers, BANNER))[0].marker.pattern.shape) == ["", "/"]


def test_regions_compare_a_purchase_with_on_demand() -> None:
    offers = pd.DataFrame(
        [offer("spot", 2.0, region="b"), offer("spot", 1.0, region="a"), offer("on_demand", 9.0, region="b")]
    )
    figure = prices.regions(offers, BANNER)
    assert list(bars(figure)[0].y) == ["a", "b"]
    beside = next(trace for trace in figure.data if trace.uid == "on_demand_beside")
    assert list(beside.x) == [9.0] and figure.layout.xaxis.range[1] > 9.0


def test_history_breaks_where_no_price_was_seen() -> None:
    past = pd.DataFrame(
        [
            {"first_seen": "2025-06-23", "last_seen": "2026-07-20", "usd": 55.04},
            {"first_seen": "2023-09-18", "last_seen": "2025-04-28", "usd": 98.32},
        ]
    )
    line = prices.history(past, pd.DataFrame({"timestamp_utc": [], "usd": [], "az": []}), "2026-07-20", BANNER).data[0]
    assert list(line.y) == [98.32, 98.32, None, 55.04, 55.04, None]


def test_no_history_says_so() -> None:
    empty = pd.DataFrame({name: [] for name in ("first_seen", "last_seen", "usd", "timestamp_utc", "az")})
    figure = prices.history(empty, empty, "2026-07-20", BANNER)
    assert not figure.data
    assert any("No past price" in note.text for note in figure.layout.annotations)


@pytest.mark.parametrize("column", ["az", "option"])
def test_text_from_data_is_escaped(column: str) -> None:
    offers = pd.DataFrame([offer("reserved", 2.0, **{column: "<img src=x>"}), offer("spot", 1.0, az="z")])
    assert "<img" not in prices.options(offers, BANNER).to_json().replace("\\u003c", "<")
