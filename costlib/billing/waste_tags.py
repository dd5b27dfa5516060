"""The tags by which resources are alike."""

from __future__ import annotations

from collections.abc import Mapping

#: Tags that every resource has its own of, and the beginnings of those that AWS sets.
OWN_TAGS = ("name", "user:name", "user_name")
OF_AWS = ("aws:", "aws_")


def shared_tags(given: object) -> dict[str, str]:
    """Tags without those that name one resource or that AWS sets."""
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, (list, tuple)):
        pairs = [tuple(pair) for pair in given]
    else:
        return {}
    return {
        str(key): str(value)
        for key, value in pairs
        if value is not None and str(key).lower() not in OWN_TAGS and not str(key).lower().startswith(OF_AWS)
    }
