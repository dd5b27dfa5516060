"""One trace from a file or by name: known rows come out, the optimum bounds, faults come together."""

import json
from pathlib import Path

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.spot.replays import PAPER_PRICE_RATIO, Question, open_tape, replayed, starts_of, summary
from costlib.validation.spot import spot_snapshot

NAME = "aws1026-us-west-2b_v100_1"
QUESTION = Question("up", 48, 60, 0.05)


def test_published_runs_come_out() -> None:
    held = spot_snapshot().read("spot/replay_reference")
    rows = held[(held["trace"] == NAME) & (held["checkpoint_interval_seconds"] == 0) & (held["work_hours"] == 48)
                & (held["deadline_ratio"] == 1.25) & (held["changeover_seconds"] == 180)]  # fmt: skip
    assert len(rows) > 3
    tape = open_tape(NAME)
    for policy, column in (("up", "cost_ratio_uniform_progress"), ("omniscient", "cost_ratio_omniscient")):
        question = Question(policy, 48, 60, 0.05)
        found = replayed(tape, question, rows["start_step"].to_numpy())
        assert found["cost_ratio"].to_numpy() == pytest.approx(rows[column].to_numpy(), rel=1e-4)


def test_no_policy_beats_the_optimum() -> None:
    tape = open_tape(NAME)
    starts = starts_of(tape, QUESTION, every=400)
    best = replayed(tape, Question("optimum", 48, 60, 0.05), starts)
    for policy in ("on_demand", "greedy", "up", "lookahead"):
        found = replayed(tape, Question(policy, 48, 60, 0.05), starts)
        assert (found["cost_ratio"].to_numpy() >= best["cost_ratio"].to_numpy() - 1e-9).all()
        assert found["met_deadline"].all()
    assert best["finish_hours"].isna().all() and best["met_deadline"].all()


def test_a_file_is_replayed_as_the_same_trace(tmp_path: Path) -> None:
    tape = open_tape(NAME)
    path = tmp_path / "t.json"
    path.write_text(
        json.dumps({"gap_seconds": round(tape.step_hours * 3600), "avail": tape.available.astype(int).tolist()})
    )
    mine = open_tape(path)
    starts = np.array([0, 500])
    assert replayed(mine, QUESTION, starts).equals(replayed(tape, QUESTION, starts))


def test_the_summary_is_of_the_starts() -> None:
    tape = open_tape(NAME)
    table = replayed(tape, QUESTION, starts_of(tape, QUESTION, every=50))
    found = summary(table)
    assert found["starts"] == len(table) and found["met_fraction"] == 1.0
    assert found["cost_ratio"] == pytest.approx(table["cost_ratio"].mean())
    assert found["cost_ratio_p10"] <= found["cost_ratio"] <= found["cost_ratio_p90"]
    assert QUESTION.price_ratio == PAPER_PRICE_RATIO and Question("up", 1, 2, 0, 0.5).price_ratio == 0.5


def test_all_faults_of_a_question_are_told_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        replayed(open_tape(NAME), Question("upp", 48, 40, -1, spot_price_ratio=1.5))
    assert {fault.field for fault in refused.value.faults} >= {"policy", "changeover_hours", "spot_price_ratio"}
    with pytest.raises(InvalidInput, match="cannot be met"):
        replayed(open_tape(NAME), Question("up", 48, 48, 0.05))
    with pytest.raises(InvalidInput, match="no start fits"):
        replayed(open_tape(NAME), Question("up", 4800, 6000, 0.05))
    with pytest.raises(InvalidInput, match="did you mean"):
        open_tape("aws1026-us-west-2b_v100_2")
    with pytest.raises(InvalidInput, match="nodes"):
        open_tape(NAME, nodes=2)
    with pytest.raises(InvalidInput, match="every"):
        starts_of(open_tape(NAME), QUESTION, every=0)
