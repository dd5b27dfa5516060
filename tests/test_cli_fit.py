"""`costlib fit` as a person meets it: an answer for each accelerator, as JSON and as text, and refusals."""

from pathlib import Path

import pytest

import costlib
from costlib import cli
from tests.exports.conftest import WORKLOAD
from tests.running import Ran

FIT_KEYS = {"accelerator", "fits", "usable_bytes", "usable_basis", "usable_source", "instance_types", "layout",
            "bytes_by_component", "largest_micro_batch", "cheapest_fix", "reason", "reason_source"}  # fmt: skip


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "w.yaml"
    path.write_text(WORKLOAD)
    return path


def test_fit_json_has_an_answer_for_each_accelerator(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    answers = Ran(capsys, "fit", workload, "--json").json
    assert {answer["accelerator"] for answer in answers} == {"A10G", "A100 40GB SXM4", "H100 80GB SXM5"}
    for answer in answers:
        assert set(answer) == FIT_KEYS
        assert answer["fits"] in ("fits", "tight", "does not fit")
        assert sum(answer["bytes_by_component"].values()) == pytest.approx(answer["layout"]["bytes_expected"])
        assert (answer["cheapest_fix"] is None) == (answer["fits"] == "fits")
    fixed = next(answer["cheapest_fix"] for answer in answers if answer["cheapest_fix"])
    text = cli.cli.commands["fit"].help or ""
    keys = [*FIT_KEYS, *answers[0]["layout"], *answers[0]["bytes_by_component"], *fixed]
    assert [key for key in keys if key not in text] == []
    readme = (Path(costlib.__file__).parent.parent / "README.md").read_text()
    line = next(line for line in readme.splitlines() if line.startswith("| `costlib fit"))
    assert [key for key in [*FIT_KEYS, *fixed] if key not in line] == []


def test_fit_as_text(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    out = Ran(capsys, "fit", workload).out
    line = next(line for line in out.splitlines() if line.startswith("A10G"))
    assert "does not fit" in line and "8-bit optimizer" in line
    assert "the largest micro-batch" in out


def test_fit_on_a_number_of_accelerators(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    def devices(*more: str) -> dict[str, int]:
        answers = Ran(capsys, "fit", workload, "--json", *more).json
        return {answer["accelerator"]: answer["layout"]["devices"] for answer in answers if answer["layout"]}

    one, five = devices(), devices("--accelerators", "5")
    assert one["A10G"] == 1 and five["A10G"] == 8 and five["A100 40GB SXM4"] == 8
    assert all(five[name] >= 5 for name in five)
    assert Ran(capsys, "fit", workload, "--accelerators", "0", "--json").code == 2
    assert "N accelerators or more" in " ".join((cli.cli.commands["fit"].params[1].help or "").split())


def test_fit_takes_own_discounts(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    listed, own = (
        {
            answer["accelerator"]: answer["layout"]["cost_usd"]
            for answer in Ran(capsys, "fit", workload, "--json", *more).json
        }
        for more in ((), ("--discount", "ec2=50"))
    )
    assert own == pytest.approx({name: cost / 2 for name, cost in listed.items()})


def test_fit_refuses_bad_layouts(capsys: pytest.CaptureFixture[str], workload: Path) -> None:
    workload.write_text(WORKLOAD + "fit: {tensor_parallel: 2, zero_stage: 5}\n")
    ran = Ran(capsys, "fit", workload, "--discount", "ec9=5", "--json")
    assert ran.code == 2
    assert {fault["field"] for fault in ran.json["errors"]} == {"fit.zero_stage", "discounts"}
    workload.write_text(WORKLOAD + "fit: {global_batch: 7}\nprecision_: 1\n")
    assert Ran(capsys, "fit", workload, "--json").code == 2
