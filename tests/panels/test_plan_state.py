import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from costlib.errors import Cancelled
from costlib.panels import background, plan_state
from costlib.panels.background import Background, Foreground
from costlib.panels.plan_state import PlanState
from costlib.planner.ladder import LEVERS
from tests.example import sources, workload


@pytest.fixture
def state() -> PlanState:
    return PlanState(sources(), workload())


def in_a_thread(act):
    """Runs ``act`` where no event loop runs: the browser tests leave one behind in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def changed(state: PlanState, **changes):
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return state.draft.workload.changed(dotted).to_mapping()


def best_usd(state: PlanState) -> float:
    return float(state.result.cost_usd[state.result.order[0]])


def test_a_new_state_has_an_answer_and_selects_the_cheapest(state):
    assert not state.busy and not state.problem and not state.faults
    assert state.selected_row == state.result.order[0]
    assert state.selected_plan().rank == 1


def test_a_change_moves_the_answer(state):
    before = best_usd(state)
    content = changed(state, work__tokens=2 * 33554432000)
    state.propose(content)
    assert state.draft.workload.work.tokens == 2 * 33554432000
    assert before < best_usd(state)


def test_undo_and_redo_walk_through_drafts(state):
    drafts, costs = [state.draft], [best_usd(state)]
    for tokens in (1e10, 2e10):
        state.propose(changed(state, work__tokens=tokens))
        drafts.append(state.draft)
        costs.append(best_usd(state))
    assert (state.can_undo, state.can_redo) == (True, False)
    state.undo()
    assert (state.draft, best_usd(state)) == (drafts[1], costs[1])
    state.undo()
    assert (state.draft, best_usd(state)) == (drafts[0], costs[0])
    assert (state.can_undo, state.can_redo) == (False, True)
    state.undo()
    assert state.draft == drafts[0]
    state.redo()
    state.redo()
    assert (state.draft, best_usd(state)) == (drafts[2], costs[2])
    state.undo()
    state.propose(changed(state, work__tokens=3e10))
    assert not state.can_redo


def test_what_is_refused_names_all_faults_and_leaves_the_answer(state):
    draft, result = state.draft, state.result
    content = changed(state)
    content["model"]["parameters"] = "lots"
    content["search"]["regions"] = ["us-eest-1"]
    state.propose(content, {"ec2": 140.0})
    assert {fault.field.split(".0")[0] for fault in state.faults} >= {
        "model.parameters",
        "search.regions",
        "discounts.ec2",
    }
    assert state.draft is draft and state.result is result
    assert not state.can_undo
    state.propose(changed(state))
    assert not state.faults


def test_yaml_that_cannot_be_read_leaves_the_answer(state):
    result = state.result
    state.propose_yaml("kind: [")
    assert "YAML" in state.faults[0].problem and state.result is result
    state.propose_yaml(workload().changed({"name": "other"}).to_yaml())
    assert state.draft.workload.name == "other" and not state.faults


def test_no_candidate_says_why_and_leaves_the_answer(state):
    result = state.result
    state.propose(changed(state, search__instance_families=["t3"]))
    assert "no candidate is left" in state.problem
    assert state.result is result and not state.busy
    state.propose(changed(state, search__instance_families=["p5"]))
    assert not state.problem


def test_a_deadline_nobody_holds_is_an_answer_without_plans(state):
    state.propose(changed(state, deadline_hours=0.001))
    assert len(state.result.order) == 0 and state.best_plans(3) == []
    assert state.selected_plan().meets_deadline is False
    assert state.ladder() is not None


def test_an_own_discount_takes_its_share_off_every_price_of_the_service(state):
    plan = state.selected_plan()
    state.propose(changed(state), {"ec2": 50.0})
    after = state.selected_plan()
    assert plan.service == "ec2" and after.key == plan.key
    compute = {item.item: item.usd.expected for item in after.lines}["compute"]
    assert compute == pytest.approx(0.5 * plan.lines[0].usd.expected, rel=1e-12)
    assert "own discount" in state.sources.book.banner
    state.undo()
    assert state.selected_plan().cost_usd == plan.cost_usd
    assert "own discount" not in state.sources.book.banner


def test_a_discount_of_nothing_is_no_change(state):
    state.propose(changed(state), {"ec2": 0.0})
    assert not state.can_undo


def test_a_chosen_plan_stays_chosen_and_the_best_follows(state):
    chosen = int(state.result.best_per("instance_type")[3])
    state.select(chosen)
    key = state.selected_plan().key
    state.propose(changed(state, work__tokens=3e10))
    assert state.selected_plan().key == key and state.selected_plan().rank > 1
    state.select(int(state.result.order[0]))
    state.propose(changed(state, search__purchase=["on_demand"]))
    assert state.selected_row == state.result.order[0]


def test_a_chosen_plan_that_is_gone_gives_way_to_the_best(state):
    row = next(int(row) for row in state.result.order if state.result.column("service")[row] == 1)
    state.select(row)
    state.propose(changed(state, search__services=["ec2"]))
    assert state.selected_row == state.result.order[0]


@pytest.mark.parametrize("row", [-1, 10**9])
def test_rows_that_are_not_there_are_not_selected(state, row):
    before = state.selected_row
    state.select(row)
    assert state.selected_row == before


def test_levers_move_and_end_at_the_same_cost(state):
    end = state.ladder().end_usd
    first, second = list(LEVERS)[:2]
    state.move_lever(second, -1)
    assert state.lever_order[:2] == (second, first)
    assert [rung.lever for rung in state.ladder().rungs] == list(state.lever_order)
    assert state.ladder().end_usd == pytest.approx(end)
    state.move_lever(second, -5)
    assert state.lever_order[0] == second and sorted(state.lever_order) == sorted(LEVERS)


def test_what_was_not_foreseen_is_said_and_raised(state, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr(plan_state, "search", broken)
    result = state.result
    with pytest.raises(RuntimeError):
        state.propose(changed(state, work__tokens=1e10))
    assert "boom" in state.problem and not state.busy and state.result is result


def test_a_search_in_the_background_can_be_stopped(monkeypatch):
    real, waiting, go = plan_state.search, threading.Event(), threading.Event()
    monkeypatch.setattr(background, "QUIET_SECONDS", -1.0)

    def slow(draft, held, progress):
        progress(0.3, "half way")
        waiting.set()
        go.wait(10)
        progress(0.6, "further")
        return real(draft, held, progress)

    async def scene():
        state = PlanState(sources(), workload(), Background())
        result, draft = state.result, state.draft
        monkeypatch.setattr(plan_state, "search", slow)
        state.propose(changed(state, work__tokens=1e10))
        assert state.busy
        await asyncio.to_thread(waiting.wait, 10)
        await asyncio.sleep(0.05)
        assert (state.progress, state.stage) == (0.3, "half way")
        state.cancel()
        go.set()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not state.busy:
                break
        assert not state.busy and "stopped" in state.problem
        assert state.result is result and state.draft is draft and not state.can_undo

    in_a_thread(lambda: asyncio.run(scene()))


def test_of_two_searches_only_the_newer_is_shown():
    async def scene():
        state = PlanState(sources(), workload(), Background())
        answers = []
        state.observe(lambda change: answers.append(change["new"].workload.work.tokens), "result")
        state.propose(changed(state, work__tokens=1e10))
        state.propose(changed(state, work__tokens=2e10))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if not state.busy:
                break
        await asyncio.sleep(0.2)
        assert answers == [2e10] and state.draft.workload.work.tokens == 2e10

    in_a_thread(lambda: asyncio.run(scene()))


def test_quick_work_reports_no_progress():
    async def scene():
        reports, ends = [], asyncio.Queue()
        worker = Background()
        worker.start(
            lambda progress: progress(0.5, "quick") or 7,
            lambda *report: reports.append(report),
            lambda *end: ends.put_nowait(end),
        )
        assert await asyncio.wait_for(ends.get(), 10) == (7, None)
        assert reports == []

    in_a_thread(lambda: asyncio.run(scene()))


def test_outside_a_loop_work_runs_at_once():
    worker = in_a_thread(background.worker)
    assert isinstance(worker, Foreground)
    ends = []

    def fails(_progress):
        raise Cancelled("no")

    worker.start(fails, lambda *_: None, lambda *end: ends.append(end))
    assert ends[0][0] is None and isinstance(ends[0][1], Cancelled)
