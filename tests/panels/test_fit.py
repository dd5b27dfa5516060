"""The memory page, headless: set a control, read the answer and what is told beside it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

from costlib.errors import CostlibError, InvalidInput
from costlib.panels import fit
from costlib.panels.fit_fields import CONTROLS, changes_of, control_of
from costlib.panels.fit_state import FitState
from costlib.panels.workload_fields import CONTROLS as PLAN_CONTROLS
from costlib.workload import Fit
from tests.example import sources, workload


@pytest.fixture
def state() -> FitState:
    return FitState(sources())


@pytest.fixture
def page(state: FitState) -> Iterator[fit._Page]:
    yield fit._Page(state)
    ipywidgets.Widget.close_all()


def asked(state: FitState, **values: str) -> None:
    """Sets controls by the last part of their key."""
    keys = {key.split(".")[-1]: key for key in CONTROLS}
    state.propose({**state.values(), **{keys[name]: value for name, value in values.items()}})


def expected_gib(state: FitState) -> float:
    return float(state.answer.changes["expected"].iloc[0]) / 2**30


def test_an_example_is_answered_at_once(page: fit._Page) -> None:
    state = page.state
    assert state.started == "gpt2-1.5b" and state.answer.workload.precision == ("bf16",)
    assert state.answer.devices == 1 and not state.faults
    # 16 bytes for each of 1.558 G parameters are 23.2 GiB; activations, logits and the CUDA context come on top.
    assert 23.2 < expected_gib(state) < 30
    assert f"{expected_gib(state):.1f} GiB" in page.answer.value
    for one in state.answer.known:
        assert one.accelerator in page.table.html
    assert state.answer.of("A10G").fits == "does not fit" and "8-bit optimizer" in page.table.html


def test_every_key_of_a_layout_has_a_control() -> None:
    assert {f"fit.{name}" for name in Fit.model_fields} == {key for key in CONTROLS if key.startswith("fit.")}
    assert {key for key in PLAN_CONTROLS if key.startswith("model.")} <= set(CONTROLS)


def test_what_is_shown_comes_back_equal(state: FitState) -> None:
    for name in (*state.examples, *state.shapes):
        state.start(name)
        assert not state.faults and state.started == name
        answer = state.answer
        assert answer.workload.changed(changes_of(state.values()), state.sources.vocabulary) == answer.workload


def test_changing_a_control_moves_everything(page: fit._Page) -> None:
    before = [page.answer.value, page.table.html, page.components.figure.to_json(), page.sequence.figure.to_json()]
    page.form.inputs["fit.micro_batch"].value = "4"
    after = [page.answer.value, page.table.html, page.components.figure.to_json(), page.sequence.figure.to_json()]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert page.state.answer.workload.fit.micro_batch == 4  # type: ignore[union-attr]
    assert page.start.value == "", "these are the user's own numbers now"


def test_a_public_shape_keeps_the_rest(page: fit._Page) -> None:
    page.form.inputs["fit.pipeline_parallel"].value = "4"
    page.form.inputs["model.sequence_length"].value = "2048"
    page.start.value = "Llama-2-7b"
    taken = page.state.answer.workload
    assert not page.state.faults and taken.model.parameters == 6_738_415_616 and taken.model.sequence_length == 2048
    assert taken.fit is not None and taken.fit.gated and taken.fit.feed_forward == 11_008
    assert taken.fit.pipeline_parallel == 1 and page.form.inputs["model.layers"].value == "32"


def test_sharding_shrinks_what_each_holds(state: FitState) -> None:
    asked(state, data_parallel="8")
    whole = expected_gib(state)
    needed = []
    for stage in "123":
        asked(state, zero_stage=stage)
        needed.append(expected_gib(state))
    assert whole > needed[0] > needed[1] > needed[2]
    assert min(one.choice.devices for one in state.answer.known if one.choice) == 8


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"heads": "24"}, "model.heads", "does not divide hidden (1600)"),
        ({"layers": "0"}, "model.layers", "at least 1"),
        ({"parameters": "1.5 GB"}, "model.parameters", "not a number"),
        ({"tensor_parallel": "4"}, "fit.tensor_parallel", "does not divide model.heads (25)"),
        ({"pipeline_parallel": "5"}, "fit.pipeline_parallel", "does not divide model.layers (48)"),
        ({"method": "lora"}, "fit.lora_rank", "is needed with method lora"),
        ({"method": "lora", "lora_rank": "3200"}, "fit.lora_rank", "above model.hidden"),
        ({"data_parallel": "4", "global_batch": "7"}, "fit.global_batch", "is not divided by micro-batch (1) times"),
        ({"micro_batch": "2", "global_batch": "7"}, "fit.micro_batch", "does not divide global_batch"),
        ({"data_parallel": "0"}, "data_parallel", "whole number from 1"),
        ({"data_parallel": "1.5"}, "data_parallel", "whole number from 1"),
        ({"accelerator": "V100 SXM2 16GB"}, "precision", "is not in the hardware of V100 SXM2 16GB; it has fp32, fp16"),
        ({"accelerator": "A10"}, "accelerator", "did you mean A10G"),
        ({"home_region": "us-east-9"}, "dataset.home_region", "us-east-1"),
        ({"activation_gib_per_sample": "0.1", "recompute": "full"}, "fit.recompute", "needs the shape"),
        ({"hidden": ""}, "fit.activation_gib_per_sample", "is needed without model.hidden"),
        ({"max_instances": "513"}, "search.max_instances", "at most 512"),
    ],
)
def test_what_cannot_be_is_told_beside_its_control(
    page: fit._Page, values: dict[str, str], key: str, words: str
) -> None:
    before = page.state.answer
    asked(page.state, **values)
    (fault,) = page.state.faults
    assert control_of(fault) == key and words in str(fault)
    told = {name: message.value for name, message in page.form.messages.items() if "costlib-fault" in message.value}
    assert set(told) == {key}
    assert page.state.answer is before and "last good values" in page.general.value
    page.state.propose(page.state.values())
    assert not page.state.faults and page.general.value == "" and "costlib-fault" not in page.form.messages[key].value


def test_several_faults_are_told_together(state: FitState) -> None:
    asked(state, heads="24", data_parallel="x", pipeline_parallel="5")
    assert {fault.field for fault in state.faults} >= {"model.heads", "data_parallel"}


def test_a_region_without_the_chosen_accelerator_is_told(state: FitState) -> None:
    asked(state, accelerator="B300 SXM")
    assert state.accelerator == "B300 SXM"
    asked(state, home_region="ap-south-1")
    (fault,) = state.faults
    assert fault.field == "accelerator" and "ap-south-1" in fault.problem and state.accelerator == "B300 SXM"


def test_hidden_controls_do_not_count(state: FitState) -> None:
    asked(state, method="qlora", lora_rank="16")
    assert not state.faults
    qlora = expected_gib(state)
    asked(state, method="full")
    assert not state.faults and expected_gib(state) > 3 * qlora


def test_adapters_are_asked_for_only_with_lora(page: fit._Page) -> None:
    assert page.form.boxes["fit.lora_rank"].layout.display == "none"
    page.form.inputs["fit.method"].value = "lora"
    assert page.form.boxes["fit.lora_rank"].layout.display is None
    page.form.inputs["fit.lora_rank"].value = "8"
    assert not page.state.faults and "adapters" in {trace.uid for trace in page.components.figure.data}


def test_other_networks_by_measured_activations(page: fit._Page) -> None:
    page.form.inputs["fit.activation_gib_per_sample"].value = "0.09"
    assert "counts instead" in page.form.messages["fit.activation_gib_per_sample"].value
    for key in ("layers", "hidden", "heads", "sequence_length", "vocabulary"):
        page.form.inputs[f"model.{key}"].value = ""
    page.form.inputs["model.parameters"].value = "25.6e6"
    page.form.inputs["fit.micro_batch"].value = "128"
    assert not page.state.faults
    assert page.state.answer.changes["activations"].iloc[0] == pytest.approx(128 * 0.09 * 2**30)
    assert page.sequence.layout.display == "none" and "no sequence" in page.no_sequence.value


def test_a_click_looks_closely_and_a_second_lets_go(page: fit._Page) -> None:
    page._clicked("A10G")
    assert page.state.accelerator == "A10G" and "aria-selected" in page.table.html
    answer = page.state.answer.of("A10G")
    assert answer.cheapest_fix is not None and answer.cheapest_fix.changes[0] in page.answer.value
    assert "<b>22.1 GiB A10G</b>" in [note.text for note in page.components.figure.layout.annotations]
    page._clicked("A10G")
    assert page.state.accelerator == ""
    page._clicked("<script>")
    assert page.state.accelerator == "" and not page.state.faults


def test_lacking_hardware_is_said_beside_the_precision(page: fit._Page) -> None:
    assert "V100 SXM2 16GB" in page.form.messages["precision"].value
    page.form.inputs["precision"].value = "fp16"
    assert "V100" not in page.form.messages["precision"].value


def test_what_is_typed_is_escaped(page: fit._Page) -> None:
    page.form.inputs["model.parameters"].value = "<script>x</script>"
    said = page.form.messages["model.parameters"].value
    assert "<script" not in said and "&lt;script" in said


def test_csv_holds_what_is_shown(page: fit._Page) -> None:
    assert page.links.value == ""
    page.download.click()
    files = re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", page.links.value)
    frames = {name: pd.read_csv(io.BytesIO(base64.b64decode(data))) for name, data in files}
    assert set(frames) == {f"gpt2-1.5b-memory-{what}.csv" for what in ("accelerators", "components", "sequence")}
    answer = page.state.answer
    verdicts = frames["gpt2-1.5b-memory-accelerators.csv"].set_index("accelerator")["fits"]
    assert verdicts.to_dict() == {one.accelerator: one.fits for one in answer.found}
    whole = frames["gpt2-1.5b-memory-components.csv"]["expected_bytes"]
    assert whole.tolist() == pytest.approx(answer.changes["expected"].tolist())
    page.form.inputs["fit.micro_batch"].value = "2"
    assert page.links.value == "", "a link to an older answer would be mistaken for this one"


def test_nothing_sold_is_a_problem_of_the_whole(page: fit._Page) -> None:
    before = page.state.answer
    narrow = workload().changed({"search.instance_families": ["m5"]})
    with pytest.raises(CostlibError, match="no searched instance with accelerators"):
        FitState(sources(), narrow)
    page.state._take(narrow, 1, "", "")
    assert page.state.answer is before and "no searched instance" in page.general.value


def test_an_unknown_start_is_a_fault(state: FitState) -> None:
    state.start("llama-2-7")
    assert "Llama-2-7b" in state.faults[0].nearest


def test_the_first_workload_must_have_an_answer() -> None:
    with pytest.raises(InvalidInput, match="layers"):
        FitState(sources(), workload().changed({"model.layers": None}))
