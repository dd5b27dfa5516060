"""The scaling page, headless: set a control, read the answer and what is told beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

from costlib.errors import Fault, InvalidInput
from costlib.panels import scale_out
from costlib.panels.scale_out_fields import CONTROLS, control_of, pairs_of
from costlib.panels.scale_out_state import ScaleOutState
from tests.example import sources, workload

POINTS = "1, 16.667\n4, 44.444\n16, 76.19\n64, 92.754"


@pytest.fixture
def state() -> ScaleOutState:
    return ScaleOutState(sources())


@pytest.fixture
def page(state: ScaleOutState) -> Iterator[scale_out._Page]:
    yield scale_out._Page(state)
    ipywidgets.Widget.close_all()


def asked(state: ScaleOutState, **values: str) -> None:
    """Sets controls by the last part of their key."""
    keys = {key.split(".")[-1]: key for key in CONTROLS}
    state.propose({**state.values, **{keys[name]: value for name, value in values.items()}})


def test_an_example_is_there_at_once(state: ScaleOutState) -> None:
    answer = state.answer
    assert state.started == "gpt2-1.5b" and answer.curve.instance_type == "p4d.24xlarge" and not state.faults
    assert len(answer.measured) == 48 and len(answer.clusters) > 100
    assert answer.batch is not None and answer.small is not None


def test_every_example_and_only_examples_can_be_taken(state: ScaleOutState) -> None:
    for name in state.examples:
        state.start(name)
        assert state.answer.workload.name == name == state.started and not state.faults
    state.start("gpt5")
    assert state.faults[0].field == "start" and state.answer.workload.name == state.examples[-1]


def test_a_change_moves_the_answer_and_keeps_the_rest(state: ScaleOutState) -> None:
    before = state.answer
    asked(state, global_batch="4 096", max_instances="64", purchase="spot")
    answer = state.answer
    assert answer.workload.work.tokens_per_step == 4096 * 1024 and state.started == ""
    assert answer.curve.most_instances_at(0.8) > before.curve.most_instances_at(0.8)
    assert answer.curve.table["instances"].max() == 64 and answer.purchase == "spot"
    asked(state, instance_type="g5.48xlarge", layout="sharded", instance_families="g5, p5")
    assert state.answer.curve.sharded and state.answer.curve.accelerator == "A10G"
    assert set(state.answer.clusters["instance_type"].str.split(".").str[0]) == {"g5", "p5"}


def test_all_faults_are_told_and_the_last_good_answer_stays(state: ScaleOutState) -> None:
    before = state.answer
    asked(state, parameters="many", max_instances="0", home_region="us-east-9", global_batch="2.5")
    fields = {fault.field for fault in state.faults}
    assert fields == {"model.parameters", "search.max_instances", "dataset.home_region", "global_batch"}
    assert state.answer is before
    asked(state, instance_type="p5.84xlarge")
    assert "p5.48xlarge" in state.faults[0].nearest and state.answer is before
    asked(state, instance_type="c5.12xlarge")
    assert state.faults[0].field == "instance_type" and state.answer is before
    asked(state, precision="fp8")
    assert state.faults[0].field == "instance_type" and "fp8" in state.faults[0].problem
    asked(state)
    assert state.faults == ()


def test_a_batch_that_does_not_divide_leaves_the_other_parts(state: ScaleOutState) -> None:
    asked(state, count="3", max_instances="16")
    assert state.answer.batch is None and state.answer.curve.table["instances"].max() == 16
    assert control_of(state.faults[0]) == "global_batch" and "1008" in state.faults[0].nearest
    asked(state, count="4", micro_batch="3")
    assert control_of(state.faults[0]) == "micro_batch"
    asked(state, count="4", micro_batch="2")
    assert state.answer.batch is not None and state.answer.batch.chosen == 2 and not state.faults


def test_points_are_taken_or_refused_by_line(state: ScaleOutState) -> None:
    asked(state, points=POINTS)
    assert state.answer.batch is not None and state.answer.batch.basis == "user"
    # 50 ms a step and 10 ms a sample.
    assert state.answer.batch.saturating_batch in (45, 46)
    asked(state, points="8, 210\n\n8, 220\n16; 30\n-4, 2")
    said = [fault.problem for fault in state.faults]
    assert [fault.field for fault in state.faults] == ["points"] * 3
    assert "line 3" in said[0] and "line 4" in said[1] and "line 5" in said[2]
    assert state.answer.batch is None
    with pytest.raises(InvalidInput, match="at least two"):
        pairs_of("points", "8, 210")
    assert pairs_of("points", "8, 210\n1 024, 3e3\n") == ([8.0, 1024.0], [210.0, 3000.0])


def test_the_critical_batch_is_given_fitted_or_not_known(state: ScaleOutState) -> None:
    assert state.answer.batch is not None and state.answer.batch.critical_batch is None
    asked(state, critical_from="a number", critical_batch="2000")
    assert state.answer.batch.critical_batch == 2000
    asked(state, critical_from="resnet50")
    assert state.answer.batch.critical_batch == pytest.approx(41e3, rel=0.3) and "MLPerf" in state.answer.critical_rule
    # 1,000 samples x (1 + B / 100).
    asked(state, critical_from="own points", target_points="50, 1500\n100, 2000\n300, 4000")
    assert state.answer.batch.critical_batch == pytest.approx(100)
    asked(state, critical_from="own points", target_points="50, 1500\n100, 1400")
    assert state.faults[0].field == "target_points" and state.answer.batch is None
    asked(state, critical_from="a number", critical_batch="", target_points="")
    assert state.faults[0].field == "critical_batch"


def test_trees_take_rows(state: ScaleOutState) -> None:
    asked(state, job="trees", data_rows="10 000")
    assert state.answer.small is not None and state.answer.small.size_unit == "rows"
    assert state.answer.small.cheapest["kind"] == "cpu"
    asked(state, job="trees", data_rows="none")
    assert state.faults[0].field == "data_rows" and state.answer.small is None


def test_the_page_says_what_the_state_found(page: scale_out._Page) -> None:
    answer = page.state.answer
    last = answer.curve.kind("strong").iloc[-1]
    assert f"{last['efficiency']:.0%}".replace("%", " %") in page.texts[0].value
    assert f"{answer.curve.most_instances_at(0.8)} instances" in page.texts[0].value
    assert page.tables[0].value.count("<tr>") == len(answer.curve.kind("strong")) + 1
    page.tabs.selected_index = 1
    first = answer.best_by_size.iloc[0]
    assert first["instance_type"] in page.texts[1].value and f"${first['usd_on_demand']:,.0f}" in page.texts[1].value
    page.tabs.selected_index = 2
    assert answer.batch is not None and f"micro-batches of {answer.batch.chosen}" in page.texts[2].value
    page.tabs.selected_index = 3
    assert answer.small is not None and answer.small.cheapest["instance_type"] in page.texts[3].value


def test_a_control_moves_text_and_charts(page: scale_out._Page) -> None:
    shown = page.charts[0][0].children[0]
    before = page.texts[0].value, shown.figure.to_json()
    page.form.inputs["instance_type"].value = "p5.48xlarge"
    assert page.texts[0].value != before[0] and shown.figure.to_json() != before[1]
    page.tabs.selected_index = 2
    assert page.charts[2][2].layout.display == "none"
    page.form.inputs["critical_from"].value = "bert_large"
    assert page.charts[2][2].layout.display is None and "critical batch" in page.texts[2].value
    page.start.value = "llama2-70b"
    assert page.form.inputs["work.tokens"].value == "2 000 000 000 000" and "Llama" not in page.general.value


def test_faults_stand_beside_their_control_and_text_is_escaped(page: scale_out._Page) -> None:
    page.form.inputs["instance_type"].value = "<b>p5</b>"
    said = page.form.messages["instance_type"].value
    assert "&lt;b&gt;" in said and "<b>" not in said and "last good" in page.general.value
    page.form.inputs["instance_type"].value = "p5.48xlarge"
    assert page.form.messages["instance_type"].value == "" == page.general.value
    page.form.inputs["points"].value = "<i>1"
    assert "&lt;i&gt;" in page.form.messages["points"].value and page.tabs.titles[2] == "Batch ⚠"
    assert page.general.value == ""
    page.form.inputs["points"].value = ""
    assert page.tabs.titles[2] == "Batch"


def test_controls_appear_with_their_choice(page: scale_out._Page) -> None:
    assert page.form.boxes["critical_batch"].layout.display == "none" == page.form.boxes["data_rows"].layout.display
    page.form.inputs["critical_from"].value = "a number"
    page.form.inputs["job"].value = "trees"
    assert page.form.boxes["critical_batch"].layout.display is None is page.form.boxes["data_rows"].layout.display


def test_tables_are_taken_away_as_csv(page: scale_out._Page) -> None:
    for number in range(4):
        page._prepare(number)
        files = [
            pd.read_csv(io.BytesIO(base64.b64decode(text)))
            for text in re.findall(r"base64,([^']+)'", page.links[number].value)
        ]
        assert files and all(len(file) for file in files)
        if number == 1:
            assert len(files[0]) == len(page.state.answer.clusters)
    page.form.inputs["search.max_instances"].value = "8"
    assert all(link.value == "" for link in page.links)


def test_every_control_has_a_tip_and_a_place_for_faults(page: scale_out._Page) -> None:
    for key, control in CONTROLS.items():
        assert control.tip and page.form.inputs[key].description == control.label
        assert control_of(Fault(key, "x", "is wrong")) == key
    assert control_of(Fault("work.tokens_per_step", 1, "is wrong")) == "global_batch"
    assert control_of(Fault("model.heads", 1, "is wrong")) is None


def test_an_own_workload_can_be_given() -> None:
    own = workload().changed({"search.max_instances": 2})
    state = ScaleOutState(sources(), own)
    assert state.started == "" and state.answer.curve.table["instances"].max() == 2
