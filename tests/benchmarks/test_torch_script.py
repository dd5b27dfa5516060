"""The script that fills the sheet: its header is the sheet's; it runs where PyTorch is, on CPU or GPU."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from costlib.benchmarks import torch_script
from costlib.benchmarks.sheet import NAMES, SCRIPT, read, template

TINY = ["--instance-type", "c6i.xlarge", "--batch", "2", "--steps", "2", "--warm-up", "1", "--layers", "1"]
TINY += ["--hidden", "16", "--heads", "2", "--sequence-length", "8", "--vocabulary", "32", "--image-size", "16"]

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: pip install '.[benchmark]'"
)


def test_header_is_that_of_the_sheet() -> None:
    assert torch_script.HEADER == NAMES
    assert SCRIPT.read_text("utf-8").count("costlib") == 0, "it is copied to machines that have no costlib"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--precisions", "fp32,bf8"], "precision 'bf8' is not one of"),
        (["--steps", "0"], "--steps must be at least 1"),
        (["--heads", "3"], "--heads 3 does not divide --hidden 16"),
    ],
)
def test_refuses_what_makes_no_sense(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        torch_script.arguments(["rows.csv", *TINY, *words])
    assert said in capsys.readouterr().err


def test_rows_go_under_the_columns_of_the_sheet(tmp_path: Path) -> None:
    row = dict.fromkeys(NAMES, "") | {"instance_type": "g5.xlarge", "count": 1, "precision": "bf16", "batch": 4}
    row |= {"throughput_unit": "tokens_per_second", "throughput": "10"}
    filled, new, other = (tmp_path / name for name in ("filled.csv", "new.csv", "other.csv"))
    filled.write_text(template().rstrip("\n"))
    for sheet in (filled, new):
        torch_script.add_row(sheet, row)
        assert read(sheet)[0].throughput == 10
    other.write_text("a,b\n")
    with pytest.raises(SystemExit, match="is not a benchmark sheet"):
        torch_script.add_row(other, row)


def test_without_torch_it_says_what_is_missing(tmp_path: Path) -> None:
    # -S -I: no site-packages, as on a machine that has only Python.
    words = [sys.executable, "-S", "-I", str(SCRIPT), str(tmp_path / "rows.csv"), *TINY]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("PyTorch is needed: pip install torch")


@needs_torch
@pytest.mark.parametrize("model", ["transformer", "cnn"])
def test_measures_and_fills_the_sheet(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    words = [str(tmp_path / "rows.csv"), *TINY, "--model", model, "--precisions", "fp32,bf16"]
    assert torch_script.main(words) == 0
    rows = {row.precision: row for row in read(tmp_path / "rows.csv")}
    assert set(rows) == {"fp32", "bf16"} and "times as fast as fp32" in capsys.readouterr().out
    for row in rows.values():
        assert (row.instance_type, row.count, row.batch) == ("c6i.xlarge", 1, 2) and row.throughput > 0
        assert (row.peak_memory_gib is not None) == torch.cuda.is_available()
    if model == "transformer":
        # Embeddings of 32 words and 8 places, one block (12 h^2 + 13 h), the last norm (2 h), at h = 16.
        assert rows["fp32"].parameters == 16 * 40 + 12 * 16**2 + 13 * 16 + 2 * 16


@needs_torch
def test_what_cannot_be_measured_is_named_and_the_rest_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "rows.csv"
    assert torch_script.main([str(sheet), *TINY, "--precisions", "tf32,fp32", "--device", "cpu"]) == 1
    assert "tf32: not measured: this device has no tf32" in capsys.readouterr().err
    assert [row.precision for row in read(sheet)] == ["fp32"]
