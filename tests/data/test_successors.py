"""Families and their successors: known, sold, and never in a circle."""

from __future__ import annotations

from costlib.prices.book import PriceBook


def test_every_successor_is_sold_and_none_goes_in_a_circle() -> None:
    book = PriceBook.open()
    table = book.table("facts/successors")
    sold = set(book.table("prices/ec2_on_demand")["instance_type"].str.partition(".")[0])
    instances = table[table["what"] == "instance"]
    assert set(instances["family"]) | set(instances["successor"]) <= sold
    assert not table.duplicated(["what", "family"]).any()
    after = dict(zip(table["family"], table["successor"], strict=True))
    for family in after:
        seen = [family]
        while seen[-1] in after:
            seen.append(after[seen[-1]])
            assert len(set(seen)) == len(seen), seen
    assert table["source"].str.len().gt(0).all() and table["as_of"].notna().all()
