"""A scenario that travels in the page's link: read from the address when the page opens, kept there as it changes.

The page itself reports its address, since a kernel that was started before the visitor came cannot know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import anywidget
import traitlets

from costlib.errors import Fault, InvalidInput, nearest

#: Query keys that belong to the server of the page, not to the scenario.
SERVER_KEYS = frozenset({"token", "voila-template", "voila-theme"})
#: An address longer than this was not made here.
MOST_CHARACTERS = 2000
WORDS = {"yes": True, "no": False}

Check = Callable[[str, Any], Any]


def to_query(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The values that differ from ``defaults`` as a query string, without the question mark."""
    return urlencode([(name, _word(value)) for name, value in values.items() if value != defaults[name]])


def from_query(query: str, defaults: Mapping[str, Any], check: Check) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The values that a link gives, and what was wrong with it: faulty parts are left out, never evaluated.

    ``defaults`` says which keys there are; ``check(name, value)`` returns the value or raises InvalidInput.
    """
    if len(query) > MOST_CHARACTERS:
        return {}, (Fault("link", query, f"is longer than {MOST_CHARACTERS:,} characters and was not read"),)
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name in SERVER_KEYS:
            continue
        if name not in defaults:
            faults.append(Fault(name, text, "is not a choice of this page", nearest(name, defaults)))
        elif name in values:
            faults.append(Fault(name, text, "stands twice in the link; the first counts"))
        else:
            try:
                values[name] = check(name, _value(text, defaults[name], name))
            except InvalidInput as error:
                faults += error.faults
    return values, tuple(faults)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value(text: str, like: Any, name: str) -> Any:
    if not isinstance(like, bool):
        return text
    if text not in WORDS:
        raise InvalidInput([Fault(name, text, "must be yes or no")])
    return WORDS[text]


class PageLink(anywidget.AnyWidget):
    """A button that copies the page's link. ``opened_with``: the query that the page was opened with.

    Set ``query`` to what the link shall carry. In JupyterLab, whose address is its own, it stays out of sight.
    """

    _esm = Path(__file__).parent / "link.js"
    opened_with = traitlets.Unicode().tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    #: The names that ``query`` may set; the page takes no others out of its address.
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
