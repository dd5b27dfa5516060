"""The sheet of benchmarks: what the template holds, what is read back, and what is refused, all at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from costlib.benchmarks.sheet import COLUMNS, NAMES, Benchmark, read, read_text, template
from costlib.errors import InvalidInput

GOOD = "g5.xlarge,1,bf16,32,tokens_per_second,9500,14.2,88,,warm\n"


def faults_of(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read_text(text, "rows.csv")
    return [str(fault) for fault in refused.value.faults]


def test_a_filled_template_reads_back() -> None:
    assert read_text(template() + GOOD, "rows.csv") == (
        Benchmark("g5.xlarge", 1, "bf16", 32, "tokens_per_second", 9500.0, 14.2, 0.88, None, "warm", "rows.csv", 4),
    )


def test_the_template_says_units_and_its_example_is_not_read() -> None:
    header, units, example = csv.reader(io.StringIO(template()))
    assert tuple(header) == NAMES and len(units) == len(example) == len(COLUMNS)
    assert units[NAMES.index("peak_memory_gib")] == "GiB"
    assert faults_of(template()) == ["benchmarks: 'rows.csv' holds no measured rows"]
    # What stands in the example would be read, were it not marked.
    assert read_text(template().replace("# example: ", ""))[0].throughput == 9500


def test_optional_columns_may_be_left_out() -> None:
    (row,) = read_text(
        "instance_type,count,precision,batch,throughput_unit,throughput\nc5.4xlarge,1,fp32,8,samples_per_second,3e2\n"
    )
    assert row.peak_memory_gib is None and row.gpu_utilisation_fraction is None and row.throughput == 300


def test_every_fault_of_every_row_is_named() -> None:
    wrong = "g5.xlarge,0,bf32,1.5,token_per_second,0,-1,120,1e20,\n,1,bf16,1,tokens_per_second,nan,,,,\n"
    assert faults_of(template() + wrong) == [
        "row 4, precision: 'bf32' is not a known precision (did you mean tf32, fp32?)",
        "row 4, throughput_unit: 'token_per_second' is not a known unit of throughput"
        " (did you mean tokens_per_second, samples_per_second?)",
        "row 4, count: 0.0 cannot be: it must be above 0 and at most 10,000",
        "row 4, batch: '1.5' is not a plain whole number",
        "row 4, throughput: 0.0 cannot be: it must be above 0 and at most 1,000,000,000,000",
        "row 4, peak_memory_gib: '-1' is not a plain number",
        "row 4, gpu_utilisation_percent: 120.0 cannot be: it must be at least 0 and at most 100",
        "row 4, parameters: 1e+20 cannot be: it must be above 0 and at most 100,000,000,000,000",
        "row 5, instance_type is missing",
        "row 5, throughput: 'nan' is not a plain number",
    ]


def test_a_row_twice_is_refused_and_another_batch_is_not() -> None:
    assert len(read_text(template() + GOOD + GOOD.replace(",32,", ",64,"))) == 2
    assert faults_of(template() + GOOD + GOOD) == ["row 5: 'g5.xlarge 1 bf16 32 tokens_per_second' repeats row 4"]


def test_broken_files_are_refused_in_words(tmp_path: Path) -> None:
    assert "semicolons" in faults_of(template().replace(",", ";"))[0]
    assert faults_of("instance_type,count,count,throughputs\n")[:2] == [
        "columns: 'precision' is missing",
        "columns: 'batch' is missing",
    ]
    assert "more cells" in faults_of(template() + GOOD.strip() + ",1\n")[0]
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read(tmp_path / "bytes.csv")
