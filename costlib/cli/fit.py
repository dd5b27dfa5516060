"""``costlib fit``."""

from __future__ import annotations

from pathlib import Path

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together


@click.command()
@click.argument("workload", type=click.Path())
@click.option(
    "--accelerators",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Lay out what is asked for on N accelerators or more (Trainium: cores): the cheapest instances that have as "
    "many. Types come with fixed numbers, so it can be more; a change that makes it fit may take fewer. Default 1.",
)
@RATES
@DISCOUNT
@JSON
def fit(workload: str, accelerators: int, rates_csv: str | None, discounts: tuple[str, ...], as_json: bool) -> None:
    """Does WORKLOAD (a YAML file) fit in memory, on each accelerator sold on demand in its home region?

    What its part "fit" leaves open is taken plainly: no recomputation, no sharding, micro-batch 1, on the cheapest
    instance. "fits" holds even at the high end of the range, "tight" at the expected bytes only; where it does not
    fit, the cheapest change that makes it fit; of dollars within 2 % the fewest and mildest changes. Dollars are for
    one run, on demand, with what recomputation, accumulation, sharding and pipelines take in time; a micro-batch that
    is left open is the largest that there is room for.

    JSON: a list, cheapest first, of {accelerator, fits (fits, tight, does not fit, not known), usable_bytes,
    usable_basis, usable_source, instance_types, layout, bytes_by_component {weights, gradients, optimizer_states,
    adapters, stage_embeddings, activations, recomputed_layer, logits, gathered_weights, framework_reserve,
    fragmentation}, largest_micro_batch, cheapest_fix, reason, reason_source}. layout is {instance_type, count,
    accelerators, devices (processes: cores of a Trainium), precision, optimizer, recompute, zero_stage, micro_batch,
    accumulation_steps, verdict, bytes_low, bytes_expected, bytes_high, usd_per_hour, hours, cost_usd}; cheapest_fix has
    the same of the changed layout, and changes, accelerator, added_usd, largest_micro_batch; null where nothing needs
    to change.
    Bytes are for one accelerator (of Trainium: one core); they add up to bytes_expected.
    """
    from costlib.exports.fit_text import fit_text
    from costlib.planner.answer import open_book, read_workload
    from costlib.planner.fit import fit_report
    from costlib.planner.sources import Sources
    from costlib.prices.book import PriceBook

    def own_book() -> PriceBook:
        return open_book(rates_csv, percents_of(discounts))

    # A workload's names are looked up in the snapshot's own book, so that faults of both are told at once.
    vocabulary = Sources.open().vocabulary
    book, wanted = together(own_book, lambda: read_workload(Path(workload), vocabulary))
    found = fit_report(wanted, Sources.open(book), accelerators)
    if as_json:
        print_json([answer.as_dict() for answer in found])
    else:
        click.echo(book.banner)
        click.echo(fit_text(found))
