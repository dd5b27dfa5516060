"""What a person gives becomes an answer, or every fault at once."""

from pathlib import Path

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.answer import chosen_rows, in_chunks, open_answer, read_workload
from costlib.planner.explain import plans
from costlib.planner.search import Result
from tests.exports.conftest import WORKLOAD


@pytest.fixture(scope="module")
def result() -> Result:
    return open_answer(WORKLOAD)


def test_faults_of_rates_discounts_and_workload_come_together(tmp_path: Path) -> None:
    broken = WORKLOAD.replace("us-west-2", "us-wset-2")
    with pytest.raises(InvalidInput) as caught:
        open_answer(broken, tmp_path / "none.csv", {"ec3": 10})
    fields = [fault.field for fault in caught.value.faults]
    assert fields[0] == "rates" and fields[1] == "discounts" and fields[2].startswith("search.regions")


def test_a_discount_lowers_every_ec2_plan(result: Result) -> None:
    cheaper = open_answer(WORKLOAD, None, {"ec2": 10, "sagemaker": 10, "s3": 10, "transfer": 10})
    assert np.allclose(cheaper.cost_usd, 0.9 * result.cost_usd, rtol=1e-9)


def test_workload_from_text_path_and_example(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    assert read_workload(WORKLOAD) == read_workload(str(path)) == read_workload(path)
    assert read_workload("gpt2-1.5b").name == "gpt2-1.5b"
    with pytest.raises(NotKnown) as caught:
        read_workload("gpt2-1.5")
    assert "gpt2-1.5b" in caught.value.faults[0].nearest


def test_rows_are_sorted_limited_and_on_time(result: Result) -> None:
    rows = chosen_rows(result)
    assert np.all(np.diff(result.cost_usd[rows]) >= 0) and result.meets_deadline[rows].all()
    assert list(chosen_rows(result, 5)) == list(rows[:5])
    every = chosen_rows(result, include_late=True)
    assert len(every) == len(result.cost_usd) > len(rows)
    assert np.all(np.diff(result.cost_usd[every]) >= 0)


def test_best_per_keeps_one_of_each_group(result: Result) -> None:
    rows = chosen_rows(result, best_per=("instance_type", "region"))
    pairs = {(result.column("instance_type")[row], result.column("region")[row]) for row in rows}
    assert len(pairs) == len(rows) > 1
    with pytest.raises(InvalidInput, match="instance_type"):
        chosen_rows(result, best_per=("instance_typ",))


def test_ranks_do_not_depend_on_chunks(result: Result) -> None:
    rows = chosen_rows(result, 30)
    pieces = [plan for chunk in in_chunks(result, rows, size=7) for plan in chunk]
    assert [plan.rank for plan in pieces] == list(range(1, 31))
    assert pieces == plans(result, rows)


def test_late_plans_have_rank_0(result: Result) -> None:
    late = np.nonzero(~result.meets_deadline)[0][:3]
    assert [plan.rank for plan in plans(result, late)] == [0, 0, 0]


def test_impossible_deadline_names_the_fastest() -> None:
    hopeless = open_answer(WORKLOAD.replace("deadline_hours: 72", "deadline_hours: 0.001"))
    with pytest.raises(InvalidInput) as caught:
        hopeless.require_on_time()
    (fault,) = caught.value.faults
    assert fault.field == "deadline_hours" and fault.value == 0.001
    assert f"{hopeless.wall_hours.min():.3g} h" in fault.problem
    assert len(chosen_rows(hopeless, include_late=True)) == len(hopeless.cost_usd)
