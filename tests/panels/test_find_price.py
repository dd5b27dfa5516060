"""The price page, headless: type, read what is shown."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

from costlib.panels import find_price
from costlib.panels.find_price_state import FindPriceState
from costlib.planner.sources import Sources


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources.open()


@pytest.fixture
def state(sources: Sources) -> FindPriceState:
    return FindPriceState(sources)


@pytest.fixture
def page(state: FindPriceState) -> Iterator[find_price._Page]:
    yield find_price._Page(state)
    ipywidgets.Widget.close_all()


def test_typing_finds_types_and_keeps_the_last_answer(state: FindPriceState) -> None:
    state.query = "g6e.12x"
    assert state.matches == ("g6e.12xlarge",) and not state.faults
    assert state.found.instance_type == "p5.48xlarge"
    state.query = "ml.G6e.12xlarge "
    assert state.found.instance_type == "g6e.12xlarge"


def test_an_accelerator_finds_its_types(state: FindPriceState) -> None:
    state.query = "h100"
    assert "p5.48xlarge" in state.matches
    assert all("h100" in state.sources.accelerators_of(name)[0].lower() for name in state.matches)


def test_an_unknown_type_is_a_fault_beside_the_field(page: find_price._Page) -> None:
    page.query.value = "p5.84xlarge"
    assert page.state.faults[0].field == "query" and "p5.48xlarge" in page.state.faults[0].nearest
    assert "p5.48xlarge" in page.query_message.value and page.region_message.value == ""
    assert page.state.found.instance_type == "p5.48xlarge"
    page.query.value = "p5"
    assert page.query_message.value == ""


def test_what_is_typed_is_escaped(page: find_price._Page) -> None:
    page.query.value = "<script>x</script>"
    assert "<script" not in page.query_message.value and "&lt;script" in page.query_message.value


def test_a_region_that_does_not_sell_it_is_a_fault(state: FindPriceState) -> None:
    state.choose_region("eu-west-3")
    assert state.region == "us-east-1" and "us-west-2" in state.faults[0].problem


def test_a_type_that_the_region_lacks_is_shown_elsewhere_and_says_so(sources: Sources) -> None:
    state = FindPriceState(sources, "c5.12xlarge", "eu-west-3")
    state.choose("p5.48xlarge")
    assert state.region in state.found.regions
    assert "eu-west-3" in state.note and state.region in state.note
    assert set(state.in_region["region"]) == {state.region}


def test_prices_on_the_page_are_the_books(page: find_price._Page) -> None:
    price = page.state.sources.book.on_demand("p5.48xlarge", "us-east-1")
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page.table.value) if "EC2 on-demand" in row)
    assert f"${price.amount:.2f}" in row and price.source in row and price.as_of in row and price.basis in row
    assert page.table.value.count("<tr>") == len(page.state.in_region) + 1


def test_choosing_moves_charts_and_lists(page: find_price._Page) -> None:
    before = [chart.figure.to_json() for chart in (page.options, page.regions, page.history)]
    page.matches.options = ("g6e.12xlarge",)
    page.matches.value = "g6e.12xlarge"
    after = [chart.figure.to_json() for chart in (page.options, page.regions, page.history)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert page.region.options == page.state.found.regions
    page.region.value = "us-west-2"
    assert page.state.region == "us-west-2" and "us-west-2" in page.options.figure.layout.title.text
    page.way.value = ("ec2", "on_demand")
    assert "on-demand" in page.regions.figure.layout.title.text


def test_every_type_of_the_book_can_be_shown(state: FindPriceState) -> None:
    for name in state.sources.offers.instance_types[::40]:
        state.choose(name)
        assert state.found.instance_type == name and len(state.in_region) and len(state.by_region)


def test_csv_holds_every_offer_of_the_type(page: find_price._Page) -> None:
    assert page.link.value == ""
    page.download.click()
    match = re.search(r"base64,([^']+)'", page.link.value)
    assert match is not None
    frame = pd.read_csv(io.BytesIO(base64.b64decode(match.group(1))))
    assert len(frame) == len(page.state.found.offers)
    assert {"usd_expected", "unit", "basis", "source", "as_of"} <= set(frame.columns)


def test_the_first_type_must_exist(sources: Sources) -> None:
    with pytest.raises(ValueError, match="p5.84xlarge"):
        FindPriceState(sources, "p5.84xlarge")


def test_the_banner_has_the_dates_of_the_prices_shown(page: find_price._Page) -> None:
    shown = page.state.in_region["as_of"]
    assert f"prices as of {shown.min()} to {shown.max()}" in page.banner.value
    page.state.choose_region("eu-west-2")
    there = page.state.in_region["as_of"]
    assert (there.min(), there.max()) != (shown.min(), shown.max()), "choose a region whose dates differ"
    assert f"prices as of {there.min()} to {there.max()}" in page.banner.value
