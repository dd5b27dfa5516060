"""The pins: what is installed is what they say, mybinder gets the same, and each wish has one."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
#: Required by jsonschema's extra, left out on purpose: two seconds of CPU in every process that imports it.
LEFT_OUT = "rfc3987-syntax"


def requirements(path: Path) -> dict[str, Requirement]:
    """The requirements of a file that apply here, by name."""
    lines = [line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    parsed = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {one.name: one for one in parsed if one.marker is None or one.marker.evaluate()}


PINS = requirements(ROOT / "requirements.txt")


def test_every_pin_is_exact() -> None:
    assert [str(pin) for pin in PINS.values() if [spec.operator for spec in pin.specifier] != ["=="]] == []


def test_every_wish_is_pinned() -> None:
    assert set(requirements(ROOT / "requirements.in")) - set(PINS) == set()


def imported(source: str) -> set[str]:
    """The top-level modules that Python source imports anywhere in it, its own package's relative ones left out."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).split(".")[0])
    return found


def sources_of_the_project() -> dict[str, str]:
    """Every Python file and notebook of the project, as Python source by path."""
    files = {path for folder in ("costlib", "tests", "data", ".ci") for path in (ROOT / folder).rglob("*.py")}
    found = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(files)}
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
            found[str(path.relative_to(ROOT))] = "\n".join("".join(cell["source"]) for cell in cells)
    return found


def test_every_import_is_wished_for() -> None:
    """What is imported is named in requirements.in itself: what another package pulls today, it may drop tomorrow."""
    wishes = {canonicalize_name(name) for name in requirements(ROOT / "requirements.in")}
    packages = importlib.metadata.packages_distributions()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    # An extra is wished for by whoever wants it, and need not be here.
    extras = {Requirement(wish).name for wanted in project["optional-dependencies"].values() for wish in wanted}
    ours = {"costlib", "tests", "data", *sys.stdlib_module_names}
    missing = {}
    for path, source in sources_of_the_project().items():
        for module in imported(source) - ours - extras:
            if not {canonicalize_name(name) for name in packages.get(module, [])} & wishes:
                missing[module] = path
    assert missing == {}


def test_every_way_to_import_is_seen() -> None:
    source = "import a.b, c\nfrom d.e import f\nfrom . import g\nfrom .h import i\ndef j():\n    import k"
    assert imported(source) == {"a", "c", "d", "k"}
    seen = set().union(*map(imported, sources_of_the_project().values()))
    assert {"jinja2", "IPython", "nbformat", "yaml"} <= seen


def test_the_environment_is_the_pins() -> None:
    wrong = {}
    for name, pin in PINS.items():
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed not in pin.specifier:
            wrong[str(pin)] = installed
    assert wrong == {}


def test_the_pins_are_complete() -> None:
    """Installed with --no-deps, nothing that a pinned package needs may be missing, but for what is left out."""
    missing = []
    for name in PINS:
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            if needed.name.lower().replace("_", "-") != LEFT_OUT:
                try:
                    importlib.metadata.version(needed.name)
                except importlib.metadata.PackageNotFoundError:
                    missing.append(f"{name} needs {needed.name}")
    assert missing == []


def test_the_slow_package_is_left_out() -> None:
    assert LEFT_OUT not in PINS
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version(LEFT_OUT)


def test_mybinder_gets_the_same_pins() -> None:
    folder = ROOT / "binder"
    named = [line for line in (folder / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    assert named == ["-r ../requirements.txt"]
    assert (folder / "requirements.txt").parent.joinpath(named[0].split()[1]).resolve() == ROOT / "requirements.txt"
    finish = (folder / "postBuild").read_text("utf-8")
    assert f"uninstall --yes {LEFT_OUT}" in finish and "install --no-cache-dir --no-deps --editable ." in finish
    assert (folder / "postBuild").stat().st_mode & 0o100


def test_mybinder_runs_a_python_that_the_project_takes() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    given = (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert Requirement(f"python{wanted}").specifier.contains(given)


def test_make_alone_lists_the_targets() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("lab", "calculator", "report", "test", "bench", "refresh", "lock"):
        assert f"  make {target} " in answer


def test_an_old_python_is_refused_with_its_name(tmp_path: Path) -> None:
    """The check comes before anything is built; a Python that ends with 1 stands for one that is too old."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n', encoding="utf-8")
    old.chmod(0o755)
    answer = subprocess.run(
        ["make", "environment", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed" in answer.stdout and "Python 3.9.1" in answer.stdout
    assert not (tmp_path / ".venv").exists()
