"""A form bound to what answers it: who changed a control decides whether it is proposed; refusals are told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.panels.bound_form import LAST_GOOD, BoundForm
from costlib.panels.controls import Control, beside
from costlib.panels.form import Form
from costlib.panels.refusals import answered, require_answered

HIGH = Fault("rate", 9, "is too high")


@pytest.fixture
def bound() -> SimpleNamespace:
    controls = {"rate": Control("rate", "Rate", "How fast")}
    form, heard = Form(tuple(controls.values()), {}, lambda fault: beside(fault, controls)), []
    made = BoundForm(form, [("an example", "one")], "Tip", heard.append, heard.append)
    return SimpleNamespace(form=form, heard=heard, bound=made)


def test_what_the_user_changes_is_proposed_and_what_the_page_writes_is_not(bound: SimpleNamespace) -> None:
    bound.form.inputs["rate"].value = "3"
    bound.bound.start.value = "one"
    assert bound.heard == [{"rate": "3"}, "one"]
    with bound.bound.following(""):
        bound.form.inputs["rate"].value = "4"
    assert bound.bound.start.value == "" and len(bound.heard) == 2
    with bound.bound.following("one"):
        pass
    assert bound.bound.start.value == "one" and len(bound.heard) == 2
    bound.form.inputs["rate"].value = "5"
    assert bound.heard[-1] == {"rate": "5"}


def test_a_page_that_fails_while_it_follows_listens_again(bound: SimpleNamespace) -> None:
    with pytest.raises(KeyError), bound.bound.following("one"):
        raise KeyError
    bound.form.inputs["rate"].value = "3"
    assert bound.heard == [{"rate": "3"}]


def test_faults_stand_beside_their_control_and_the_rest_above(bound: SimpleNamespace) -> None:
    bound.bound.tell([HIGH, Fault("place", "<b>", "is unknown")], {}, "Nothing is sold.", is_old=True)
    assert bound.form.messages["rate"].value == "<div class='costlib-fault'>9 is too high</div>"
    said = bound.bound.general.value
    assert said.index("&lt;b&gt;") < said.index("Nothing is sold.") < said.index(LAST_GOOD) and "too high" not in said
    bound.bound.tell([], {"rate": "as measured"})
    assert "as measured" in bound.form.messages["rate"].value and bound.bound.general.value == ""


def test_a_refusal_is_kept_by_the_state_and_an_answer_given() -> None:
    def refuse(error: Exception) -> int:
        raise error

    state = SimpleNamespace(faults=(), problem="")
    assert answered(state, lambda: 0) == 0
    require_answered(state)
    assert answered(state, lambda: refuse(InvalidInput([HIGH]))) is None and state.faults == (HIGH,)
    with pytest.raises(InvalidInput, match="too high"):
        require_answered(state)
    assert answered(state, lambda: refuse(CostlibError("nothing is sold"))) is None
    assert (state.faults, state.problem) == ((), "nothing is sold.")
    with pytest.raises(CostlibError, match="nothing is sold"):
        require_answered(state)
    with pytest.raises(ZeroDivisionError):
        answered(state, lambda: refuse(ZeroDivisionError()))
