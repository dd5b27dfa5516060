"""Parameters of a report are refused before anything runs."""

import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.reports.parameters import Parameter, checked, from_settings, parameters_of, value_faults

KNOWN = {
    "text": Parameter("text", "str", "", ""),
    "top_n": Parameter("top_n", "int", 10, ""),
    "share": Parameter("share", "float", 0.5, ""),
    "flag": Parameter("flag", "bool", False, ""),
    "discount_percent": Parameter("discount_percent", "dict", {}, ""),
}


def test_the_plan_template_declares_what_it_takes() -> None:
    found = parameters_of("plan")
    assert {name: p.type_name for name, p in found.items()} == {
        "workload": "str",
        "top_n": "int",
        "discount_percent": "dict",
        "rates_csv": "str",
    }
    assert found["top_n"].default == 10 and all(p.help for p in found.values())


def test_unknown_template_has_close_matches() -> None:
    with pytest.raises(NotKnown) as caught:
        parameters_of("plna")
    assert caught.value.faults[0].nearest == ("plan",)


def test_settings_are_read_by_type() -> None:
    given = from_settings(["text=a=b", "top_n=3", "share=1", "flag=true", "discount_percent={ec2: 10}"], KNOWN)
    assert given == {"text": "a=b", "top_n": 3, "share": 1, "flag": True, "discount_percent": {"ec2": 10}}
    assert checked({"top_n": 3}, KNOWN) == {
        "text": "", "top_n": 3, "share": 0.5, "flag": False, "discount_percent": {},
    }  # fmt: skip


def test_every_fault_at_once_with_close_matches() -> None:
    with pytest.raises(InvalidInput) as caught:
        from_settings(["topn=3", "top_n=many", "loose", "flag=1", "text=a", "share=.inf"], KNOWN, fixed=("text",))
    by_field = {fault.field: fault for fault in caught.value.faults}
    assert len(caught.value.faults) == 6
    assert by_field["parameter top_n"].problem == "is not of type int"
    assert by_field["parameter flag"].problem == "is not of type bool"
    assert "finite" in by_field["parameter share"].problem
    assert "argument" in by_field["-p text"].problem
    assert ("top_n",) in [fault.nearest for fault in caught.value.faults]


@pytest.mark.parametrize("value", [True, 1.5, "1", None])
def test_an_int_is_an_int(value: object) -> None:
    assert len(value_faults({"top_n": value}, KNOWN)) == 1


def test_checked_refuses_unknown_names() -> None:
    with pytest.raises(InvalidInput) as caught:
        checked({"topn": 3}, KNOWN)
    assert caught.value.faults[0].nearest == ("top_n",)
