import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import Fault
from costlib.panels.plan_state import Draft, PlanState
from costlib.panels.workload_fields import CONTROLS, content_of, control_of, values_of
from costlib.panels.workload_form import WorkloadForm
from costlib.workload import Fit, Workload
from tests.example import EXAMPLES, sources, workload

KNOWN_RUN = {"instance_type": "p4d.24xlarge", "count": 2, "precision": "bf16"}
WORKS = {
    "tokens": {"tokens": 1.5e9},
    "samples": {"samples": 3e6, "seconds_per_sample_on": {**KNOWN_RUN, "seconds": 0.125}},
    "hours_on": {"hours_on": {**KNOWN_RUN, "hours": 20.5}},
}


def again(draft: Draft) -> Draft:
    """A draft through the form's values and back."""
    content, discounts, faults = content_of(values_of(draft))
    assert not faults
    kept = {service: percent for service, percent in discounts.items() if percent}
    return Draft(Workload.from_mapping(content, sources().vocabulary), kept)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_comes_back_equal(path):
    draft = Draft(Workload.from_yaml(path, sources().vocabulary), {"ec2": 12.5})
    assert again(draft) == draft


@pytest.mark.parametrize(
    "fit",
    [{"micro_batch": 4, "zero_stage": 2, "gated": True}, {"method": "qlora", "lora_rank": 16, "recompute": "full"},
     {"zero_stage": 0, "gated": False, "pipeline_parallel": 6, "global_batch": 1024}],
)  # fmt: skip
def test_a_layout_in_memory_comes_back_equal(fit):
    draft = Draft(workload().changed({"fit": fit}), {})
    assert again(draft) == draft


def test_what_data_cost_elsewhere_comes_back_equal():
    data = {"changed_gib_per_month": 12.5, "result_gib_per_run": 3, "results_to": "internet", "objects": 1_000_000,
            "residency": ["Europe", "US"]}  # fmt: skip
    changes = {f"dataset.{key}": value for key, value in data.items()} | {"campaign_months": 6}
    assert again(Draft(workload().changed(changes), {})) == Draft(workload().changed(changes), {})


def test_every_key_of_fit_and_of_the_dataset_has_a_control():
    assert {f"dataset.{name}" for name in workload().dataset.__class__.model_fields} <= set(CONTROLS)
    assert {f"fit.{name}" for name in Fit.model_fields} == {key for key in CONTROLS if key.startswith("fit.")}


@given(
    work=st.sampled_from(sorted(WORKS)),
    parameters=st.integers(1, 10**14),
    deadline=st.none() | st.floats(0.001, 1e5),
    gib=st.floats(0, 1e9),
    rate=st.none() | st.floats(1e-3, 1e12),
    percent=st.floats(0.01, 99.9),
    most=st.integers(1, 512),
    families=st.sampled_from(["all", ["p5"], ["p4d", "g6e"]]),
)
def test_any_draft_comes_back_equal(work, parameters, deadline, gib, rate, percent, most, families):
    content = workload().to_mapping()
    content["work"] = WORKS[work]
    content["model"] = {"parameters": parameters}
    content["dataset"]["gib"] = gib
    content["search"] |= {"max_instances": most, "instance_families": families}
    content.pop("deadline_hours")
    if deadline is not None:
        content["deadline_hours"] = deadline
    if rate is not None and work != "hours_on":
        key = "tokens_per_second" if work == "tokens" else "samples_per_second"
        content["measured"] = {"p5.48xlarge": {key: rate, "count": 3, "precision": "fp8"}}
    draft = Draft(Workload.from_mapping(content, sources().vocabulary), {"sagemaker": percent})
    assert again(draft) == draft


