"""``costlib anomalies`` and ``costlib waste`` as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from costlib.cli.anomalies import anomalies
from costlib.cli.waste import waste
from costlib.paths import data_dir
from tests.billing.conftest import focus, written
from tests.billing.hours import REGION, endpoint, notebook, ran
from tests.billing.test_reading import HOSTILE
from tests.running import Ran

EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"
#: Names as they come from those who write tags and resources for mischief.
NAMES = [*HOSTILE, *HOSTILE.values(), "\x1b[31mred\x07", "a\nb\r\nc", "'; touch hacked; '", "$(touch hacked)"]


def keys_in_help(value: Any, text: str) -> None:
    """Every key of JSON stands in the command's help."""
    for key, inner in value.items():
        assert key in text, key
        rows = inner if isinstance(inner, list) and inner and isinstance(inner[0], dict) else []
        for name in rows[0] if rows else ():
            assert name in text, f"{key}.{name}"


def test_anomalies_as_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    found = Ran(capsys, "anomalies", EXAMPLE, "--json").json
    keys_in_help(found, str(anomalies.help))
    assert found["through"] == "2026-09-30" and found["alerts"][0]["first_day"] == "2026-08-24"
    assert Ran(capsys, "anomalies", EXAMPLE, "--json").json == found
    text = Ran(capsys, "anomalies", EXAMPLE).out
    assert "training-job/llm-retry-loop" in text and "on these days of each month since 2026-05-01" in text
    # Large ones first; what is no news comes after.
    assert text.index("USE1-Host:ml.g5.xlarge") < text.index("llm-retry-loop") < text.index("no news:")


def test_anomalies_by_hours(capsys: pytest.CaptureFixture[str]) -> None:
    found = Ran(capsys, "anomalies", EXAMPLE, "--every", "hour", "--json").json
    begins = {alert["first_day"] for alert in found["alerts"]}
    assert "2026-07-08 03:00" in begins and "2026-08-24 09:00" in begins


def test_waste_as_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    found = Ran(capsys, "waste", EXAMPLE, "--json").json
    keys_in_help(found, str(waste.help))
    assert Ran(capsys, "waste", EXAMPLE, "--json").json == found
    sums = dict.fromkeys(found["usd_per_month"], 0.0)
    for one in found["findings"]:
        sums[one["certainty"]] += one["usd_per_month"] or 0.0
    assert found["usd_per_month"] == pytest.approx(sums)
    text = Ran(capsys, "waste", EXAMPLE, "--kind", "idle_notebook").out
    assert text.startswith(str(EXAMPLE)) and "1 findings" in text and "Nothing was changed" in text
    assert "stop-notebook-instance --region us-east-1 --notebook-instance-name forgotten" in text


def test_metrics_clear_the_bill_s_suspicion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("resource,metric,hour,value\nab-test-old,invocations,2026-09-30T20:00,1\n")
    words = ("waste", EXAMPLE, "--kind", "idle_endpoint", "--json")
    assert len(Ran(capsys, *words).json["findings"]) == 1
    found = Ran(capsys, *words, "--metrics", path).json
    assert found["findings"] == [] and "do not cover" in found["notes"][0]


def test_refusals_of_bill_and_metrics_come_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("resource,metric,hour,value\ne,calls,soon,-1\n")
    ran_ = Ran(capsys, "waste", tmp_path / "none", "--metrics", tmp_path / "m.csv", "--json")
    assert ran_.code == 2
    assert [fault["field"] for fault in ran_.json["errors"]] == ["bill", "metric", "hour", "value"]
    assert "did you mean idle_endpoint" in Ran(capsys, "waste", EXAMPLE, "--kind", "idle_endpoints").err
    assert "did you mean team" in Ran(capsys, "anomalies", EXAMPLE, "--by", "tag:taem").err
    assert Ran(capsys, "waste", EXAMPLE, "--workgroup", "w").code == 2
    (tmp_path / "cut.parquet").write_bytes(EXAMPLE.read_bytes()[:5_000])
    for command in ("waste", "anomalies"):
        assert Ran(capsys, command, tmp_path / "cut.parquet").code == 2


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bill whose resources and tags are all called for mischief."""
    frames = []
    for name in NAMES:
        tags = json.dumps({"team": name, name: "x"})
        region = f"arn:aws:sagemaker:{REGION}:222233334444"
        frames.append(notebook("n", 8, ResourceId=f"{region}:notebook-instance/{name}", Tags=tags))
    frames.append(endpoint("e", 16, SubAccountId="\x1b[2J1; ls", RegionId="us-east-1; ls"))
    frames.append(ran("vol-1", "EBS:VolumeUsage.gp3", 30, Tags=json.dumps(HOSTILE)))
    spike = ran("=cmd|' /C calc'!A0", "BoxUsage:m5.xlarge\x1b[2J<b>", 1, 500.0)
    return written(pd.concat([*frames, spike], ignore_index=True), tmp_path_factory.mktemp("hostile") / "it's.parquet")


def test_hostile_names_as_text(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    for words in (("waste", hostile), ("anomalies", hostile, "--by", "tag:team", "--by", "usage_type")):
        shown = Ran(capsys, *words)
        assert shown.code == 0
        assert not set(shown.out) & set("\x1b\x07\u202e\r")
        assert max(map(len, shown.out.splitlines())) < 1_000


def test_hostile_names_as_json(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    found = Ran(capsys, "waste", hostile, "--kind", "idle_notebook", "--json").json["findings"]
    assert {one["resource"].partition("notebook-instance/")[2] for one in found} == set(NAMES)
    resources = Ran(capsys, "anomalies", hostile, "--json").json["resources"]
    assert "=cmd|' /C calc'!A0" in {row["resource_id"] for row in resources}


def test_hostile_names_get_no_command(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    found = Ran(capsys, "waste", hostile, "--json").json["findings"]
    commands = {one["resource"].rpartition("/")[2]: one["fix_command"] for one in found if one["fix_command"]}
    # Of all the notebooks only those whose names AWS could hold; the endpoint's region is none.
    assert set(commands) == {"long", "vol-1"}
    assert all("\n" not in command and "touch" not in command for command in commands.values())


def test_an_empty_or_monthly_bill_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(focus({"ChargePeriodEnd": "2026-09-01T00:00:00Z"}), tmp_path / "bill.csv")
    for command in ("waste", "anomalies"):
        refused = Ran(capsys, command, path, "--json")
        assert refused.code == 2 and "day or shorter" in refused.json["errors"][0]["problem"]
