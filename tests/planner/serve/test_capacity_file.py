"""Load tests: the sheet, k6, Locust, Inference Recommender, estimates; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from costlib.errors import InvalidInput
from costlib.planner.serve.capacity_file import COLUMNS, LoadTests, read_load_tests, template
from costlib.planner.serve.service_model import with_estimates
from costlib.prices.book import PriceBook
from data.build.example_serving import LONGER, TESTED

Write = Callable[[str, str], Path]
HEAD = "instance_type,concurrency,requests_per_second,p50_ms,p95_ms\n"


def test_the_example_comes_back(tests: LoadTests) -> None:
    """The sheet was made from workers and p50; both are found again to the rounding of its numbers."""
    for row, name in enumerate(tests.names):
        p50, workers, _ = TESTED[name]
        assert tests.capacity.workers[row] == pytest.approx(workers, rel=2e-3), name
        assert tests.capacity.times.mean_seconds[row] == pytest.approx(p50 * LONGER["mean"] / 1000, rel=2e-3)
        assert tests.capacity.times.quantile(0.95)[row] == pytest.approx(p50 * LONGER["p95"] / 1000, rel=2e-3)
    assert set(tests.basis) == {"user"} and tests.notes == ()
    assert tests.is_function.sum() == 5


def test_the_template_is_the_sheet(book: PriceBook, tmp_path: Path) -> None:
    assert tuple(template().columns) == COLUMNS
    path = tmp_path / "sheet.csv"
    template().to_csv(path, index=False)
    path.write_text(path.read_text() + "ml.g5.xlarge,1,,20,50,,,60,,\n")
    assert read_load_tests([path], book).names == ("ml.g5.xlarge",)


def k6(rate: float, users: int, p50: float, p95: float, inner: bool) -> str:
    def metric(values: dict) -> dict:
        return {"type": "x", "values": values} if inner else values

    users_key = "max" if inner else "value"
    return json.dumps({"metrics": {"http_req_duration": metric({"avg": p50, "med": p50, "p(95)": p95}),
                                   "http_reqs": metric({"count": 100, "rate": rate}),
                                   "vus_max": metric({users_key: users})}})  # fmt: skip


def test_k6_of_both_kinds(book: PriceBook, written: Write) -> None:
    one, two = written("a.json", k6(19.0, 1, 50, 80, True)), written("b.json", k6(70.0, 8, 105, 160, False))
    found = read_load_tests([f"{one}@ml.g5.xlarge", f"{two}@ml.g5.xlarge"], book)
    assert found.rows["concurrency"].tolist() == [1, 8] and found.rows["p95_ms"].tolist() == [80, 160]
    assert found.capacity.most_per_second[0] == 70
    with pytest.raises(InvalidInput, match="FILE@INSTANCE_TYPE"):
        read_load_tests([one], book)
    with pytest.raises(InvalidInput, match="has no vus_max"):
        read_load_tests([f"{written('c.json', json.dumps({'metrics': {}}))}@ml.g5.xlarge"], book)


def test_locust(book: PriceBook, written: Write) -> None:
    """Locust's own header; the rows in which users are only starting are left out."""
    head = ("Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,"
            "Total Request Count,Total Failure Count\n")  # fmt: skip
    rows = [(10, 0, 0, 0, 0, 0), (11, 1, 9, 60, 80, 90)] + [(t, 1, 18 + t % 2, 50, 70, 90) for t in range(12, 17)]
    rows += [(t, 4, 60, 62, 90, 120) for t in range(20, 24)]
    text = head + "".join(
        f"{t},{users},,Aggregated,{rate},0,{p50},,,,,{p95},,{p99},,,,0,0\n" for t, users, rate, p50, p95, p99 in rows
    )
    found = read_load_tests([f"{written('x_stats_history.csv', text)}@ml.c6i.xlarge"], book)
    assert found.rows["concurrency"].tolist() == [1, 4]
    assert found.rows["requests_per_second"].tolist() == [18, 60] and found.rows["p50_ms"].tolist() == [50, 62]
    assert any("of Locust" in note for note in found.notes)