def test_every_control_has_a_unit_or_a_choice_in_its_label_and_a_tip():
    for control in CONTROLS.values():
        assert control.tip
        if control.kind in ("number", "steps", "lines"):
            assert control.label.endswith(")"), control.key


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("model.parameters", "model.parameters"),
        ("model", "model.heads"),
        ("work", "work.kind"),
        ("work.hours_on.hours", "work.hours_on.hours"),
        ("precision.1", "precision"),
        ("search.regions.0", "search.regions"),
        ("measured.p5.48xlarge.count", "measured"),
        ("discounts.s3", "discounts.s3"),
        ("workload", None),
    ],
)
def test_faults_stand_beside_their_control(field, key):
    assert control_of(Fault(field, 1, "is wrong")) == key


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("p4d.24xlarge", "is not: instance type"),
        ("p4d.24xlarge, 1, 2, bf16, more", "is not: instance type"),
        ("p4d.24xlarge, 1\np4d.24xlarge, 2", "twice"),
    ],
)
def test_measurements_that_cannot_be_read_are_refused(text, word):
    values = values_of(Draft(workload()))
    _, _, faults = content_of(values | {"measured": text})
    assert faults[0].field == "measured" and word in faults[0].problem


def widgets(box):
    yield box
    for child in getattr(box, "children", ()):
        yield from widgets(child)


class Form:
    """A form with its controls by label."""

    def __init__(self) -> None:
        self.state = PlanState(sources(), workload())
        self.box = WorkloadForm(self.state).widget

    def control(self, label):
        return next(w for w in widgets(self.box) if getattr(w, "description", "") == label)

    def holder(self, label):
        wanted = self.control(label)
        return next(w for w in widgets(self.box) if wanted in getattr(w, "children", ()))

    @property
    def messages(self):
        return [w.value for w in widgets(self.box) if isinstance(w, ipywidgets.HTML) and "costlib-fault" in w.value]


@pytest.fixture
def form() -> Form:
    return Form()


def test_a_control_changes_the_draft_and_undo_fills_it_again(form):
    text = form.control("Deadline (hours)")
    text.value = "36"
    assert form.state.draft.workload.deadline_hours == 36
    form.state.undo()
    assert text.value == "72" and form.state.draft.workload.deadline_hours == 72
    assert not form.state.can_undo


def test_an_empty_control_means_not_given(form):
    form.control("Deadline (hours)").value = " "
    assert form.state.draft.workload.deadline_hours is None


def test_a_refused_value_is_said_beside_its_control_and_the_answer_stays(form):
    result = form.state.result
    form.control("Dataset's home region").value = "us-eest-1"
    message = form.holder("Dataset's home region").children[1]
    assert "us-east-1" in message.value and message.layout.display is None
    assert form.state.result is result
    assert [w.titles[2] for w in widgets(form.box) if isinstance(w, ipywidgets.Tab)] == ["Data and time ⚠"]
    form.control("Dataset's home region").value = "us-west-2"
    assert not form.messages and form.state.draft.workload.dataset.home_region == "us-west-2"


def test_what_the_user_typed_cannot_become_html(form):
    form.control("Name").value = "<img src=x onerror=alert(1)>"
    assert form.messages and not any("<img" in message for message in form.messages)


def test_the_kind_of_work_shows_its_own_controls(form):
    form.control("Work is known as").value = "hours_on"
    assert form.holder("Training tokens (count)").layout.display == "none"
    assert form.holder("Time of the run (hours)").layout.display is None
    # Not given yet: said, and the answer stays.
    assert form.state.faults and form.state.draft.workload.work.tokens
    form.state.propose(workload().to_mapping() | {"work": WORKS["hours_on"]})
    assert form.control("Time of the run (hours)").value == "20.5"
    assert not form.state.faults


def test_a_box_without_any_tick_is_refused(form):
    for name in ("EC2", "SageMaker"):
        form.control(name).value = False
    assert "name at least one" in form.state.faults[0].problem


def test_the_slider_takes_a_count_that_is_not_one_of_its_steps(form):
    form.state.propose(workload().changed({"search.max_instances": 11}).to_mapping())
    assert form.control("At most (instances)").value == 11
