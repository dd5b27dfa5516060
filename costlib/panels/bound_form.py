"""A form with its list of beginnings, bound to a state: what is typed is proposed, what is refused is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets
from ipywidgets import HTML

from costlib.display import escape
from costlib.errors import Fault
from costlib.panels.form import Form

LAST_GOOD = "The answer below is still for the last good values."


class BoundForm:
    """``start``: the dropdown of ``beginnings`` (name and value) after the user's own numbers; ``general``: what is
    refused and stands beside no control.

    ``begin(name)`` and ``propose(values)`` are called when the user, not the page itself, changes a control.
    """

    def __init__(
        self,
        form: Form,
        beginnings: Iterable[tuple[str, str]],
        tip: str,
        begin: Callable[[str], None],
        propose: Callable[[dict[str, str]], None],
    ) -> None:
        self._form, self._begin, self._propose = form, begin, propose
        self._following = False
        self.start = ipywidgets.Dropdown(
            options=[("own numbers", ""), *beginnings],
            description="Start from",
            tooltip=tip,
            style={"description_width": "initial"},
        )
        self.general = HTML()
        self.start.observe(self._started, "value")
        form.observe(self.typed)

    def typed(self, _change: object) -> None:
        """Proposes what the form says; for controls beside the form, too."""
        if not self._following:
            self._propose(self._form.values)

    @contextmanager
    def following(self, started: str) -> Iterator[None]:
        """While the page writes the state's values into controls, nothing is proposed; ``started`` is shown last."""
        self._following = True
        try:
            yield
            self.start.value = started
        finally:
            self._following = False

    def tell(
        self, faults: Sequence[Fault], notes: Mapping[str, str] | None = None, problem: str = "", is_old: bool = False
    ) -> None:
        """Writes faults and notes beside their controls, and above the answer what is left: ``is_old`` says that the
        answer is still for earlier values."""
        rest = self._form.show_messages(faults, notes or {})
        self.general.value = problems_html([*rest, problem, LAST_GOOD if is_old else ""])

    def _started(self, change: Any) -> None:
        if not self._following and change["new"]:
            self._begin(change["new"])


def problems_html(said: Iterable[str]) -> str:
    """Each sentence on a line of its own; empty ones are left out."""
    return "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in said if one)
