"""Where regions are: every whole region has a row, and none is where it cannot be."""

from __future__ import annotations

from costlib.facts.region_places import RegionPlaces
from costlib.facts.regions import Regions
from costlib.models.distance import great_circle_km
from costlib.tables import Snapshot


def test_every_region_has_a_country_and_zones_have_none(snapshot: Snapshot) -> None:
    places, regions = RegionPlaces.open(snapshot), Regions.open(snapshot)
    assert set(places.table.index) == set(regions.names("region", "govcloud"))
    assert {"DE", "JP", "US"} < set(places.countries) and "Europe" in places.continents
    assert places.by_region["us-gov-west-1"]["city"] is None and places.by_region["us-gov-west-1"]["country"] == "US"


def test_names_and_places_agree(snapshot: Snapshot) -> None:
    """Where AWS's name has a city, it is the city; a row that stands in for a country or state says so."""
    places, regions = RegionPlaces.open(snapshot), Regions.open(snapshot)
    for region, row in places.table.iterrows():
        name = str(regions.require(str(region))["name"])
        if row["basis"] == "derived" and isinstance(row["city"], str):
            first = row["city"].split()[0].replace("ü", "u").replace("ã", "a")
            assert first in name, (region, name)
        elif row["basis"] == "estimate":
            assert "stands for it" in row["rule"]


def test_neighbours_are_near_and_others_far(snapshot: Snapshot) -> None:
    at = RegionPlaces.open(snapshot).table

    def apart(one: str, other: str) -> float:
        places = at.loc[[one, other], ["latitude", "longitude"]].to_numpy(float)
        return float(great_circle_km(*places[0], *places[1]))

    # London to Paris, Tokyo to Osaka; Virginia to Sydney.
    assert 300 < apart("eu-west-2", "eu-west-3") < 400 and 350 < apart("ap-northeast-1", "ap-northeast-3") < 450
    assert apart("us-east-1", "ap-southeast-2") > 15_000
