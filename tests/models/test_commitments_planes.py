"""Planes in the solver: what it promises is what the planes, the bend and the weight on the tail say."""

import numpy as np
import pytest

from costlib.models.commitments_planes import Columns, Master, Risk, tail_mean


def test_the_tail_counts_scenarios_in_part() -> None:
    usd, probability = np.array([10.0, 40.0, 20.0]), np.array([0.5, 0.2, 0.3])
    assert tail_mean(usd, probability, 0.2) == 40
    # The worst 0.4: 0.2 at 40 and 0.2 of the 0.3 at 20.
    assert tail_mean(usd, probability, 0.4) == pytest.approx(30)
    assert tail_mean(usd, probability, 1.0) == pytest.approx(usd @ probability)
    assert Risk(0.25, 0.2).of(usd, probability) == pytest.approx(0.75 * 19 + 0.25 * 40)


@pytest.mark.parametrize("bends", range(4))
def test_it_promises_what_its_planes_say_however_often_bent(bends: int) -> None:
    rng = np.random.default_rng(bends)
    probability, risk = np.array([0.5, 0.3, 0.2]), Risk(0.4, 0.3)
    columns = Columns(np.array([0, 1]), np.ones((2, 1), bool), np.array([3.0, 5.0]), np.array([10.0, 4.0]))
    master = Master(columns, probability, Risk(0.0, 0.3))
    master.set_risk(risk)
    planes = []
    slope, value = np.zeros((3, 2)), np.zeros(3)
    for turn in range(bends + 1):
        for _ in range(3):
            usd, down, at = rng.uniform(50, 90, 3), -rng.uniform(1, 6, (3, 2)), rng.uniform(0, 4, 2)
            master.add(usd, down, at)
            planes.append((usd - down @ at, down))
        if turn:
            slope, value = rng.normal(0, 0.5, (3, 2)), rng.uniform(0, 30, 3)
            master.bend(slope, value)

    def promised(amount: np.ndarray) -> float:
        rest = np.max([np.maximum(level + down @ amount, 0) for level, down in planes], axis=0)
        return float(columns.usd @ amount) + risk.of(rest + slope @ amount + value, probability)

    for share in rng.random((5, 2)):
        master.box(share, share)
        amount, said = master.solve()
        assert amount == pytest.approx(share * columns.most)
        assert said == pytest.approx(promised(amount))
    master.box(np.zeros(2), np.ones(2))
    best, said = master.solve()
    grid = [promised(np.array([first, second])) for first in np.linspace(0, 10, 41) for second in np.linspace(0, 4, 41)]
    assert said == pytest.approx(promised(best)) and said <= min(grid) + 1e-9
