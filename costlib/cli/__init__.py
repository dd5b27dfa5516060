"""The command line: one command per public question. It only translates; what is computed is elsewhere.

Exit codes: 0 done; 1 it could not be done (data damaged, report failed); 2 the input was refused, with every fault.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from costlib import __version__
from costlib.cli.anomalies import anomalies
from costlib.cli.bench_template import bench_template
from costlib.cli.bill import bill
from costlib.cli.commit import commit
from costlib.cli.fit import fit
from costlib.cli.output import print_json
from costlib.cli.plan import plan
from costlib.cli.price import price
from costlib.cli.region import region
from costlib.cli.replay import replay
from costlib.cli.report import report
from costlib.cli.serve import serve
from costlib.cli.service import service
from costlib.cli.snapshot import snapshot
from costlib.cli.spot import spot
from costlib.cli.store import store
from costlib.cli.waste import waste
from costlib.errors import CostlibError, Fault, InvalidInput, NoPlan

# Everything that reads data is imported inside the commands, so that --help answers at once.


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="costlib")
def cli() -> None:
    """Plans what machine learning costs on AWS, on dated prices.

    Every command takes --json, whose keys are stable. Refused input ends with exit code 2 and, with --json, with
    {"errors": [{"field", "value", "problem", "nearest"}]} on standard output.
    """


for command in (
    price,
    plan,
    fit,
    spot,
    service,
    store,
    region,
    replay,
    bill,
    anomalies,
    waste,
    commit,
    serve,
    bench_template,
    report,
    snapshot,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run(words: Sequence[str]) -> int:
    as_json = "--json" in words
    try:
        return cli.main(list(words), prog_name="costlib", standalone_mode=False) or 0
    except click.UsageError as error:
        if not as_json:
            error.show()
            return 2
        name = error.param.name if isinstance(error, click.BadParameter) and error.param else None
        return _refuse([Fault(name or "command", None, error.format_message())], as_json, 2)
    except InvalidInput as error:
        return _refuse(error.faults, as_json, 2)
    except NoPlan as error:
        return _refuse([Fault("search", None, str(error))], as_json, 2)
    except (CostlibError, click.ClickException) as error:
        return _refuse([Fault(type(error).__name__, None, str(error))], as_json, 1)
    except (click.Abort, KeyboardInterrupt):
        return 130


def _refuse(faults: Sequence[Fault], as_json: bool, code: int) -> int:
    if as_json:
        print_json({"errors": [fault.as_dict() for fault in faults]})
        return code
    from costlib.exports.terminal import plain

    for fault in faults:
        text = fault.problem if fault.value is None and fault.field[:1].isupper() else str(fault)
        click.echo(f"costlib: {plain(text)}", err=True)
    return code
