"""The shortlist answers as all offers do, with a fraction of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.planner.ladder import ladder
from costlib.planner.search import Result, search
from costlib.planner.shortlist import shortlist, undominated
from costlib.planner.sources import Sources
from costlib.workload import Workload

rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 4)), max_size=30)


@given(rows)
def test_undominated_is_what_comparing_all_pairs_leaves(table: list[tuple[int, int, int]]) -> None:
    def beaten(one: int) -> bool:
        return any(
            table[other][0] == table[one][0]
            and all(a <= b for a, b in zip(table[other][1:], table[one][1:], strict=True))
            and (table[other] != table[one] or other < one)
            for other in range(len(table))
            if other != one
        )

    columns = np.array(table, dtype=float).reshape(-1, 3)
    kept = undominated(columns[:, 0].astype(np.int64), columns[:, 1:])
    assert kept.tolist() == [row for row in range(len(table)) if not beaten(row)]


def key(result: Result, row: int) -> tuple[object, ...]:
    """A candidate, whatever its row."""
    offer = result.sources.offers.frame.iloc[result.candidates.offer[row]]
    names = ("service", "instance_type", "region", "az", "purchase", "option")
    place = (int(result.candidates.count_index[row]), int(result.candidates.precision_index[row]))
    return tuple(str(offer[name]) for name in names) + place


@pytest.mark.parametrize("home", ["us-east-1", "eu-west-1", "ap-south-1"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"deadline_hours": 4},
        {"deadline_hours": None, "runs_per_month": 60},
        {"dataset.gib": 500_000, "search.purchase": ["on_demand", "reserved", "savings_plan"]},
    ],
)
def test_best_front_and_ladder_are_those_of_all_offers(
    sources: Sources, workload: Workload, home: str, changes: dict[str, object]
) -> None:
    asked = workload.changed({"dataset.home_region": home, **changes}, sources.vocabulary)
    few = shortlist(sources, home)
    assert 100 < len(few.offers.service) < len(sources.offers.service) / 4
    all_offers, short = search(asked, sources), search(asked, few)
    assert key(short, short.order[0]) == key(all_offers, all_offers.order[0])
    assert short.cost_usd[short.front].tolist() == all_offers.cost_usd[all_offers.front].tolist()
    assert [key(short, row) for row in short.front] == [key(all_offers, row) for row in all_offers.front]
    one, other = ladder(all_offers), ladder(short)
    assert other.start_usd == one.start_usd
    assert [(r.cost_usd, r.alone_usd) for r in other.rungs] == [(r.cost_usd, r.alone_usd) for r in one.rungs]
