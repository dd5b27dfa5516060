import pytest

from costlib.panels.plan_state import PlanState
from costlib.panels.scenarios import ScenarioShelf, comparison_html
from costlib.planner.scenario import ScenarioFolder
from tests.example import sources, workload


@pytest.fixture
def state() -> PlanState:
    return PlanState(sources(), workload())


@pytest.fixture
def shelf(state, tmp_path) -> ScenarioShelf:
    return ScenarioShelf(state, ScenarioFolder(tmp_path / "scenarios"))


def test_a_scenario_comes_back_with_its_discount(state, shelf):
    state.propose(workload().changed({"work.tokens": 1e10}).to_mapping(), {"ec2": 10.0})
    draft = state.draft
    shelf.save("small")
    assert shelf.names == ("small",) and shelf.done == "Saved as small."
    state.undo()
    shelf.load("small")
    assert state.draft == draft and "own discount" in state.sources.book.banner


def test_without_a_name_it_takes_the_workloads(shelf):
    shelf.save(" ")
    assert shelf.names == ("gpt2-1.5b",)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "x" * 61, "a\nb"])
def test_names_that_are_no_file_names_are_refused(shelf, name):
    shelf.save(name)
    assert "scenario.name" in shelf.problem and shelf.names == ()


def test_what_is_not_there_is_said_with_close_matches(shelf):
    shelf.save("base case")
    for act in (shelf.load, shelf.delete):
        act("bace case")
        assert "did you mean base case?" in shelf.problem
    shelf.delete("base case")
    assert shelf.names == () and not shelf.problem


def test_a_broken_file_is_said_and_the_draft_stays(state, shelf, tmp_path):
    shelf.save("good")
    (tmp_path / "scenarios" / "bad.yaml").write_text("!!python/object/apply:os.system ['true']")
    draft = state.draft
    shelf.load("bad")
    assert "bad.yaml" in shelf.problem and state.draft is draft
    rows = shelf.compare(["bad", "good"])
    assert [row.plan is None for row in rows] == [False, True, False]


def test_comparing_answers_each_with_todays_prices(state, shelf):
    shelf.save("base")
    base = state.best_plans(1)[0]
    state.propose(workload().changed({"search.purchase": ["on_demand"]}).to_mapping())
    shelf.save("no spot")
    rows = {row.name: row for row in shelf.compare(shelf.names)}
    assert rows["base"].plan.key == base.key and rows["base"].plan.cost_usd == base.cost_usd
    assert rows["no spot"].plan == rows["(on screen)"].plan == state.best_plans(1)[0]
    assert rows["base"].saved.best_cost_usd == base.cost_usd.expected
    html = comparison_html(list(rows.values()), "other-snapshot")
    assert base.key in html and html.count("other prices") == 2


def test_a_scenario_that_nothing_can_hold_compares_as_such(state, shelf):
    state.propose(workload().changed({"deadline_hours": 0.01}).to_mapping())
    shelf.save("too soon")
    html = comparison_html(shelf.compare(["too soon"]), sources().book.snapshot_id)
    assert html.count("no plan holds the deadline") == 2
