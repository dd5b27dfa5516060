"""A command of costlib as a person runs it, for the tests of the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from costlib import cli


class Ran:
    """What a command printed and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: object) -> None:
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(word) for word in words])
        self.code = stopped.value.code
        self.out, self.err = capsys.readouterr()

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
