"""``costlib store``."""

from __future__ import annotations

import click

from costlib.cli.options import DISCOUNT, JSON, percents_of
from costlib.cli.output import print_json


@click.command()
@click.argument("pattern", type=click.Path())
@DISCOUNT
@JSON
def store(pattern: str, discounts: tuple[str, ...], as_json: bool) -> None:
    """What the data of PATTERN (a YAML file, kind: storage) cost: S3 policies, formats, preprocessing, caches, network.

    JSON: {name, region, horizon_days, policies [{dataset, stretches [{class, from_day, to_day}], usd {low, expected,
    high}, standard_usd, saved_fraction, by_class [{name, usd, why_not}], crossings [{per_month, cheaper_below,
    cheaper_above}]}], lines [{dataset, item, usd, usd_low, usd_high, basis, source, as_of, formula, inputs, rule,
    monthly_usd}], usd {low, expected, high}, standard_usd, saved_usd, single_class [{class, usd, why_not}], warnings,
    lifecycle_configuration (of put-bucket-lifecycle-configuration; null where no rule is needed), formats [{format,
    codec, size_low_gib, size_gib, size_high_gib, read_seconds, bound_by, core_hours_per_read, usd_low, usd, usd_high,
    storage_usd, reader_usd, cpu_usd, athena_usd, convert_usd, basis, rule, source}], selective [{way, usd, open,
    note}], preprocess {epochs, once_usd, every_epoch_usd, break_even_epochs (null: never), once_is_cheaper, lines},
    cache [{place, bytes_per_second, epoch_hours, accelerator_busy_fraction, stalled_usd_per_hour_low,
    stalled_usd_per_hour, stalled_usd_per_hour_high, fill_hours, usd_low, usd, usd_high, break_even_epochs (against S3;
    null: never), basis, source, as_of (of its prices), note, why_not}], network [{path, purpose, usd_per_month,
    formula, basis, source, as_of, note}], as_of}.
    The lines add up to usd, over the horizon. Sections that the pattern does not have are null; so is what is not
    known.
    """
    from costlib.exports.store_text import store_text
    from costlib.planner.store.pattern import StoragePattern
    from costlib.planner.store.report import store_report
    from costlib.planner.store.sources import StoreSources
    from costlib.prices.book import PriceBook
    from costlib.prices.overlay import Rates

    percents = percents_of(discounts)
    book = PriceBook.open(rates=Rates.discounts(percents) if percents else None)
    sources = StoreSources.open(book)
    found = store_report(StoragePattern.from_yaml(pattern, book.vocabulary), sources)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(book.banner)
        click.echo(store_text(found))
