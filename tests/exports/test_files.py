"""Files: by ending, swapped in whole, the old one kept on failure."""

import os
from pathlib import Path

import pytest

from costlib.errors import CostlibError, InvalidInput
from costlib.exports import files
from costlib.planner.plan import Plan
from costlib.planner.search import Result


@pytest.mark.parametrize(("name", "start"), [("a.csv", b"plan,"), ("a.xlsx", b"PK"), ("a.html", b"<!DOCTYPE")])
def test_writes_by_ending(tmp_path: Path, name: str, start: bytes, result: Result, plans: list[Plan]) -> None:
    files.write(tmp_path / name, result, plans)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_unknown_ending_and_missing_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "a.pdf", tmp_path / "none" / "a.csv", tmp_path):
        with pytest.raises(InvalidInput):
            files.check_path(path)


def test_failed_swap_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "a.html"
    old.write_bytes(b"old")

    def full(_from: object, _to: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CostlibError, match="No space left"):
        files.swap_in(old, b"new")
    assert old.read_bytes() == b"old" and list(tmp_path.iterdir()) == [old]
