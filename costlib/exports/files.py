"""Writes an export to a file, by its ending; the old file stays until the new one is whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.planner.plan import Plan
from costlib.planner.search import Result

SUFFIXES = (".csv", ".xlsx", ".html")


def check_path(path: str | os.PathLike[str]) -> None:
    """Raises InvalidInput if no export has this ending, or the folder is not there."""
    if Path(path).suffix not in SUFFIXES:
        raise InvalidInput([Fault("--out", str(path), f"must end in {', '.join(SUFFIXES)}")])
    check_folder(path)


def check_folder(path: str | os.PathLike[str]) -> None:
    """Raises InvalidInput if no file can be written at ``path``."""
    target = Path(path)
    if target.is_dir():
        raise InvalidInput([Fault("--out", str(path), "is a folder; name a file")])
    if not target.absolute().parent.is_dir():
        raise InvalidInput([Fault("--out", str(path), "is in a folder that does not exist")])


def check_new(name: str, path: str | os.PathLike[str]) -> None:
    """Raises InvalidInput if something is at ``path`` already, or its folder is not there; ``name`` is the field."""
    target = Path(path)
    if target.exists():
        raise InvalidInput([Fault(name, str(path), "is there already; it is not overwritten")])
    if not target.absolute().parent.is_dir():
        raise InvalidInput([Fault(name, str(path), "is in a folder that does not exist")])


def write(path: Path, result: Result, plans: Sequence[Plan]) -> None:
    """Writes ``plans`` as CSV, Excel or HTML, as the ending of ``path`` says."""
    from costlib.planner.ladder import ladder

    check_path(path)
    if path.suffix == ".csv":
        from costlib.exports.tables import to_csv

        content = to_csv(result, plans)
    elif path.suffix == ".xlsx":
        from costlib.exports.excel import to_excel

        content = to_excel(result, plans)
    else:
        from costlib.exports.page import to_html

        content = to_html(result, plans, ladder(result))
    swap_in(path, content)


def swap_in(path: Path, content: bytes) -> None:
    """Writes beside ``path`` and puts the new file in its place at once. Raises CostlibError if that fails."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes a private file; a report is as readable as any new file.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(beside, 0o666 & ~mask)
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise CostlibError(f"{path} cannot be written: {error.strerror}") from None
