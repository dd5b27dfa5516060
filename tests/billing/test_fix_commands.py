"""Commands as a shell takes them: hostile names inject nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from costlib.billing.fix_commands import aws

HOSTILE = [
    "x; touch hacked", "$(touch hacked)", "`touch hacked`", "a'; touch hacked; '", 'a" b', "a\ntouch hacked", "a\x00b",
    "--no-verify-ssl", "-x", "a|b", "a&b", "a>b", "<script>", "=cmd|' /C calc'!A0", "é", "", "x" * 10_000, "a\\", "a*",
    "valid\n", " valid", None, 7, float("nan"), "file:///etc/passwd", "fileb://key", "http://169.254.169.254/x",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_aws_could_not_name_gets_no_command(name: object) -> None:
    assert aws("sagemaker", "delete-endpoint", "us-east-1", {"endpoint-name": name}) is None
    assert name == "" or aws("ec2", "delete-volume", name, {"volume-id": "vol-1"}) is None


def test_an_unknown_region_is_never_the_shell_s_own() -> None:
    for region in (None, "", "us-east-1; ls", "global", "us-east-1\n"):
        assert aws("ec2", "delete-volume", region, {"volume-id": "vol-1"}) is None


def run(command: str, folder: Path, account: str) -> list[str]:
    """What the command's last ``aws`` was given, where the caller is in ``account``; nothing if it did not run."""
    shim = folder / "aws"
    shim.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = sts ]; then echo {account}; exit 0; fi\n'
        f'for word in "$@"; do printf \'%s\\0\' "$word" >> {shlex.quote(str(folder / "given"))}; done\n'
    )
    shim.chmod(0o755)
    subprocess.run(["sh", "-c", command], check=False, cwd=folder, env={"PATH": f"{folder}:/usr/bin:/bin"})
    given = folder / "given"
    return given.read_text().split("\0")[:-1] if given.exists() else []


def test_a_shell_reads_what_was_meant(tmp_path: Path) -> None:
    rule = {"Rules": [{"Prefix": "it's $HOME; `x`\n"}]}
    command = aws("s3api", "put-bucket-lifecycle-configuration", "eu-west-1", {"bucket": "b.c-d_e", "rule": rule})
    assert command is not None
    words = run(command, tmp_path, "0")
    assert words[:7] == [
        "s3api",
        "put-bucket-lifecycle-configuration",
        "--region",
        "eu-west-1",
        "--bucket",
        "b.c-d_e",
        "--rule",
    ]
    assert json.loads(words[7]) == rule


def test_a_command_runs_in_its_account_only(tmp_path: Path) -> None:
    command = aws("ec2", "delete-volume", "us-east-1", {"volume-id": "vol-1"}, "222233334444")
    assert command is not None
    assert run(command, tmp_path, "999988887777") == []
    assert run(command, tmp_path, "222233334444")[-1] == "vol-1"
    # What is no account cannot be held to be one.
    assert aws("ec2", "delete-volume", "us-east-1", {"volume-id": "vol-1"}, "1; ls") == (
        "aws ec2 delete-volume --region us-east-1 --volume-id vol-1"
    )
