"""What is answered for one accelerator: the layout asked for, and the cheapest change that makes it fit."""

from __future__ import annotations

from dataclasses import dataclass


def in_words(devices: int, are_cores: bool = False) -> str:
    """``1 accelerator``, ``16 accelerators``; cores, where several train on one accelerator."""
    one = "core" if are_cores else "accelerator"
    return f"1 {one}" if devices == 1 else f"{devices:,} {one}s"


@dataclass(frozen=True)
class Choice:
    """One layout on one instance type: what it needs, and what the run costs so; None where hours are not known.

    ``devices`` are processes that train: one for each of the ``accelerators``, or for each core of them with memory of
    its own.
    """

    instance_type: str
    count: int
    accelerators: int
    devices: int
    precision: str
    optimizer: str
    recompute: str
    zero_stage: int
    micro_batch: int
    accumulation_steps: int | None
    verdict: str
    bytes_low: float
    bytes_expected: float
    bytes_high: float
    usd_per_hour: float
    hours: float | None
    cost_usd: float | None

    @property
    def devices_in_words(self) -> str:
        """``8 accelerators``, ``32 cores``."""
        return in_words(self.devices, self.devices != self.accelerators)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Fix:
    """The cheapest change: what changes, the layout then, and dollars beside the layout that was asked for.

    ``largest_micro_batch`` is that of the changed layout, as in AcceleratorFit.
    """

    changes: tuple[str, ...]
    accelerator: str
    choice: Choice
    added_usd: float | None
    largest_micro_batch: int

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "changes": list(self.changes),
            "accelerator": self.accelerator,
            **self.choice.as_dict(),
            "added_usd": self.added_usd,
            "largest_micro_batch": self.largest_micro_batch,
        }


@dataclass(frozen=True)
class AcceleratorFit:
    """One accelerator's answer for the layout asked for on its cheapest instance; ``reason`` where there is none.

    ``fits``: fits, tight, does not fit, or not known. ``largest_micro_batch`` is of expected bytes, and divides what
    the global batch leaves each replica; 0: none. ``usable_bytes``: what one process sees, as ``usable_source`` says.
    """

    accelerator: str
    fits: str
    usable_bytes: float
    instance_types: tuple[str, ...]
    choice: Choice | None
    bytes_by_component: dict[str, float]
    largest_micro_batch: int | None
    cheapest_fix: Fix | None
    reason: str = ""
    reason_source: str = ""
    usable_basis: str = ""
    usable_source: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "accelerator": self.accelerator,
            "fits": self.fits,
            "usable_bytes": self.usable_bytes,
            "usable_basis": self.usable_basis,
            "usable_source": self.usable_source,
            "instance_types": list(self.instance_types),
            "layout": self.choice.as_dict() if self.choice else None,
            "bytes_by_component": self.bytes_by_component,
            "largest_micro_batch": self.largest_micro_batch,
            "cheapest_fix": self.cheapest_fix.as_dict() if self.cheapest_fix else None,
            "reason": self.reason,
            "reason_source": self.reason_source,
        }
