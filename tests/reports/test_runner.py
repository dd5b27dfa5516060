"""A report runs, twice to the same bytes, and a failed one leaves the old file."""

import re
from pathlib import Path

import nbformat
import pytest

from costlib import __version__
from costlib.display import usd
from costlib.errors import InvalidInput
from costlib.reports import parameters, runner
from costlib.reports.plan import plan_report
from costlib.reports.runner import ReportFailed, run_report
from tests.exports.conftest import WORKLOAD


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small template "tiny" in a folder of its own; what its second cell runs is in its parameter ``code``."""
    folder = tmp_path / "notebooks"
    (folder / "reports").mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}, "title": "Tiny"}
    )
    notebook.cells = [
        nbformat.v4.new_code_cell('code: str = "1"  # what runs', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_markdown_cell("## Prose"),
        nbformat.v4.new_code_cell("import os\nprint(eval(code))"),
    ]
    nbformat.write(notebook, folder / "reports" / "tiny.ipynb")
    monkeypatch.setattr(parameters, "notebooks_dir", lambda: folder)
    return folder


def test_plan_report_twice_is_the_same_bytes(tmp_path: Path) -> None:
    given = {"workload": WORKLOAD, "top_n": 5, "discount_percent": {"ec2": 10}}
    first = run_report("plan", given, tmp_path / "1.html").read_bytes()
    second = run_report("plan", given, tmp_path / "2.html").read_bytes()
    assert first == second
    page = first.decode()
    assert len(re.findall(r"\* plotly\.js v\d", page)) == 1
    assert page.count("Plotly.newPlot(") >= 3
    report = plan_report(**given)
    assert report.result.sources.book.snapshot_id in page and f"costlib {__version__}, report plan" in page
    assert "<dt>Parameter top_n</dt><dd>5</dd>" in page and "10 % own discount on ec2" in page
    best = report.best
    assert best is not None and f"<strong>{usd(best.cost_usd.expected)}</strong> for one run" in page
    assert "plan_report(" not in page, "code cells do not belong in a report"


def test_kernel_has_no_aws_settings(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("OTHER_SETTING", "kept")
    code = "sorted(n for n in os.environ if n.startswith('AWS_') or n == 'OTHER_SETTING')"
    page = run_report("tiny", {"code": code}, tmp_path / "tiny.html").read_text()
    body = page.split("<footer>")[0]
    assert "['OTHER_SETTING']" in body and "AWS_SECRET_ACCESS_KEY" not in body


def test_failure_keeps_the_old_report(template: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny.html"
    out.write_text("old")
    with pytest.raises(ReportFailed, match="report tiny stopped: ZeroDivisionError: division by zero"):
        run_report("tiny", {"code": "1/0"}, out)
    assert out.read_text() == "old"


def test_refused_before_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_executed", lambda *_: pytest.fail("the notebook ran"))
    for given, out in (({"topn": 1}, "a.html"), ({"top_n": "1"}, "a.html"), ({}, "none/a.html")):
        with pytest.raises(InvalidInput):
            run_report("plan", given, tmp_path / out)


def test_plan_report_refuses_all_that_is_wrong() -> None:
    with pytest.raises(InvalidInput) as caught:
        plan_report(WORKLOAD.replace("72", "-1"), 0, {"ec2": 200})
    assert {fault.field for fault in caught.value.faults} == {"top_n", "deadline_hours", "discounts.ec2"}