def test_inference_recommender(book: PriceBook, written: Write) -> None:
    """1,200 a minute at 100 ms is two in flight; serverless by its memory."""
    held = {"InferenceRecommendations": [
        {"Metrics": {"MaxInvocations": 1200, "ModelLatency": 100},
         "EndpointConfiguration": {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}},
        {"Metrics": {"MaxInvocations": 600, "ModelLatency": 80},
         "EndpointConfiguration": {"ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 5}}},
    ]}  # fmt: skip
    found = read_load_tests([written("rec.json", json.dumps(held))], book)
    assert found.names == ("ml.g5.xlarge", "serverless-4096")
    assert found.rows["concurrency"].tolist() == [2, 1] and found.rows["requests_per_second"].tolist() == [20, 10]
    assert "p50 and p95 alike" in found.notes[0]
    with pytest.raises(InvalidInput, match="no recommendation"):
        read_load_tests([written("none.json", '{"InferenceRecommendations": []}')], book)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"InferenceRecommendations": ["x", null, {"Metrics": null}]}', "has no recommendation"),
        ('{"InferenceRecommendations": [{"Metrics": {"MaxInvocations": "9", "ModelLatency": 5}}]}', "no numbers.* 1"),
        ('{"InferenceRecommendations": [{"Metrics": {"MaxInvocations": NaN, "ModelLatency": 5}}]}', "NaN is no number"),
        (k6(19.0, 1, 50, True, True), r"no http_req_duration med and p\(95\)"),
        (k6(float("inf"), 1, 50, 80, True), "Infinity is no number"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_json_of_another_shape_is_refused(book: PriceBook, written: Write, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_load_tests([f"{written('x.json', text)}@ml.g5.xlarge"], book)


def test_what_must_be_said_is_said(book: PriceBook, written: Write) -> None:
    text = HEAD + "ml.g5.xlarge,1,20,50,60\nml.g5.xlarge,8,150,53,70\nml.g6.xlarge,4,70,55,70\n"
    notes = read_load_tests([written("t.csv", text)], book).notes
    assert any("ml.g5.xlarge: throughput still rose" in note for note in notes)
    assert any("ml.g6.xlarge: tested at one number in flight only" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("instance_type,concurrency\nml.g5.xlarge,1\n", ["requests_per_second", "p50_ms", "p95_ms"]),
        (HEAD + "ml.g5.xlrge,1,20,50,60\n", ["did you mean ml.g5.xlarge", "rows 2"]),
        (HEAD + "ml.g5.xlarge,0,20,50,60\n", ["whole number of at least 1"]),
        (HEAD + "ml.g5.xlarge,1,20,70,60\n", ["p95_ms.*below p90_ms"]),
        (HEAD + "ml.g5.xlarge,1,-20,50,60\n", ["must be above 0"]),
        (HEAD + "ml.g5.xlarge,1,fast,50,60\n", ["is not a number"]),
        (HEAD + "ml.g5.xlarge,1,20,50,60\nml.g5.xlarge,1,21,50,60\n", ["comes twice"]),
        (HEAD + "ml.g5.xlarge,1,20,50,60\nml.g5.xlarge,2,4000,50,60\n", ["more than 2 in flight can have"]),
        (HEAD + "ml.g5.xlrge,0,20,70,60\n", ["did you mean", "whole number", "below"]),
    ],
)
def test_refused(book: PriceBook, written: Write, text: str, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as error:
        read_load_tests([written("t.csv", text)], book)
    for one in words:
        assert __import__("re").search(one, str(error.value)), (one, str(error.value))


def test_estimates_are_labelled_and_checked(book: PriceBook, tests: LoadTests) -> None:
    found = with_estimates(tests, ["ml.g6e.xlarge=5,1.5,8,2"], book)
    assert found.basis[-1] == "estimate" and found.capacity.times.mean_seconds[-1] == pytest.approx(0.017, rel=1e-5)
    assert found.capacity.most_per_second[-1] == pytest.approx(2 / 0.017, rel=1e-5)
    assert any("not measured" in note for note in found.notes)
    with pytest.raises(InvalidInput) as error:
        with_estimates(tests, ["ml.g5.xlarge=5,1,1,1", "ml.g6e.xlarge=5", "ml.nothing=1,1,1,1"], book)
    assert len(error.value.faults) == 3
    with pytest.raises(InvalidInput, match="at least one"):
        with_estimates(None, [], book)
