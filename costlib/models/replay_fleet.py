"""The jobs of a replay as columns: how they are preempted, switched and moved on by one step."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Modes = npt.NDArray[np.int8]

#: Below this a time is over: rounding of sums of seconds.
TINY_SECONDS = 1e-6


@dataclass
class Fleet:
    """One entry a job that still runs; seconds, and counts of steps.

    ``switching``: what is left of a changeover. ``done``: work done; ``saved``: of it, what cannot be lost;
    ``ran``: seconds on spot since the last start, without the changeover (it says where the next checkpoint is).
    """

    jobs: Ints
    first: Ints
    mode: Modes
    switching: Floats
    done: Floats
    saved: Floats
    base: Floats
    ran: Floats
    lost: Floats
    spot_steps: Floats
    on_demand_steps: Floats
    starts: Ints
    preemptions: Ints

    @classmethod
    def fresh(cls, starts: Ints) -> Fleet:
        """Jobs before their first step."""
        jobs = len(starts)

        def zeros() -> Floats:
            return np.zeros(jobs)

        def counts() -> Ints:
            return np.zeros(jobs, dtype=np.int64)

        done = zeros()
        mode = np.full(jobs, IDLE, dtype=np.int8)
        return cls(
            np.arange(jobs), starts.copy(), mode, zeros(), done, zeros(), zeros(), zeros(), zeros(), zeros(), zeros(),
            counts(), counts(),
        )  # fmt: skip

    def keep(self, rows: Bools) -> None:
        """Drops the jobs that are not in ``rows``."""
        for column in fields(self):
            setattr(self, column.name, getattr(self, column.name)[rows])

    def put(self, jobs: Ints, other: Fleet, rows: Ints | Bools) -> None:
        """Takes over what counts in the end, from the ``rows`` of another fleet, as the jobs of these numbers."""
        for name in ("mode", "lost", "spot_steps", "on_demand_steps", "starts", "preemptions"):
            getattr(self, name)[jobs] = getattr(other, name)[rows]

    def preempt(self, there: Bools) -> None:
        """Spot that is gone: the unsaved work is lost."""
        hit = (self.mode == SPOT) & ~there
        if hit.any():
            self.preemptions += hit
            self.mode = np.where(hit, np.int8(IDLE), self.mode)
            self._lose(hit)

    def switch(self, wanted: Modes, terms: Terms) -> None:
        """Goes over to what is wanted, with a changeover; unsaved work is saved first where that beats losing it."""
        changed = wanted != self.mode
        if not changed.any():
            return
        save = np.zeros(len(changed))
        if terms.interval_seconds is not None:
            leaves = changed & (self.mode != IDLE)
            worth = leaves & (self.done - self.saved > terms.write_seconds)
            self.saved = np.where(worth, self.done, self.saved)
            save = np.where(worth, terms.write_seconds, 0.0)
            self._lose(leaves)
            self.base = np.where(changed, self.done, self.base)
            self.ran = np.where(changed, 0.0, self.ran)
        begins = changed & (wanted != IDLE)
        self.switching = np.where(begins, terms.changeover_seconds + save, self.switching)
        self.starts += begins
        self.mode = wanted

    def advance(self, terms: Terms) -> tuple[Floats, Bools]:
        """One step of work. Seconds that each job used of it, and which finished."""
        step = terms.step_seconds
        active = self.mode != IDLE
        spot = self.mode == SPOT
        self.spot_steps += spot
        self.on_demand_steps += self.mode == ON_DEMAND
        waits = np.minimum(self.switching, step)
        if terms.interval_seconds is None:
            can = np.where(active, step - waits, 0.0)
            work = np.minimum(can, terms.work_seconds - self.done)
            self.switching = np.where(active, self.switching - waits, self.switching)
            self.done = self.done + work
            self.saved = self.done
            finished = active & (self.done >= terms.work_seconds - TINY_SECONDS)
            return waits + work, finished
        return self._work_with_checkpoints(terms, active, spot, waits, np.where(active, step - waits, 0.0))

    def go(self, steps: Floats, active: Bools, on_spot: Bools, terms: Terms) -> None:
        """So many steps in the mode that each job is in, which none of them outlasts."""
        self.spot_steps += on_spot * steps
        self.on_demand_steps += (active & ~on_spot) * steps
        seconds = active * (steps * terms.step_seconds)
        waits = np.minimum(self.switching, seconds)
        if terms.interval_seconds is None:
            self.switching = self.switching - waits
            self.saved = self.done = self.done + (seconds - waits)
        else:
            self._work_with_checkpoints(terms, active, on_spot, waits, seconds - waits)

    def running_seconds(self, terms: Terms) -> Floats:
        """Seconds that each job still runs, changeovers apart, if it keeps its mode; with checkpoints."""
        return np.where(self.mode == SPOT, self._spot_end(terms) - self.ran, terms.work_seconds - self.done)

    def _spot_end(self, terms: Terms) -> Floats:
        """What ``ran`` comes to at the end of the work on spot: no write follows the last piece."""
        assert terms.interval_seconds is not None
        needed = terms.work_seconds - self.base
        writes_before_end = np.maximum(np.ceil((needed - TINY_SECONDS) / terms.interval_seconds) - 1.0, 0.0)
        return np.asarray(needed + writes_before_end * terms.write_seconds)

    def _work_with_checkpoints(
        self, terms: Terms, active: Bools, spot: Bools, waits: Floats, can: Floats
    ) -> tuple[Floats, Bools]:
        """Spot goes round in cycles of work and write: how far it is follows from ``ran`` alone."""
        assert terms.interval_seconds is not None
        interval, write = terms.interval_seconds, terms.write_seconds
        self.switching = np.where(active, self.switching - waits, self.switching)
        end = self._spot_end(terms)
        spot_ran = np.minimum(self.ran + can, end)
        cycles = np.floor((spot_ran + TINY_SECONDS) / (interval + write))
        within = np.minimum(np.maximum(spot_ran - cycles * (interval + write), 0.0), interval)
        steady = np.minimum(can, terms.work_seconds - self.done)
        used = np.where(spot, spot_ran - self.ran, steady)
        finished = active & np.where(
            spot, spot_ran >= end - TINY_SECONDS, self.done + steady >= terms.work_seconds - TINY_SECONDS
        )
        self.done = np.where(
            spot, np.where(finished, terms.work_seconds, self.base + cycles * interval + within), self.done + steady
        )
        self.saved = np.where(spot, np.maximum(self.base + cycles * interval, self.saved), self.done)
        self.ran = np.where(spot, spot_ran, self.ran)
        return waits + used, finished

    def _lose(self, hit: Bools) -> None:
        self.lost += np.where(hit, self.done - self.saved, 0.0)
        self.done = np.where(hit, self.saved, self.done)
