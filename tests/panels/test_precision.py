"""The precision page, headless: set a control, read the answer and what is told beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

from costlib.display import usd
from costlib.errors import CostlibError, InvalidInput
from costlib.models.roofline import BOUNDS
from costlib.panels import precision
from costlib.panels.precision_fields import CONTROLS, DEFAULTS, control_of
from costlib.panels.precision_state import PrecisionState
from costlib.panels.precision_views import BOUNDS as SAID_BOUNDS
from costlib.panels.precision_views import VERDICTS
from costlib.planner.advice import REMEDIES
from costlib.planner.precision import compare_precisions
from costlib.planner.search import search
from tests.example import sources, workload


@pytest.fixture
def state() -> PrecisionState:
    return PrecisionState(sources())


@pytest.fixture
def page(state: PrecisionState) -> Iterator[precision._Page]:
    yield precision._Page(state)
    ipywidgets.Widget.close_all()


def asked(state: PrecisionState, **values: str) -> None:
    """Sets controls by the last part of their key."""
    keys = {key.split(".")[-1]: key for key in CONTROLS}
    state.propose({**state.values, **{keys[name]: value for name, value in values.items()}})


def test_an_example_is_answered_at_once(page: precision._Page) -> None:
    state, answer = page.state, page.state.answer
    assert state.started == "gpt2-1.5b" and not state.faults
    table = compare_precisions(workload(), sources())
    pd.testing.assert_frame_equal(answer.table, table)
    best = table.loc[table["cost_usd"].idxmin()]
    assert answer.best["precision"] == best["precision"]
    assert f"<b>{best['precision']}</b>" in page.answer.value and f"<b>{usd(best['cost_usd'])}</b>" in page.answer.value
    for name in ("saved_by_speed_usd", "saved_by_choice_usd"):
        assert usd(best[name]) in page.answer.value
    for row in table.to_dict("records"):
        assert row["instance_type"] in page.plans.value and usd(row["cost_high_usd"]) in page.plans.value
    assert answer.base == "fp32" and answer.plan.precision == "bf16"


def test_every_control_begins_and_every_verdict_has_words() -> None:
    state = PrecisionState(sources())
    assert set(state.values) == set(CONTROLS) and set(DEFAULTS) <= set(CONTROLS)
    assert set(SAID_BOUNDS) == set(BOUNDS)
    assert set(VERDICTS) == {*REMEDIES, "memory_capacity", "accelerator"}


def test_changing_the_run_moves_everything(page: precision._Page) -> None:
    shown = (page.answer, page.plans, page.notes, page.step, page.advice)
    charts = (page.costs, page.roof)
    before = [one.value for one in shown] + [one.figure.to_json() for one in charts]
    page.form.inputs["model.parameters"].value = "7e9"
    after = [one.value for one in shown] + [one.figure.to_json() for one in charts]
    assert not page.state.faults and all(one != other for one, other in zip(before, after, strict=True))
    assert page.start.value == "", "these are the user's own numbers now"
    page.start.value = "gpt2-1.5b"
    assert [one.value for one in shown] + [one.figure.to_json() for one in charts] == before


def test_every_example_has_an_answer(state: PrecisionState) -> None:
    for name in state.examples:
        state.start(name)
        assert not state.faults and not state.problem and state.started == name
        assert state.answer.workload.name == name and state.answer.line is not None
    state.start("gpt2-1.5")
    assert "gpt2-1.5b" in state.faults[0].nearest


def test_plans_on_one_accelerator_only(page: precision._Page) -> None:
    page.form.inputs["only_accelerator"].value = "A10G"
    answer = page.state.answer
    known = answer.table[answer.table["cost_usd"].notna()]
    assert set(known["accelerator"]) == {"A10G"} and answer.accelerators == ("A10G",)
    assert "fp8" not in answer.precisions and "no machine that may be used" in page.plans.value
    assert [option for _, option in page.form.inputs["precision"].options] == list(answer.precisions)


def test_speed_ups_are_of_the_chosen_class(page: precision._Page) -> None:
    before = page.table.html
    page.form.inputs["model_class"].value = "vision"
    assert page.table.html != before and "vision" in page.speedups.figure.layout.title.text
    row = page.state.answer.speedups.set_index(["accelerator", "precision"]).loc[("A100 80GB SXM4", "fp16")]
    assert f"<b>{row['speedup_expected']:.2f} ×</b>" in page.table.html and f"{row['n_rows']} pairs" in page.table.html
    assert row["source"] in page.table.html


def test_savings_beside_another_format(page: precision._Page) -> None:
    page.form.inputs["base"].value = "bf16"
    answer = page.state.answer
    assert answer.base == "bf16" and "Saved beside bf16" in page.plans.value
    assert answer.table.set_index("precision").loc["bf16", "saved_usd"] == 0


def test_a_click_looks_closely_and_a_second_lets_go(page: precision._Page) -> None:
    page._clicked("H100 80GB SXM5")
    assert page.state.answer.plan.accelerator == "H100 80GB SXM5" and "H100 80GB SXM5" in page.step.value
    assert "H100" in page.roof.figure.layout.title.text
    page._clicked("H100 80GB SXM5")
    assert page.form.inputs["accelerator"].value == ""
    page._clicked("<script>")
    assert page.form.inputs["accelerator"].value == "" and not page.state.faults


def test_what_is_not_there_any_more_is_told_and_replaced(state: PrecisionState) -> None:
    asked(state, precision="fp8", accelerator="H100 80GB SXM5")
    assert state.answer.plan.precision == "fp8" and not state.notes
    asked(state, only_accelerator="A10G", base="fp8")
    assert state.answer.plan.precision == "bf16" and state.values["accelerator"] == "" and state.values["base"] == ""
    assert set(state.notes) == {"precision", "accelerator", "base"}
    assert "H100" in state.notes["accelerator"] and "fp8 has no plan" in state.notes["precision"]


def test_input_binds_the_step_and_has_its_dollars(page: precision._Page) -> None:
    assert SAID_BOUNDS["compute"] in page.step.value
    page.form.inputs["sample_bytes"].value = "100 000"
    page.form.inputs["storage_mb_s"].value = "1"
    line = page.state.answer.line
    assert line is not None and line.step["bound"] == "input" and SAID_BOUNDS["input"] in page.step.value
    (advice,) = page.state.answer.line_advice
    assert advice.usd_saved > 0 and usd(advice.usd_saved) in page.step_advice.value
    # 1 MB/s for 8 accelerators: two sequences of 0.1 MB take 1.6 s.
    assert line.step["input_seconds"] == pytest.approx(1.6)


def test_own_numbers_say_what_binds(page: precision._Page) -> None:
    assert VERDICTS["input: storage"] in page.verdict.value
    (advice,) = page.state.answer.advice
    assert usd(advice.usd_saved) in page.advice.value and "LowGPUUtilization" in page.advice.value
    page.form.inputs["io_wait_percent"].value = ""
    page.form.inputs["cpu_percent"].value = "95 %"
    assert VERDICTS["input: cpu"] in page.verdict.value
    page.form.inputs["gpu_percent"].value = "95"
    assert VERDICTS["accelerator"] in page.verdict.value and precision.NOTHING_TO_WIN in page.advice.value


def test_monitor_numbers_need_no_new_search(state: PrecisionState) -> None:
    before = state.answer.result
    asked(state, gpu_percent="30", micro_batch="2", precision="tf32")
    assert state.answer.result is before and state.answer.line is not None and state.answer.line.micro_batch == 2
    asked(state, deadline_hours="100")
    assert state.answer.result is not before
    fresh = search(state.answer.workload.changed({"precision": ["bf16"]}), sources())
    bf16 = state.answer.table.set_index("precision").loc["bf16"]
    assert bf16["cost_usd"] == pytest.approx(fresh.cost_usd[fresh.order[0]])


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"parameters": "0"}, "model.parameters", "at least 1"),
        ({"parameters": "1.5 GB"}, "model.parameters", "not a number"),
        ({"tokens": ""}, "work.tokens", ""),
        ({"deadline_hours": "-1"}, "deadline_hours", "above 0"),
        ({"max_instances": "513"}, "search.max_instances", "at most 512"),
        ({"only_accelerator": "A10"}, "only_accelerator", "did you mean A10G"),
        ({"model_class": "visions"}, "model_class", "did you mean vision"),
        ({"micro_batch": "1.5"}, "micro_batch", "not a whole number"),
        ({"micro_batch": "0"}, "micro_batch", "at least 1"),
        ({"sample_bytes": "many"}, "sample_bytes", "not a number"),
        ({"storage_mb_s": "0"}, "storage_mb_s", "above 0"),
        ({"prepared_per_second": "-3"}, "prepared_per_second", "above 0"),
        ({"gpu_percent": ""}, "gpu_percent", "is needed"),
        ({"gpu_percent": "0"}, "gpu_percent", "nothing ran"),
        ({"gpu_percent": "nan"}, "gpu_percent", "not a number"),
        ({"memory_percent": "101"}, "memory_percent", "from 0 to 100"),
        ({"io_wait_percent": "70"}, "io_wait_percent", "exceed 100 together"),
    ],
)
def test_what_cannot_be_is_told_beside_its_control(
    page: precision._Page, values: dict[str, str], key: str, words: str
) -> None:
    before = page.state.answer
    asked(page.state, **values)
    (fault,) = page.state.faults
    if key == "work.tokens":
        key = str(control_of(fault)) if control_of(fault) else ""
    told = {name for name, message in page.form.messages.items() if "costlib-fault" in message.value}
    assert words in str(fault) and told == ({key} if key else set())
    assert page.state.answer is before and "last good values" in page.general.value
    page.state.propose(page.state.values)
    assert not page.state.faults and page.general.value == ""


def test_several_faults_are_told_together(page: precision._Page) -> None:
    asked(page.state, parameters="0", gpu_percent="130", micro_batch="x", cpu_percent="y")
    assert {control_of(fault) for fault in page.state.faults} >= {"model.parameters", "micro_batch", "cpu_percent"}


def test_what_is_typed_is_escaped(page: precision._Page) -> None:
    page.form.inputs["gpu_percent"].value = "<script>x</script>"
    said = page.form.messages["gpu_percent"].value
    assert "<script" not in said and "&lt;script" in said


def test_no_plan_at_all_is_a_problem_of_the_whole(page: precision._Page) -> None:
    before = page.state.answer
    asked(page.state, parameters="5e12", only_accelerator="T4")
    assert page.state.answer is before and "no candidate is left" in page.general.value
    with pytest.raises(CostlibError, match="no candidate"):
        PrecisionState(sources(), workload().changed({"search.instance_families": ["m5"]}))


def test_a_model_without_its_shape_has_plans_and_no_roofline() -> None:
    bare = workload().changed({f"model.{name}": None for name in ("layers", "hidden", "heads")})
    page = precision._Page(PrecisionState(sources(), bare))
    answer = page.state.answer
    assert answer.line is None and answer.memory.empty and "model.layers" in page.step.value
    assert page.roof.layout.display == "none" and "needs the shape" in page.notes.value
    assert usd(answer.best["cost_usd"]) in page.answer.value and answer.advice
    page.start.value = "gpt2-1.5b"
    assert page.roof.layout.display is None and SAID_BOUNDS["compute"] in page.step.value


def test_the_first_numbers_must_be_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFAULTS, "gpu_percent", "0")
    with pytest.raises(InvalidInput, match="nothing ran"):
        PrecisionState(sources())


def test_csv_holds_what_is_shown(page: precision._Page) -> None:
    page.download.click()
    files = re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", page.links.value)
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in files}
    names = [f"gpt2-1.5b-precision-{what}.csv" for what in ("plans", "speedups-language", "roofline")]
    assert list(frames) == names
    answer = page.state.answer
    assert frames[names[0]]["cost_usd"].tolist() == pytest.approx(answer.table["cost_usd"].tolist())
    assert len(frames[names[1]]) == len(answer.speedups)
    assert answer.line is not None and frames[names[2]]["flops"].tolist() == pytest.approx(
        list(answer.line.steps["flops"])
    )
    page.form.inputs["model.parameters"].value = "2e9"
    assert page.links.value == "", "a link to an older answer would be mistaken for this one"
