"""What commands print, and how several checks report their faults together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from costlib.errors import Fault, InvalidInput


def print_json(value: object) -> None:
    from costlib.exports.json_text import to_json

    click.echo(to_json(value))


def print_json_list(values: Iterable[object]) -> None:
    """A list, an element a line, written as it is made: all candidates of a search are too many to hold."""
    from costlib.exports.json_text import to_json

    click.echo("[", nl=False)
    for number, value in enumerate(values):
        click.echo((",\n" if number else "\n") + to_json(value, indent=None), nl=False)
    click.echo("\n]")


def together(*steps: Callable[[], Any]) -> list[Any]:
    """Takes every step and raises InvalidInput with the faults of all of them."""
    answers: list[Any] = []
    faults: list[Fault] = []
    for step in steps:
        try:
            answers.append(step())
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    return answers
