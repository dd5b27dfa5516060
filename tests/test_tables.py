"""A snapshot is opened only if its description is whole, and a table is read only if it is the one described."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costlib.errors import DataCorrupt, NotKnown
from costlib.paths import data_dir
from costlib.tables import Snapshot, snapshot_id_of

NAME = "prices/savings_plans"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A whole snapshot that a test may damage."""
    shutil.copytree(data_dir() / "prices", tmp_path / "prices")
    shutil.copytree(data_dir() / "facts", tmp_path / "facts")
    shutil.copy(data_dir() / "PROVENANCE.json", tmp_path)
    return tmp_path


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object], same_id: bool = False) -> None:
    """Changes PROVENANCE.json; with a fresh id, as somebody who knows how it is made would."""
    path = folder / "PROVENANCE.json"
    content = json.loads(path.read_text())
    change(content)
    if not same_id:
        sums = {name: str(entry.get("sha256")) for name, entry in content["tables"].items()}
        content["snapshot_id"] = snapshot_id_of(content["as_of"], sums)
    path.write_text(json.dumps(content))


def test_a_copy_opens(copy: Path) -> None:
    assert Snapshot.open(copy).snapshot_id == Snapshot.open().snapshot_id
    assert len(Snapshot.open(copy).read(NAME)) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("as_of"), "as_of is missing"),
        (lambda c: c.pop("tables"), "tables is missing"),
        (lambda c: c["tables"][NAME].pop("rows"), f"{NAME} has no rows"),
        (lambda c: c["tables"][NAME].update(sha256=7), f"{NAME} has no sha256"),
        (lambda c: c["tables"].update({NAME: "x"}), f"{NAME} is no object"),
        (lambda c: c["tables"][NAME].update(sha256="0" * 64), "its checksums make"),
        (lambda c: c.update(as_of="2030-01-01"), "as_of is 2030-01-01, the newest table"),
        (lambda c: c.update(snapshot_id="2026-10-03-00000000"), "its checksums make"),
        (lambda c: c["tables"][NAME].update(file="../outside.csv"), "is outside"),
        (lambda c: c["tables"][NAME].update(file="/etc/hostname"), "is outside"),
    ],
)
def test_a_description_that_is_not_whole_is_refused(copy: Path, change: Any, words: str) -> None:
    rewrite(copy, change, same_id=True)
    with pytest.raises(DataCorrupt, match=words):
        Snapshot.open(copy)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_description_is_refused(copy: Path, text: str) -> None:
    (copy / "PROVENANCE.json").write_text(text)
    with pytest.raises(DataCorrupt, match="is not a snapshot's description"):
        Snapshot.open(copy)


def test_a_link_out_of_the_folder_is_refused(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "savings_plans.csv"
    file = copy / f"{NAME}.csv"
    shutil.move(file, outside)
    file.symlink_to(outside)
    with pytest.raises(DataCorrupt, match="is outside"):
        Snapshot.open(copy)


@pytest.mark.parametrize(
    ("content", "words"), [(b"a,b\n1,2,3\n", "is not a table"), (b"", "is not a table"), (b"a,b\n1,2\n", "has 1 rows")]
)
def test_a_file_that_is_no_such_table_is_refused(copy: Path, content: bytes, words: str) -> None:
    (copy / f"{NAME}.csv").write_bytes(content)
    with pytest.raises(DataCorrupt, match="has checksum"):
        Snapshot.open(copy).read(NAME)
    rewrite(copy, lambda c: c["tables"][NAME].update(sha256=hashlib.sha256(content).hexdigest()))
    with pytest.raises(DataCorrupt, match=words):
        Snapshot.open(copy).read(NAME)


def test_unknown_tables_have_close_matches() -> None:
    with pytest.raises(NotKnown, match="did you mean .*prices/ec2_spot"):
        Snapshot.open().read("prices/ec2_spott")


def test_opening_takes_no_time() -> None:
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        Snapshot.open()
        best = min(best, time.process_time() - started)
    # It was 0.002 s; the promise is 0.15 s on slow machines.
    assert best < 0.15
