"""The storage page, headless: set a control, read the answer and what is told beside it; sample a file."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets
import numpy as np
import pandas as pd
import pytest

from costlib.display import usd
from costlib.panels import store
from costlib.panels.store_fields import CONTROLS, DATASET, control_of
from costlib.panels.store_state import StoreState
from costlib.planner.store.sample import MOST_BYTES
from costlib.planner.store.sources import StoreSources


@pytest.fixture(scope="module")
def sources() -> StoreSources:
    return StoreSources.open()


@pytest.fixture
def state(sources: StoreSources) -> StoreState:
    return StoreState(sources)


@pytest.fixture
def page(state: StoreState) -> Iterator[store._Page]:
    yield store._Page(state)
    state.unobserve_all()
    ipywidgets.Widget.close_all()


#: What a browser says of a file beside its content.
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def put(page: store._Page, **values: str) -> None:
    for key, value in values.items():
        page.form.inputs[key.replace("__", ".")].value = value


def told(page: store._Page) -> dict[str, str]:
    return {
        key: box.children[1].value for key, box in page.form.boxes.items() if "costlib-fault" in box.children[1].value
    }


def test_an_example_is_answered_with_its_rules_and_every_chart(page: store._Page) -> None:
    answer = page.state.view.answer
    assert page.state.started == "training" and not page.state.faults and not page.state.section_faults
    assert f"<b>{usd(answer.usd.expected)}</b>" in page.answer.value and "saves" in page.answer.value
    assert usd(answer.standard.usd()) in page.answer.value and answer.as_of in page.banner.value
    for row in answer.policies().to_dict("records"):
        assert f"<b>{usd(row['usd'])}</b>" in page.policies.value
    text = re.search(r"<pre class='costlib-json'>(.*)</pre>", page.lifecycle.value, re.S)
    assert text and json.loads(text[1].replace("&quot;", '"')) == answer.lifecycle
    assert page.lines.value.count("<tr>") == len(answer.lines) + 1
    assert all(len(chart.figure.data) for chart in page.charts.values())
    assert "costs nothing a GiB" in page.network.value and "no longer available" in page.selective.value


def test_a_number_moves_the_answer_and_its_charts_only(page: store._Page) -> None:
    drawn = {name: chart.figure.to_json() for name, chart in page.charts.items()}
    before = page.answer.value
    put(page, gib="4 096")
    assert page.state.view.pattern.datasets[0].gib == 4096 and page.answer.value != before
    moved = {name for name, chart in page.charts.items() if chart.figure.to_json() != drawn[name]}
    assert moved == {"time", "frequency"} and page.start.value == ""
    put(page, gib="2048")
    assert page.answer.value == before


@pytest.mark.parametrize(
    ("key", "value", "charts"),
    [
        ("preprocess.epochs", "60", {"preprocess"}),
        ("cache.epochs", "60", {"cache", "stalled"}),
        ("cache.s3_mb_per_second", "500", {"cache", "stalled"}),
        ("network.zones", "3", {"network"}),
        ("format.csv_gib", "100", set()),
        ("horizon_days", "365", {"time", "frequency"}),
        ("reads.0.per_month", "40", {"time"}),
        ("dataset", "logs", {"time", "frequency"}),
    ],
)
def test_each_control_moves_its_own(page: store._Page, key: str, value: str, charts: set[str]) -> None:
    drawn = {name: chart.figure.to_json() for name, chart in page.charts.items() if name != "stalled"}
    formats = page.formats.value
    page.form.inputs[key].value = value
    assert not page.state.faults
    moved = {name for name, text in drawn.items() if page.charts[name].figure.to_json() != text}
    assert moved == charts - {"stalled"}
    assert (page.formats.value != formats) == key.startswith("format.")


def test_controls_speak_of_the_dataset_that_is_looked_at(page: store._Page) -> None:
    put(page, dataset="logs")
    assert page.form.values["objects"] == "400 000" and page.form.values["reads.1.fraction"] == "10"
    assert page.start.value == "training", "looking is no change"
    put(page, force_class="GLACIER_IR")
    data = page.state.view.pattern.datasets
    assert data[2].force_class == "GLACIER_IR" and data[0].force_class is None
    assert "billed as 128 KiB each" in page.policies.value and page.form.values[DATASET] == "logs"
    put(page, dataset="images")
    assert page.form.values["force_class"] == "" and page.form.values["gib"] == "2 048"


def test_reads_are_taken_and_left_out(state: StoreState) -> None:
    state.propose({**state.values, "reads.1.per_month": "", "reads.0.fraction": "50 %"})
    reads = state.view.pattern.datasets[0].reads
    assert len(reads) == 1 and reads[0].fraction == 0.5 and reads[0].per_month_high == 30
    state.propose({**state.values, "reads.0.per_month": "7"})
    assert state.view.pattern.datasets[0].reads[0].per_month_high is None, "a band goes with its own rate"


def test_faults_stand_beside_their_controls_and_leave_the_answer(page: store._Page) -> None:
    before = page.answer.value
    put(page, gib="-3")
    assert "at least 0" in told(page)["gib"] and page.answer.value == before and "last good" in page.general.value
    put(page, reads__0__to_day="0")
    assert {"gib", "reads.0.to_day"} <= set(told(page)), "all at once"
    put(page, gib="3", reads__0__to_day="60", reads__0__fraction="a lot")
    assert "not a number" in told(page)["reads.0.fraction"]
    put(page, reads__0__fraction="100")
    assert not told(page) and page.general.value == "" and page.answer.value != before


def test_a_section_that_cannot_answer_hides_and_says_why(page: store._Page) -> None:
    put(page, region="eu-central-2")
    assert page.state.view.pattern.region == "eu-central-2" and not page.state.faults
    assert "no ec2 on demand price" in told(page)["cache.instance_type"]
    assert page.sections["cache"].layout.display == "none" and page.state.view.cache is None
    assert page.sections["network"].layout.display is None
    put(page, cache__usd_per_hour="30")
    assert not told(page) and page.sections["cache"].layout.display is None
    assert "no price of gp3" in page.cache.value


def test_every_control_finds_its_fault(state: StoreState) -> None:
    from costlib.errors import Fault

    for key in CONTROLS:
        assert control_of(Fault(key, 1, "x"), 0) == key
    assert control_of(Fault("datasets.1.gib", 1, "x"), 1) == "gib"
    assert control_of(Fault("datasets.0.gib", 1, "x"), 1) is None


@pytest.mark.parametrize("name", ["checkpoints", "logs"])
def test_other_examples_bring_the_sections_of_the_first(state: StoreState, name: str) -> None:
    state.start(name)
    assert state.view.pattern.name == name and state.view.cache is not None and not state.faults
    state.start("lgos")
    assert state.faults[0].nearest == ("logs",) and state.view.pattern.name == name


def table_csv() -> bytes:
    rng = np.random.default_rng(2)
    return pd.DataFrame({"a": rng.integers(0, 9, 3000), "b": rng.normal(size=3000)}).to_csv(index=False).encode()


def test_a_sample_comes_before_the_ranges(page: store._Page) -> None:
    assert "no size of it was found" in page.formats.value
    page.upload.value = ({"name": "t<b>.csv", "type": "text/csv", "size": 10, "content": memoryview(table_csv()),
                          "last_modified": NOW},)  # fmt: skip
    sampled = page.state.sampled
    assert sampled is not None and "t&lt;b&gt;.csv" in page.sampled.value
    assert page.state.view.formats is not None
    rows = page.state.view.formats.set_index(["format", "codec"])
    sizes = sampled.set_index(["format", "codec"])["size_of_csv"]
    assert rows.loc[("orc", "zstd"), "size_gib"] == pytest.approx(500 * sizes[("orc", "zstd")])
    assert set(rows["basis"]) == {"user"} and "no size of it was found" not in page.formats.value
    put(page, **{"format__csv_gib": "100"})
    assert page.state.view.formats.iloc[0]["size_gib"] == 100, "the sample stays"


def test_a_file_that_is_no_table_is_refused_beside_the_button(page: store._Page, tmp_path: Path) -> None:
    for size, content, said in ((MOST_BYTES + 1, b"x", "MiB"), (4, b"a,b\n", "has no rows")):
        page.upload.value = ({"name": "t.csv", "type": "", "size": size, "content": memoryview(content),
                              "last_modified": NOW},)  # fmt: skip
        assert said in page.sampled.value and page.state.sampled is None
    page.path.value = str(tmp_path / "none.csv")
    assert "is not a file" in page.sampled.value
    (tmp_path / "t.csv").write_bytes(table_csv())
    page.path.value = str(tmp_path / "t.csv")
    assert "Measured on" in page.sampled.value and page.state.sampled is not None


def test_the_reader_takes_the_tables_away(page: store._Page) -> None:
    page._prepare()
    links = dict(re.findall(r"download='([^']+)' href='data:text/csv;base64,([^']+)'", page.links.value))
    assert set(links) == {
        f"training-storage-{what}.csv"
        for what in ("policies", "lines", "over-time", "frequency", "formats", "caches", "network")
    }
    lines = pd.read_csv(io.BytesIO(base64.b64decode(links["training-storage-lines.csv"])))
    assert lines["usd"].sum() == pytest.approx(page.state.view.answer.usd.expected)
    assert set(lines["snapshot_id"]) == {page.state.sources.book.snapshot_id}


def test_a_control_answers_at_once(page: store._Page) -> None:
    """0.1 s of processor for the dearest control, three searches and two charts; others may slow the machine."""
    spent = []
    for gib in range(2001, 2008):
        began = time.process_time()
        put(page, gib=str(gib))
        spent.append(time.process_time() - began)
    assert np.median(spent) < 0.3
