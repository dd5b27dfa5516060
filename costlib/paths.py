"""Where the data, the notebooks and the user's own files are."""

from __future__ import annotations

import os
from pathlib import Path


def repository_dir() -> Path:
    """The top folder of the checkout that holds ``costlib``."""
    return Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """The embedded snapshot: ``$COSTLIB_DATA`` if set, else ``data/`` beside the package."""
    override = os.environ.get("COSTLIB_DATA")
    return Path(override) if override else repository_dir() / "data"


def notebooks_dir() -> Path:
    """The folder of the workbook's notebooks."""
    return repository_dir() / "notebooks"


def user_dir() -> Path:
    """The user's own folder (scenarios): ``$COSTLIB_HOME`` if set, else the platform's data folder."""
    override = os.environ.get("COSTLIB_HOME")
    if override:
        return Path(override)
    from platformdirs import user_data_path

    return user_data_path("costlib")
