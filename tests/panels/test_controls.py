"""Between a control's text and its value, and the control that a fault stands beside."""

from __future__ import annotations

import pytest

from costlib.errors import Fault
from costlib.panels.controls import Control, beside, number_of, put_at, text_of, value_at

CONTROLS = {
    control.key: control
    for control in (Control("work", "", ""), Control("work.tokens", "", "", claims=("steps",)), Control("rate", "", ""))
}


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("work.tokens", "work.tokens"),
        ("work.tokens.0", "work.tokens"),
        ("work.samples", "work"),
        ("steps", "work.tokens"),
        ("rate_per_hour", "rate"),
        ("rates", None),
    ],
)
def test_a_fault_stands_beside_the_nearest_control(field: str, key: str | None) -> None:
    assert beside(Fault(field, 1, "is wrong"), CONTROLS, {"rate_per_hour": "rate"}) == key


@pytest.mark.parametrize("value", [7e9, 1.5, 0, -12_345, 0.1 + 0.2, 3.36e10])
def test_a_number_comes_back_as_it_was_written(value: float) -> None:
    faults: list[Fault] = []
    assert number_of({"rate": text_of(value)}, "rate", faults) == value and not faults


def test_what_is_no_number_is_a_fault() -> None:
    def read(text: str, **how: object) -> tuple[float | None, list[str]]:
        faults: list[Fault] = []
        return number_of({"rate": text}, "rate", faults, **how), [str(fault) for fault in faults]  # type: ignore[arg-type]

    assert read("1 000 %", after="%") == (1000.0, []) and read("$5", before="$") == (5.0, [])
    assert read("5 %") == (None, ["rate: '5 %' is not a number"]) and read("inf")[0] is read("nan")[0] is None
    assert read("") == (None, []) and read(" ", needed=True) == (None, ["rate: ' ' is needed"])
    assert read("1.5", whole=True) == (None, ["rate: '1.5' is not a whole number"])


def test_words_and_nothing_are_written_as_they_are() -> None:
    assert (text_of(None), text_of("bf16"), text_of(True)) == ("", "bf16", "True")


def test_a_dotted_key_finds_its_place_in_maps_and_lists() -> None:
    content = {"reads": [{"per_month": 4}], "work": {"tokens": 1}}
    assert value_at(content, "reads.0.per_month") == 4 and value_at(content, "work.tokens") == 1
    assert value_at(content, "reads.1.per_month") is value_at(content, "work.tokens.more") is None
    put_at(content, "work.tokens", None)
    put_at(content, "fit.method", "lora")
    assert content == {"reads": [{"per_month": 4}], "work": {}, "fit": {"method": "lora"}}
