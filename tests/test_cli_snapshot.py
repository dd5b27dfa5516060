"""``costlib snapshot``, ``verify`` and ``diff`` as a person meets them."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from costlib.paths import data_dir
from costlib.tables import snapshot_id_of
from tests.running import Ran


def test_snapshot_lists_and_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    found = Ran(capsys, "snapshot", "--json").json
    assert found["snapshot_id"] and all(row["verified"] and row["rows"] > 0 for row in found["tables"])
    assert "problems" not in found
    verified = Ran(capsys, "snapshot", "verify", "--json")
    assert (verified.code, verified.json["problems"]) == (0, [])


def test_a_snapshot_whose_rows_cannot_be_right_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksums agree, but a price has slipped by the factor of ten."""
    content = json.loads((data_dir() / "PROVENANCE.json").read_text())
    for room in {name.split("/")[0] for name in content["tables"]}:
        shutil.copytree(data_dir() / room, tmp_path / room)
    file = tmp_path / "prices" / "ec2_on_demand.csv"
    text = file.read_text()
    right = "\ng5.xlarge,eu-west-1,1.123,"
    assert text.count(right) == 1
    file.write_text(text.replace(right, right.replace("1.123", "11.23")))
    content["tables"]["prices/ec2_on_demand"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    sums = {name: entry["sha256"] for name, entry in content["tables"].items()}
    content["snapshot_id"] = snapshot_id_of(content["as_of"], sums)
    (tmp_path / "PROVENANCE.json").write_text(json.dumps(content))
    monkeypatch.setenv("COSTLIB_DATA", str(tmp_path))
    assert Ran(capsys, "snapshot").code == 0
    ran = Ran(capsys, "snapshot", "verify")
    assert ran.code == 1 and "far off the median" in ran.out and "g5.xlarge" in ran.out


def test_snapshot_diff_tells_what_moved_and_what_looks_like_a_slip(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(data_dir() / "prices", old / "prices")
    content = json.loads((data_dir() / "PROVENANCE.json").read_text())
    entries = {name: entry for name, entry in content["tables"].items() if name.startswith("prices/")}
    path = old / "prices" / "ec2_on_demand.csv"
    rows = path.read_text().replace("g5.xlarge,us-east-1,1.006,", "g5.xlarge,us-east-1,0.1006,")
    path.write_text(rows)
    entries["prices/ec2_on_demand"]["sha256"] = hashlib.sha256(rows.encode()).hexdigest()
    as_of = max(entry["as_of_newest"] or "" for entry in entries.values())
    name = snapshot_id_of(as_of, {table: entry["sha256"] for table, entry in entries.items()})
    (old / "PROVENANCE.json").write_text(json.dumps({"snapshot_id": name, "as_of": as_of, "tables": entries}))
    found = Ran(capsys, "snapshot", "diff", old, "--json").json
    assert found["old"] == name
    assert [(row["key"], row["kind"], row["flag"]) for row in found["rows"]] == [
        ("g5.xlarge us-east-1", "changed", "about ten times")
    ]
    (row,) = found["tables"]
    assert row == {"table": "prices/ec2_on_demand", "new": 0, "gone": 0, "changed": 1,
                   "median_ratio": pytest.approx(10), "flagged": 1}  # fmt: skip
    assert "about ten times" in Ran(capsys, "snapshot", "diff", old).out
    assert "have the same prices" in Ran(capsys, "snapshot", "diff", data_dir()).out
    assert Ran(capsys, "snapshot", "diff", tmp_path / "none").code == 1


def test_damaged_snapshot_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "s3.csv").write_text("changed\n")
    table = {"file": "prices/s3.csv", "rows": 1, "sha256": "0" * 64, "as_of_oldest": None, "as_of_newest": None}
    table["as_of_newest"] = "2026-01-01"
    name = snapshot_id_of("2026-01-01", {"prices/s3": "0" * 64})
    content = {"snapshot_id": name, "as_of": "2026-01-01", "tables": {"prices/s3": table}}
    (tmp_path / "PROVENANCE.json").write_text(json.dumps(content))
    monkeypatch.setenv("COSTLIB_DATA", str(tmp_path))
    ran = Ran(capsys, "snapshot", "verify")
    assert ran.code == 1 and "DAMAGED" in ran.out and "damaged" in ran.err
    monkeypatch.setenv("COSTLIB_DATA", str(tmp_path / "none"))
    assert Ran(capsys, "snapshot").code == 1
