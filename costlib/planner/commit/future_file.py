"""What may come, from YAML: growth, an end, moves to other types, price cuts; every fault at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from costlib.errors import Fault, InvalidInput
from costlib.planner.commit.demand import MONTHS_LEAST, MONTHS_MOST, Future, Migration, PriceCut
from costlib.workload import Vocabulary
from costlib.workload.faults import faults_of
from costlib.workload.fields import InstanceType, number, one_or_many
from costlib.workload.parts import Part
from costlib.workload.yaml_loader import careful_loader

Percent = Annotated[float, BeforeValidator(number), Field(ge=0, le=100)]
Month = Annotated[int, BeforeValidator(number), Field(ge=0, lt=MONTHS_MOST)]


class _Growth(Part):
    """Percent a year; the low and the high one are the 10th and the 90th percentile."""

    low_percent: Annotated[float, BeforeValidator(number), Field(gt=-100, le=10_000)]
    expected_percent: Annotated[float, BeforeValidator(number), Field(gt=-100, le=10_000)]
    high_percent: Annotated[float, BeforeValidator(number), Field(gt=-100, le=10_000)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low_percent <= self.expected_percent <= self.high_percent:
            raise ValueError("low_percent, expected_percent and high_percent must be in this order")
        return self


class _Move(Part):
    source: InstanceType
    target: InstanceType
    ratio: Annotated[float, BeforeValidator(number), Field(gt=0, le=1000)]
    from_month: Month = 0
    over_months: Annotated[int, BeforeValidator(number), Field(ge=1, le=MONTHS_MOST)] = 1
    chance_percent: Annotated[float, BeforeValidator(number), Field(gt=0, le=100)] = 100.0


class _Cut(Part):
    families: Annotated[tuple[str, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    cut_percent: Annotated[float, BeforeValidator(number), Field(gt=0, lt=100)]
    from_month: Month = 0
    chance_percent: Annotated[float, BeforeValidator(number), Field(gt=0, le=100)]


class _FutureFile(Part):
    months: Annotated[int, BeforeValidator(number), Field(ge=MONTHS_LEAST, le=MONTHS_MOST)] | None = None
    growth: _Growth | None = None
    stop_chance_percent: Annotated[float, BeforeValidator(number), Field(ge=0, lt=100)] | None = None
    migrations: tuple[_Move, ...] = ()
    price_cuts: tuple[_Cut, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, content: Any, _info: ValidationInfo) -> Any:
        return {} if content is None else content


def read_future(path: str | os.PathLike[str], vocabulary: Vocabulary, **over: Any) -> Future:
    """A future from a YAML file, with ``over`` (fields of Future that are not None) in place of what it says.

    Raises InvalidInput for a file that cannot be read, YAML that is broken, and everything wrong with its content.
    """
    import yaml

    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=careful_loader())
    except OSError as error:
        raise InvalidInput([Fault("future", str(path), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise InvalidInput([Fault("future", str(path), "is not UTF-8 text")]) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the text"
        raise InvalidInput(
            [Fault("future", where, f"is not valid YAML: {getattr(error, 'problem', None) or error}")]
        ) from None
    if content is None:
        raise InvalidInput([Fault("future", str(path), "says nothing: leave it out, or name what may come")])
    return future_of(content, vocabulary, **over)


def future_of(content: Any, vocabulary: Vocabulary, **over: Any) -> Future:
    """The same from plain values."""
    try:
        held = _FutureFile.model_validate(content, context={"vocabulary": vocabulary})
    except ValidationError as error:
        raise InvalidInput(faults_of(error, _FutureFile, "future")) from None
    usual = Future()
    growth = held.growth
    said: dict[str, Any] = {
        "months": held.months,
        "growth": None
        if growth is None
        else (growth.low_percent / 100, growth.expected_percent / 100, growth.high_percent / 100),
        "stop_chance_fraction": None if held.stop_chance_percent is None else held.stop_chance_percent / 100,
        **{name: value for name, value in over.items() if value is not None},
    }
    return Future(
        **{name: getattr(usual, name) if value is None else value for name, value in said.items()},
        migrations=tuple(
            Migration(
                move.source, move.target, move.ratio, move.from_month, move.over_months, move.chance_percent / 100
            )
            for move in held.migrations
        ),
        price_cuts=tuple(
            PriceCut(cut.families, cut.cut_percent / 100, cut.from_month, cut.chance_percent / 100)
            for cut in held.price_cuts
        ),
    )
