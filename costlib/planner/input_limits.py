"""Which instance types would wait for their input: vCPUs and networks of the fact sheets joined with input rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.basis import weakest
from costlib.errors import Fault, InvalidInput
from costlib.facts.hardware import Hardware
from costlib.facts.input_rates import DECODED_IMAGES, S3_CONNECTION, S3_PREFIX
from costlib.models.input_pipeline import STAGES, input_bound, prepared_rate, stored_rate
from costlib.units import gbps_to_bytes_per_second

Floats = npt.NDArray[np.float64]
OWN = "own measurement"


@dataclass(frozen=True)
class Input:
    """What a job reads. What is None is taken from facts.input_rates, or has no limit where that says so.

    ``sample_bytes``: of one sample as stored. ``prepared_per_second_per_vcpu``: samples decoded and augmented by one
    vCPU (None: the range for JPEG images; inf: nothing to prepare, as for tokens). ``storage_bytes_per_second``: of the
    disk that holds the data (None: the instance's network, over which S3 is read). ``s3_connections`` and
    ``samples_per_object`` only matter for S3; None of the former: as many as fill the network.
    """

    sample_bytes: float
    prepared_per_second_per_vcpu: float | None = None
    storage_bytes_per_second: float | None = None
    s3_connections: int | None = None
    s3_prefixes: int = 1
    samples_per_object: float = 1.0


def input_limits(
    hardware: Hardware,
    instance_types: Sequence[str],
    samples_per_second_per_accelerator: float,
    given: Input,
) -> pd.DataFrame:
    """One row a type: instance_type, samples_per_second_low, samples_per_second, samples_per_second_high, binds (of
    models.input_pipeline.STAGES; "" where not known), accelerator_busy_fraction_low, accelerator_busy_fraction,
    accelerator_busy_fraction_high, needed_times, basis, rule, source.

    ``samples_per_second_per_accelerator`` is what one accelerator trains when its input is at hand. Low and high are
    the ends of the input's rates. A type without accelerators, or whose network is not known while S3 is read over
    it, has no numbers. Raises InvalidInput for impossible numbers, all at once, and NotKnown for unknown types.
    """
    _check(samples_per_second_per_accelerator, given)
    rows = pd.DataFrame([hardware.require(name) for name in instance_types])
    count = rows["accelerator_count"].to_numpy(float)
    trained = np.where(count > 0, count, np.nan) * samples_per_second_per_accelerator
    vcpus = rows["vcpu"].to_numpy(float)
    network = gbps_to_bytes_per_second(rows["network_gbps"].to_numpy(float))
    own_disk = given.storage_bytes_per_second is not None
    storage = np.full(len(rows), given.storage_bytes_per_second) if own_disk else network
    found = []
    for end in ("low", "expected", "high"):
        per_vcpu = given.prepared_per_second_per_vcpu or getattr(DECODED_IMAGES, end)
        links: float | Floats = np.inf
        requests = np.inf
        if not own_disk:
            if given.s3_connections is not None:
                links = stored_rate(given.s3_connections * getattr(S3_CONNECTION, end), given.sample_bytes)
            requests = given.s3_prefixes * getattr(S3_PREFIX, end) * given.samples_per_object
        found.append(
            input_bound(
                trained, prepared_rate(vcpus, per_vcpu), stored_rate(storage, given.sample_bytes), links, requests
            )
        )
    low, expected, high = found
    names = np.array([*STAGES, ""], object)
    basis, rule, source = _known_by(given, own_disk)
    return pd.DataFrame(
        {
            "instance_type": list(instance_types),
            "samples_per_second_low": low.samples_per_second,
            "samples_per_second": expected.samples_per_second,
            "samples_per_second_high": high.samples_per_second,
            "binds": names[expected.binds],
            "accelerator_busy_fraction_low": low.accelerator_busy_fraction,
            "accelerator_busy_fraction": expected.accelerator_busy_fraction,
            "accelerator_busy_fraction_high": high.accelerator_busy_fraction,
            "needed_times": expected.needed_times,
            "basis": basis,
            "rule": rule,
            "source": source,
        }
    )


def _known_by(given: Input, own_disk: bool) -> tuple[str, str, str]:
    """Basis, rule and source of the rates: the user's own first."""
    rates = [] if given.prepared_per_second_per_vcpu is not None else [DECODED_IMAGES]
    if not own_disk:
        rates += [S3_PREFIX, *([S3_CONNECTION] if given.s3_connections is not None else [])]
    rules = ["the slowest stage sets the rate", *(rate.rule for rate in rates if rate.rule)]
    sources = [*([OWN] if len(rates) < 3 else []), *(rate.source for rate in rates)]
    return weakest(["user", *(rate.basis for rate in rates)]), "; ".join(rules), "; ".join(sources)


def _check(samples_per_second_per_accelerator: float, given: Input) -> None:
    numbers = {"samples_per_second_per_accelerator": samples_per_second_per_accelerator, **vars(given)}
    faults = [
        Fault(name, value, "must be above 0") for name, value in numbers.items() if value is not None and not value > 0
    ]
    if faults:
        raise InvalidInput(faults)
