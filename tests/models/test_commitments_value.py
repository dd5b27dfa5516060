"""What commitments leave to pay, its slopes and its floor: against differences, and against a linear program."""

import highspy
import numpy as np
import pytest

from costlib.models.commitments_value import Hours, Pool, Value

PRICE = np.array([1.0, 2.2, 0.7, 1.5])
POOLS = (
    Pool(0, (0, 1), (4.0, 8.0), in_order=True),
    Pool(1, (0, 1), (0.6, 1.25)),
    Pool(2, (0, 1, 2, 3), (0.7, 1.7, 0.45, 1.2)),
    Pool(2, (3,), (0.9,)),
)


def case(seed: int) -> tuple[Hours, np.ndarray]:
    rng = np.random.default_rng(seed)
    # Two scenarios of 40 hours in two periods; many hours without usage, where slopes are easily wrong.
    usage = rng.gamma(2, 3, (4, 80)) * (rng.random((4, 80)) < 0.6)
    price = np.stack([PRICE, PRICE, PRICE, PRICE * np.array([1, 1, 0.6, 1])])
    hours = Hours(usage, rng.uniform(0.5, 1.5, 80), np.array([0, 15, 40, 55]), price, 2)
    return hours, rng.uniform(0, 12, (4, 2)) * (rng.random((4, 2)) < 0.7)


@pytest.mark.parametrize("seed", range(12))
def test_slopes_are_those_of_the_cost(seed: int) -> None:
    hours, capacity = case(seed)
    value = Value(hours, POOLS)
    cost = value.at(capacity)
    step = 1e-6
    for pool, period in np.ndindex(capacity.shape):
        more = capacity.copy()
        more[pool, period] += step
        moved = (value.at(more, slopes=False).rest_usd - cost.rest_usd) / step
        # Differences over the cost's own rounding, 1e-13 of hundreds of USD.
        assert cost.slope_usd[:, pool, period] == pytest.approx(moved, abs=1e-6)


def best_assignment_usd(hours: Hours, capacity: np.ndarray, pools: tuple[Pool, ...] = POOLS) -> np.ndarray:
    """Each scenario's cost were usage assigned at its best: a linear program an hour."""
    found = np.zeros(hours.scenarios)
    segment = np.searchsorted(hours.starts, np.arange(hours.usage.shape[1]), side="right") - 1
    for row, at in enumerate(segment):
        solver = highspy.Highs()
        solver.silent()
        rest = [solver.addVariable(0, use) for use in hours.usage[:, row]]
        limits = [[] for _ in pools]
        served = list(rest)
        for number, pool in enumerate(pools):
            for line, rate in zip(pool.lines, pool.rates, strict=True):
                amount = solver.addVariable(0)
                served[line] = served[line] + amount
                limits[number].append(rate * amount)
        for line, use in enumerate(hours.usage[:, row]):
            solver.addConstr(served[line] == use)
        for number, terms in enumerate(limits):
            solver.addConstr(sum(terms[1:], terms[0]) <= capacity[number, at % hours.periods])
        paid = [price * each for price, each in zip(hours.price_usd[at], rest, strict=True)]
        solver.minimize(sum(paid[1:], paid[0]))
        found[at // hours.periods] += hours.weight[row] * solver.getObjectiveValue()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_floor_is_below_the_best_assignment_of_any_capacity(seed: int) -> None:
    hours, capacity = case(seed)
    value = Value(hours, POOLS)
    best = best_assignment_usd(hours, capacity)
    cost = value.at(capacity)
    assert (cost.rest_usd >= best - 1e-7).all(), "AWS's order is one assignment of many"
    # Priced at any other capacities, and by any factor, it is a plane below.
    for other in (capacity, 2 * capacity, np.roll(capacity, 1, axis=0)):
        slope = value.at(other).slope_usd
        for factor in (np.ones(4), np.full(4, 0.5), np.linspace(0.2, 1, 4)):
            plane = value.floor_usd(other, factor) + np.einsum("spt,pt,p->s", slope, capacity, factor)
            assert (plane <= best + 1e-7).all()


@pytest.mark.parametrize("seed", range(3))
def test_within_one_plan_the_order_is_the_best_and_the_floor_touches(seed: int) -> None:
    hours, capacity = case(seed)
    value, own = Value(hours, POOLS[2:3]), capacity[2:3]
    best = best_assignment_usd(hours, own, POOLS[2:3])
    cost = value.at(own)
    assert cost.rest_usd == pytest.approx(best)
    plane = value.floor_usd(own, np.ones(1)) + np.einsum("spt,pt->s", cost.slope_usd, own)
    assert plane == pytest.approx(best)


def test_parts_add_up_to_the_whole() -> None:
    hours, capacity = case(0)
    value = Value(hours, POOLS)
    used, rest = value.used(capacity)
    cost = value.at(capacity)
    price = hours.price_usd.reshape(2, 2, 4)
    assert (rest * price).sum(axis=(1, 2)) == pytest.approx(cost.rest_usd)
    assert value.hourly_usd(capacity) @ (hours.weight * (np.arange(80) < 40)) == pytest.approx(cost.rest_usd[0])
    had = np.add.reduceat(hours.weight, hours.starts).reshape(2, 1, 2) * capacity
    assert (used <= had + 1e-9).all() and (used >= -1e-9).all()
    # A plan's capacity is used by what it covers, at its rates.
    taken, left = Value(hours, POOLS[2:3]).used(capacity[2:3])
    ran = np.add.reduceat(hours.usage * hours.weight, hours.starts, axis=1).T.reshape(2, 2, 4)
    assert taken[:, 0] == pytest.approx((ran - left) @ np.array(POOLS[2].rates))
    alone = [Value(hours.of_scenario(at), POOLS).at(capacity).rest_usd[0] for at in range(2)]
    assert alone == pytest.approx(cost.rest_usd.tolist())
    assert value.at(np.zeros((4, 2))).rest_usd == pytest.approx(hours.uncovered_usd())


def test_a_sample_weighs_as_much_as_the_whole() -> None:
    hours, _ = case(1)
    sample = hours.sampled(4)
    for each in (hours, sample):
        totals = np.add.reduceat(each.weight, each.starts)
        assert totals == pytest.approx(np.add.reduceat(hours.weight, hours.starts))
    assert sample.usage.shape[1] == 4 + 7 + 4 + 7 and hours.sampled(1000).usage.shape[1] == 4
