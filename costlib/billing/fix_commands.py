"""AWS CLI commands as text that a shell takes as it is meant, whatever stands in a bill."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

#: What names, ids and ARNs of AWS are made of. A resource with anything else in its name is none that AWS could name.
#: Nor is one an address: the AWS CLI takes file://... and http://... for where to read the value from.
_NAMED = re.compile(r"(?!.*://)[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ACCOUNT = re.compile(r"[0-9]{12}")


def aws(service: str, verb: str, region: object, values: Mapping[str, Any], account: object = None) -> str | None:
    """``aws SERVICE VERB --region … --key value``; None where a value could be no name of AWS's, or no region is known.

    ``values`` are names (checked, and quoted for the shell) or mappings, written as JSON. With ``account`` (12 digits)
    the command runs only in that account: the same name elsewhere is another resource.
    """
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        return None
    words = ["aws", service, verb, "--region", region]
    for key, value in values.items():
        if isinstance(value, Mapping):
            value = json.dumps(value)
        elif not isinstance(value, str) or not _NAMED.fullmatch(value):
            return None
        words += [f"--{key}", value]
    command = shlex.join(words)
    if isinstance(account, str) and _ACCOUNT.fullmatch(account):
        guard = f'test "$(aws sts get-caller-identity --query Account --output text)" = {account}'
        command = f"{guard} && {command}"
    return command
