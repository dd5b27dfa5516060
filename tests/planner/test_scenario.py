import os
from datetime import UTC, datetime

import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.scenario import Scenario, ScenarioFolder, checked_name

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def scenario(workload) -> Scenario:
    return Scenario("base", workload, "snapshot-1", {"ec2": 7.5}, "ec2:p5.48xlarge*1", 123.456)


def test_yaml_reads_back_equal(scenario):
    assert Scenario.from_yaml_text(scenario.to_yaml()) == scenario


def test_saved_scenarios_are_dated_and_come_back(tmp_path, scenario, sources):
    folder = ScenarioFolder(tmp_path / "new" / "folder")
    assert folder.names() == []
    saved = folder.save(scenario, NOW)
    assert saved.saved_at == "2026-03-04T05:06:07+00:00"
    assert folder.load("base", sources.vocabulary) == saved
    assert folder.names() == ["base"]
    folder.delete("base")
    with pytest.raises(NotKnown):
        folder.load("base")


def test_a_save_that_fails_keeps_the_old_file_and_leaves_nothing_beside(tmp_path, scenario, monkeypatch):
    folder = ScenarioFolder(tmp_path)
    folder.save(scenario, NOW)
    before = (tmp_path / "base.yaml").read_bytes()

    def fails(*_):
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no room"):
        folder.save(scenario)
    assert [file.name for file in tmp_path.iterdir()] == ["base.yaml"]
    assert (tmp_path / "base.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["a", "GPT-2 1.5b", "x" * 60, " padded "])
def test_good_names(name):
    assert checked_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\\b", "-x", "x.", "é", "x" * 61, "a\0b"])
def test_names_that_could_be_paths_are_refused(name):
    with pytest.raises(InvalidInput, match=r"scenario\.name"):
        checked_name(name)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[1", "not valid YAML"),
        ("- 1", "not a mapping"),
        ("name: x\nsnapshot_id: y\nworkload: {}\nextra: 1", "extra"),
        ("name: x", "workload"),
        ("name: x\nsnapshot_id: y\nworkload: {}\nbest_cost_usd: much", "best_cost_usd"),
        ("name: x\nsnapshot_id: y\nworkload: {kind: training}", "model"),
        ("name: ../x\nsnapshot_id: y\nworkload: {kind: training}", "scenario.name"),
    ],
)
def test_files_that_are_no_scenario_say_why(text, word):
    with pytest.raises(InvalidInput, match=word):
        Scenario.from_yaml_text(text)
