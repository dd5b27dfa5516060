"""One control of a page as plain data, and the way between what it says and a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costlib.errors import Fault


@dataclass(frozen=True)
class Control:
    """One control: ``key`` is the dotted key of what it sets, or a name of the page's own.

    ``kind``: text, number, name, names, places, choice, choices, steps or lines. ``work_kind``: shown for that kind of
    work only. ``claims``: fields whose faults also belong here.
    """

    key: str
    label: str
    tip: str
    kind: str = "number"
    options: tuple[str, ...] = ()
    work_kind: str = ""
    claims: tuple[str, ...] = ()


def beside(fault: Fault, controls: Mapping[str, Control], says: Mapping[str, str] | None = None) -> str | None:
    """The key of the control that a fault stands beside, the nearest to its field; None if it concerns the whole.

    ``says``: fields that go by another control's key.
    """
    field = (says or {}).get(fault.field, fault.field)
    fits = [
        (len(claim), key)
        for key, control in controls.items()
        for claim in (key, *control.claims)
        if field == claim or field.startswith(claim + ".")
    ]
    return max(fits)[1] if fits else None


def text_of(value: object) -> str:
    """Digits in groups of three with spaces between, which every reader takes the same way."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return f"{int(value):,}".replace(",", " ") if float(value).is_integer() else repr(value)


def number_of(
    values: Mapping[str, str],
    key: str,
    faults: list[Fault],
    *,
    whole: bool = False,
    needed: bool = False,
    before: str = "",
    after: str = "",
) -> float | None:
    """The number in a control, with a sign of its unit ``before`` or ``after`` it; None if it is empty.

    What is none becomes a fault, and so does an empty control that is ``needed``.
    """
    text = values[key].replace(" ", "").removeprefix(before).removesuffix(after)
    if not text:
        if needed:
            faults.append(Fault(key, values[key] or None, "is needed"))
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf") or (whole and not number.is_integer()):
        faults.append(Fault(key, values[key], f"is not a {'whole ' if whole else ''}number"))
        return None
    return number


def value_at(content: Any, key: str) -> Any:
    """What stands under a dotted key (parts of digits: places in a list); None where nothing does."""
    value = content
    for part in key.split("."):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def put_at(content: dict[str, Any], key: str, value: Any) -> None:
    """Puts a value under a dotted key; None takes away what stands there."""
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
    if value is None:
        content.pop(last, None)
    else:
        content[last] = value
