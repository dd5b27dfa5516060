"""Imports go one way, and `import costlib` stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import costlib

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "costlib"

#: Lowest first. A module imports from rows below its own, or from its own room; neighbours in a row are strangers.
#: Rooms of the first row may import each other: they are the vocabulary.
ROWS: tuple[tuple[str, ...], ...] = (
    ("units", "errors", "paths", "basis", "tables", "row_checks", "workload", "display"),
    ("facts", "prices"),
    ("models", "billing", "benchmarks"),
    ("planner",),
    ("validation",),
    ("figures",),
    ("exports",),
    ("panels", "reports"),
    ("cli", "serve"),
    ("__main__", "__init__"),
)
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}


def room_of(module: str) -> str:
    """``costlib.models.memory`` -> ``models``; a public name -> its home's room; ``costlib`` -> ``__init__``."""
    parts = module.split(".")
    if len(parts) == 2 and parts[1] in costlib._HOMES:
        parts = costlib._HOMES[parts[1]].split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(source: str, module: str, is_package: bool) -> list[tuple[int, str]]:
    """The costlib modules that ``source`` imports, anywhere in it, each with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            # `import costlib` alone gives nothing but what its attributes load, and those are looked at below.
            names = [alias.name for alias in node.names if alias.name != "costlib"]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "costlib":
            names = [f"costlib.{node.attr}"]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if is_package else module.split(".")[:-1]
                package = package[: len(package) - (node.level - 1)]
                base = ".".join([*package, base] if base else package)
            # `from costlib import models` imports costlib.models.
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "costlib" else [base]
        else:
            continue
        found += [(node.lineno, name) for name in names if name.split(".")[0] == "costlib"]
    return found


def forbidden(module: str, imported: str) -> bool:
    """Whether ``module`` must not import ``imported``."""
    mine, other = room_of(module), room_of(imported)
    # costlib.__version__ and its like are of the package's own __init__, which every import runs anyway.
    if mine == other or other not in LEVEL:
        return False
    if LEVEL[mine] == 0:
        return LEVEL[other] > 0
    if mine == "models":
        # A model takes values and looks nothing up.
        return other not in ("units", "errors")
    return LEVEL[other] >= LEVEL[mine]


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_every_room_has_its_row() -> None:
    assert {room_of(module) for module in modules()} - set(LEVEL) == set()


def test_imports_go_one_way() -> None:
    wrong = []
    for module, path in modules().items():
        for line, imported in imports_of(path.read_text("utf-8"), module, path.name == "__init__.py"):
            if forbidden(module, imported):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {imported}")
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "imported", "refused"),
    [
        ("costlib.models.memory", "costlib.prices.book", True),
        ("costlib.facts.specs", "costlib.prices.book", True),
        ("costlib.units", "costlib.facts", True),
        ("costlib.tables", "costlib.errors", False),
        ("costlib.figures.cost", "costlib.__version__", False),
        ("costlib.facts.specs", "costlib.search", True),
        ("costlib.planner.search", "costlib.models.memory", False),
        ("costlib.panels.plan", "costlib.reports.render", True),
        ("costlib.panels.plan", "costlib.panels.chart", False),
        ("costlib.cli", "costlib.panels.plan", False),
    ],
)
def test_the_rule_itself(module: str, imported: str, refused: bool) -> None:
    assert forbidden(module, imported) is refused


def test_every_way_to_import_is_seen() -> None:
    lines = ["import costlib.a", "from costlib import b", "from costlib.c import d"]
    lines += ["from . import e", "from ..f import g", "import os", "import costlib", "costlib.search(1)"]
    source = "\n".join(lines)
    seen = [name for _, name in imports_of(source, "costlib.room.module", is_package=False)]
    assert seen == ["costlib.a", "costlib.b", "costlib.c", "costlib.room", "costlib.f", "costlib.search"]


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after ``statement``."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(answer.stdout.split())


def test_import_costlib_is_light() -> None:
    heavy = {"pandas", "numpy", "pyarrow", "boto3", "botocore", "plotly", "ipywidgets", "IPython", "papermill"}
    assert loaded_by("import costlib") & heavy == set()


def test_models_do_no_input_or_output() -> None:
    """A model takes values and looks nothing up: no files, network, clock, widgets or global randomness."""
    strangers = {"os", "pathlib", "io", "time", "datetime", "random", "requests", "urllib", "socket", "boto3"}
    strangers |= {"ipywidgets", "plotly", "subprocess"}
    wrong = []
    for path in sorted((PACKAGE / "models").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            wrong += [f"{path.name}: {name}" for name in names if name.split(".")[0] in strangers]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                wrong.append(f"{path.name}: open")
    assert wrong == []
