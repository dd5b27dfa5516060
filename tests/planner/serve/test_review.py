"""Consolidation and the monthly review: sums by hand, rules, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from costlib.errors import InvalidInput
from costlib.planner.serve.endpoint_models import consolidated, read_models
from costlib.planner.serve.review import TARGET_PERCENT, endpoints_of, read_endpoints, reviewed
from costlib.planner.serve.untested_serverless import TIMES_SLOWER
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH
from tests.planner.serve.conftest import EXAMPLES

Write = Callable[[str, str], Path]
HEAD = ("endpoint,instance_type,instances,requests,mean_use_percent,peak_use_percent,peak_memory_percent,mean_ms,"
        "hours\n")  # fmt: skip


def test_shrink_by_hand(book: PriceBook, written: Write) -> None:
    """6 instances at 19 % in the fullest hour are 114 %, and 60 % each is two."""
    rows = read_endpoints(written("e.csv", HEAD + "a,ml.g5.xlarge,6,9000000,10,19,70,20,730\n"), book)
    found = reviewed(book, rows, "us-east-1").endpoints.iloc[0]
    assert found["advice"] == "shrink" and found["to_instances"] == 2
    assert found["saved_usd_per_month"] == pytest.approx(4 * 1.408 * HOURS_PER_MONTH)
    assert TARGET_PERCENT >= 57


def test_delete_what_nobody_asks(book: PriceBook, written: Write) -> None:
    rows = read_endpoints(written("e.csv", HEAD + "a,ml.g5.xlarge,2,0,1,1,20,,730\n"), book)
    found = reviewed(book, rows, "us-east-1")
    assert found.endpoints["advice"].tolist() == ["delete"]
    assert found.saved_usd_per_month == pytest.approx(2 * 1.408 * HOURS_PER_MONTH)


def test_merge_shares_the_least_fleet(book: PriceBook, written: Write) -> None:
    text = HEAD + "a,ml.g5.xlarge,2,900000,10,20,30,20,730\nb,ml.g5.xlarge,2,900000,10,10,30,20,730\n"
    found = reviewed(book, read_endpoints(written("e.csv", text), book), "us-east-1")
    assert set(found.endpoints["advice"]) == {"merge"}
    assert found.endpoints["to_instances"].sum() == pytest.approx(2)
    assert found.saved_usd_per_month == pytest.approx(2 * 1.408 * HOURS_PER_MONTH)
    # Two that are each half busy need on one endpoint what they have: nothing is won.
    busy = text.replace(",10,20,30,", ",40,55,30,").replace(",10,10,30,", ",40,55,30,")
    kept = reviewed(book, read_endpoints(written("g.csv", busy), book), "us-east-1").endpoints
    assert set(kept["advice"]) == {"keep"} and kept["to_instances"].tolist() == [2, 2]
    # Models that do not fit beside each other stay apart.
    apart = text.replace(",30,20,", ",60,20,")
    assert set(reviewed(book, read_endpoints(written("f.csv", apart), book), "us-east-1").endpoints["advice"]) == {
        "keep"
    }


def test_serverless_where_even_four_times_the_time_is_cheaper(book: PriceBook, written: Write) -> None:
    rows = read_endpoints(written("e.csv", HEAD + "a,ml.m5.xlarge,2,10000,1,3,20,100,730\n"), book)
    found = reviewed(book, rows, "us-east-1").endpoints.iloc[0]
    # 16 GiB, a fifth in use, half of that the model's: 1.6 GiB, so 2; 10,000 requests of 0.4 s.
    assert found["advice"] == "serverless"
    assert found["usd_per_month_after"] == pytest.approx(10_000 * 0.1 * TIMES_SLOWER * 2 * 2e-5)


def test_the_example_adds_up(book: PriceBook) -> None:
    found = reviewed(book, read_endpoints(EXAMPLES / "made_up_endpoints.csv", book), "us-east-1")
    rows = found.endpoints
    assert (rows["usd_per_month"] - rows["usd_per_month_after"]).sum() == pytest.approx(found.saved_usd_per_month)
    assert (rows["saved_usd_per_month"] >= 0).all()
    assert rows.set_index("endpoint").at["ranker", "advice"] == "keep"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,ml.g5.xlrge,2,0,1,1,20,,730", "did you mean ml.g5.xlarge"),
        ("a,ml.g5.xlarge,0,0,1,1,20,,730", "instances"),
        ("a,ml.g5.xlarge,2,0,1,101,20,,730", "from 0 to 100"),
        ("a,ml.g5.xlarge,2,,1,1,20,,730", "requests"),
    ],
)
def test_refused(book: PriceBook, written: Write, row: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_endpoints(written("e.csv", HEAD + row + "\n"), book)


def test_models_placed_cost_what_their_places_do(book: PriceBook) -> None:
    found = consolidated(book, read_models(EXAMPLES / "made_up_models.csv"), "ml.m5.xlarge", "us-east-1")
    rows = found.models
    alone = rows[["alone_usd_per_month", "serverless_usd_per_month"]].min(axis=1)
    assert found.placed_usd_per_month == pytest.approx(
        alone[rows["fleet"] < 0].sum() + found.fleets["usd_per_month"].sum()
    )
    assert found.alone_usd_per_month == pytest.approx(24 * 2 * 0.23 * HOURS_PER_MONTH)
    assert (found.fleets["memory_gib"] <= found.fleets["room_gib"] + 1e-9).all()
    assert found.placed_usd_per_month < found.alone_usd_per_month


def test_models_refused(book: PriceBook, written: Write) -> None:
    with pytest.raises(InvalidInput) as error:
        read_models(written("m.csv", "model,requests_per_second,memory_gib,p50_ms\na,-1,0,x\na,1,1,1\n"))
    assert len(error.value.faults) == 4
    with pytest.raises(InvalidInput, match="not described"):
        models = read_models(written("n.csv", "model,requests_per_second,memory_gib,p50_ms\na,1,1,10\n"))
        consolidated(book, models, "ml.c4.xlarge", "us-east-1")


def test_a_misspelt_column_is_refused_not_taken_as_missing(book: PriceBook) -> None:
    table = (
        "endpoint,instance_type,instances,requests,mean_use_percent,peak_use_percent,peak_memory_percent,hour\n"
        "a,ml.g5.xlarge,2,1000,5,20,30,100\n"
    )
    with pytest.raises(InvalidInput) as caught:
        endpoints_of(table.encode(), "endpoints.csv", book)
    (fault,) = caught.value.faults
    assert fault.value == "hour" and fault.nearest[0] == "hours"
