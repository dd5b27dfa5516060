"""Scenarios: a workload under a name, kept as a YAML file with the prices it was last answered with."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.paths import user_dir
from costlib.workload import Vocabulary, Workload

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9_-])?")
_KEYS = ("name", "saved_at", "snapshot_id", "discount_percent", "best_plan", "best_cost_usd", "workload")


@dataclass(frozen=True)
class Scenario:
    """A workload and own discounts under a name, with what the search answered when it was saved.

    ``discount_percent`` maps a service to percent off; ``saved_at`` is UTC, ISO 8601; ``best_plan`` and
    ``best_cost_usd`` (expected, one run) are empty where no plan held the deadline.
    """

    name: str
    workload: Workload
    snapshot_id: str
    discount_percent: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    best_plan: str = ""
    best_cost_usd: float | None = None
    saved_at: str = ""

    def to_yaml(self) -> str:
        """YAML that ``from_yaml_text`` reads back to an equal scenario."""
        import yaml

        content = {name: getattr(self, name) for name in _KEYS}
        content["discount_percent"] = dict(self.discount_percent)
        content["workload"] = self.workload.to_mapping()
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    @classmethod
    def from_yaml_text(cls, text: str, vocabulary: Vocabulary | None = None, source: str = "scenario") -> Scenario:
        """Reads ``to_yaml``'s text. Raises InvalidInput with everything that is wrong with it."""
        import yaml

        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError:
            raise InvalidInput([Fault(source, "the text", "is not valid YAML")]) from None
        if not isinstance(content, dict):
            raise InvalidInput([Fault(source, "the text", "is not a mapping of keys to values")])
        faults = [unknown(str(key), key, _KEYS, "key of a scenario") for key in content if key not in _KEYS]
        faults += [Fault(key, None, "is missing") for key in ("name", "snapshot_id", "workload") if key not in content]
        if faults:
            raise InvalidInput(faults)
        discounts = content.get("discount_percent") or {}
        faults = [
            Fault(key, content.get(key), f"is not {what}")
            for key, types, what in (
                ("name", str, "text"),
                ("snapshot_id", str, "text"),
                ("saved_at", (str, type(None)), "text"),
                ("best_plan", (str, type(None)), "text"),
                ("best_cost_usd", (int, float, type(None)), "a number"),
                ("discount_percent", (dict, type(None)), "a mapping of services to percent"),
            )
            if not isinstance(content.get(key), types)
        ]
        if faults:
            raise InvalidInput(faults)
        return cls(
            name=checked_name(content["name"]),
            workload=Workload.from_mapping(content["workload"], vocabulary),
            snapshot_id=content["snapshot_id"],
            discount_percent=MappingProxyType(dict(discounts)),
            best_plan=content.get("best_plan") or "",
            best_cost_usd=content.get("best_cost_usd"),
            saved_at=content.get("saved_at") or "",
        )


def checked_name(name: Any) -> str:
    """A name that is safe as a file's name; raises InvalidInput."""
    text = str(name).strip()
    if not _NAME.fullmatch(text):
        problem = "must be 1 to 60 letters, digits, space, '.', '_' or '-', and start with a letter or digit"
        raise InvalidInput([Fault("scenario.name", name, problem)])
    return text


@dataclass(frozen=True)
class ScenarioFolder:
    """The user's scenarios, one YAML file each; the folder is made when something is first saved."""

    path: Path

    @classmethod
    def open(cls) -> ScenarioFolder:
        """The folder ``scenarios`` in the user's own folder."""
        return cls(user_dir() / "scenarios")

    def names(self) -> list[str]:
        """The scenarios held, by name."""
        return sorted((file.stem for file in self.path.glob("*.yaml")), key=str.lower)

    def load(self, name: str, vocabulary: Vocabulary | None = None) -> Scenario:
        """One scenario. Raises NotKnown for a name that is not held, InvalidInput for a file that is not good."""
        name = checked_name(name)
        file = self._file(name)
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NotKnown([unknown("scenario.name", name, self.names(), "saved scenario")]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput([Fault("scenario", file.name, f"cannot be read: {error}")]) from None
        return Scenario.from_yaml_text(text, vocabulary, source=file.name)

    def save(self, scenario: Scenario, now: datetime | None = None) -> Scenario:
        """Writes a scenario, in place of one of the same name, whole or not at all; gives it with its date."""
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        dated = replace(scenario, name=checked_name(scenario.name), saved_at=moment.isoformat(timespec="seconds"))
        self.path.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=self.path, prefix=".saving-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(dated.to_yaml())
            os.replace(beside, self._file(dated.name))
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
        return dated

    def delete(self, name: str) -> None:
        """Removes a scenario. Raises NotKnown for a name that is not held."""
        name = checked_name(name)
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            raise NotKnown([unknown("scenario.name", name, self.names(), "saved scenario")]) from None

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.yaml"
