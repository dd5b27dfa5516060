"""Terminal text: no control characters, aligned columns."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from costlib.exports.terminal import plain, table


@given(st.text())
def test_plain_text_cannot_steer_a_terminal(text: str) -> None:
    assert not [c for c in plain(text) if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]


def test_plain_keeps_readable_text() -> None:
    assert plain("1 – 2 \x1b[31mred\x1b[0m\u202e") == "1 – 2 [31mred[0m"
    assert plain("a\nb") == "a b"


def test_columns_are_aligned() -> None:
    text = table(("name", "USD"), [("a", "1.00"), ("long name", "100.00")], right=("USD",))
    assert text.splitlines() == ["name          USD", "---------  ------", "a            1.00", "long name  100.00"]
