"""What the scaling page knows, without widgets: what was asked, and the last good answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import traitlets

from costlib.errors import CostlibError, Fault, InvalidInput, unknown
from costlib.models.batch import data_curve
from costlib.panels.controls import text_of
from costlib.panels.scale_out_fields import CONTROLS, GLOBAL_BATCH, pairs_of, positive_of
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.batch_size import BatchPlan, Points, batch_plan
from costlib.planner.cpu_or_gpu import compare_network
from costlib.planner.cpu_or_gpu_trees import compare_trees
from costlib.planner.cpu_or_gpu_verdict import Verdict
from costlib.planner.equal_work import best_by_size, equal_work_table
from costlib.planner.scale_out import ScalingCurve, scaling_curve
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.validation import batch as measured_batches
from costlib.validation.scaling import nearest_in_kind
from costlib.workload import Workload

EXAMPLE = "gpt2-1.5b"
INSTANCE_TYPE = "p4d.24xlarge"
DEFAULTS = {
    "instance_type": INSTANCE_TYPE,
    "layout": "auto",
    "purchase": "on_demand",
    "count": "2",
    "micro_batch": "",
    "efficiency_percent": "90",
    "points": "",
    "critical_from": "not known",
    "critical_batch": "",
    "target_points": "",
    "job": "run",
    "data_rows": "1 000 000",
}
#: Curves and clusters go at least this far at first: the examples' own searches stop at 8 instances.
INSTANCES = 32


@dataclass(frozen=True)
class ScaleOutAnswer:
    """Everything that the page shows for one question.

    ``measured``: the rows nearest in kind, of both kinds of scaling. ``batch`` and ``small`` are None where their
    part of the question has no answer; ``part_faults`` says why.
    """

    workload: Workload
    curve: ScalingCurve
    measured: pd.DataFrame
    clusters: pd.DataFrame
    purchase: str
    batch: BatchPlan | None
    points: Points | None
    critical_rule: str
    small: Verdict | None
    part_faults: tuple[Fault, ...]

    @property
    def best_by_size(self) -> pd.DataFrame:
        """The cheapest clusters of small, mid-sized and large machines that hold the deadline."""
        return best_by_size(self.clusters, self.purchase, self.workload.deadline_hours)


class ScaleOutState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of scale_out_fields.CONTROLS), or ``start``; read ``answer``.

    What is refused stands in ``faults`` and leaves ``answer`` as it was; a part that alone cannot be answered (the
    batch, CPU or GPU) is None in a new answer, and stands in ``faults`` too.
    """

    answer = traitlets.Instance(ScaleOutAnswer)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()

    def __init__(self, sources: Sources | None = None, workload: Workload | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        started = EXAMPLE if workload is None else ""
        workload = self._example(EXAMPLE) if workload is None else workload
        self._take(workload, {**_values_of(workload), **DEFAULTS}, started)
        if self.faults:
            raise InvalidInput(self.faults)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(example_paths())

    @cached_property
    def _mlperf(self) -> pd.DataFrame:
        """Critical batches fitted to MLPerf's samples to target, by model."""
        return measured_batches.check(self.sources.book.snapshot)[1].set_index("model")

    def start(self, name: str) -> None:
        """Takes an example workload; the cluster stays as it is."""
        if name not in self.examples:
            self.faults = (unknown("start", name, self.examples, "example"),)
            return
        workload = self._example(name)
        kept = {key: self.values[key] for key in DEFAULTS if key not in ("count", "micro_batch", "points")}
        self._take(workload, {**_values_of(workload), **DEFAULTS, **kept}, name)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        faults: list[Fault] = []
        batch = positive_of(GLOBAL_BATCH, values, faults, whole=True)
        changes: dict[str, object] = {
            key: values[key].replace(" ", "") or None
            for key in ("model.parameters", "work.tokens", "deadline_hours", "search.max_instances")
        }
        changes["dataset.home_region"] = values["dataset.home_region"].strip() or None
        families = [name.strip() for name in values["search.instance_families"].split(",") if name.strip()]
        changes["search.instance_families"] = families or "all"
        if batch is None and not faults:
            faults.append(Fault(GLOBAL_BATCH, None, "is needed"))
        workload = None
        try:
            workload = self._with_batch(self.answer.workload.changed(changes, self.sources.vocabulary), batch)
        except InvalidInput as refused:
            faults += refused.faults
        if faults or workload is None:
            self.faults = tuple(faults)
            return
        same = workload == self.answer.workload
        self._take(workload, dict(values), self.started if same else "")

    def _with_batch(self, workload: Workload, samples: float | None) -> Workload:
        """With the batch of the control; an estimate that agrees with it stays one."""
        length = workload.model.sequence_length
        if samples is None or length is None or step_tokens(workload).tokens == samples * length:
            return workload
        laid_out = {"fit.global_batch": None} if workload.fit is not None and workload.fit.global_batch else {}
        return workload.changed({"work.tokens_per_step": samples * length, **laid_out}, self.sources.vocabulary)

    def _take(self, workload: Workload, values: dict[str, str], started: str) -> None:
        try:
            answer = self._answered(workload, values)
        except InvalidInput as refused:
            self.faults = refused.faults
            return
        except CostlibError as impossible:
            self.faults = (Fault("instance_type", values["instance_type"], f"cannot be answered: {impossible}"),)
            return
        with self.hold_trait_notifications():
            self.values = values
            self.started = started
            self.faults = answer.part_faults
            self.answer = answer

    def _answered(self, workload: Workload, values: Mapping[str, str]) -> ScaleOutAnswer:
        sources, name, precision = self.sources, values["instance_type"].strip(), values["precision"]
        most, layout = workload.search.max_instances, values["layout"]
        curve = scaling_curve(workload, sources, name, precision, most, layout)
        nvlink = bool(sources.hardware.require(name)["nvlink_gb_s"] > 0)
        like = (curve.accelerator, float(workload.model.parameters), nvlink)
        measured = [nearest_in_kind(sources.book.snapshot, kind, *like) for kind in ("strong", "weak")]
        faults: list[Fault] = []
        batch, points, rule = self._batch(workload, values, faults)
        return ScaleOutAnswer(
            workload,
            curve,
            pd.concat(measured, ignore_index=True),
            equal_work_table(workload, sources, most, layout),
            values["purchase"],
            batch,
            points,
            rule,
            self._small(workload, values, faults),
            tuple(faults),
        )

    def _batch(
        self, workload: Workload, values: Mapping[str, str], faults: list[Fault]
    ) -> tuple[BatchPlan | None, Points | None, str]:
        """The batch part; what is wrong with it is added to ``faults``."""
        before = len(faults)
        count = positive_of("count", values, faults, whole=True, most=512) or 1
        micro = positive_of("micro_batch", values, faults, whole=True)
        percent = positive_of("efficiency_percent", values, faults, most=99.9) or 90.0
        points: Points | None = None
        critical, rule = None, ""
        try:
            points = pairs_of("points", values["points"]) if values["points"].strip() else None
        except InvalidInput as refused:
            faults += refused.faults
        try:
            critical, rule = self._critical(values, faults)
        except InvalidInput as refused:
            faults += refused.faults
        if len(faults) > before:
            return None, None, ""
        try:
            plan = batch_plan(
                workload,
                self.sources,
                values["instance_type"].strip(),
                int(count),
                values["precision"],
                values["layout"],
                None if micro is None else int(micro),
                points,
                percent / 100.0,
                critical,
            )
        except InvalidInput as refused:
            faults += refused.faults
            return None, None, ""
        return plan, points, rule

    def _critical(self, values: Mapping[str, str], faults: list[Fault]) -> tuple[float | None, str]:
        """The critical batch in samples, and where it is from; None where it is not known."""
        chosen = values["critical_from"]
        if chosen == "a number":
            given = positive_of("critical_batch", values, faults)
            if given is None and not faults:
                faults.append(Fault("critical_batch", None, "is needed"))
            return given, "your number"
        if chosen == "own points":
            batches, samples = pairs_of("target_points", values["target_points"])
            try:
                curve = data_curve(batches, samples)
            except InvalidInput as refused:
                raise InvalidInput([Fault("target_points", None, fault.problem) for fault in refused.faults]) from None
            if curve.critical_batch == float("inf"):
                raise InvalidInput([Fault("target_points", None, "show no batch that needs more samples than another")])
            return curve.critical_batch, f"your points, within {curve.median_error:.1%} of the fit (median)"
        if chosen in self._mlperf.index:
            row = self._mlperf.loc[chosen]
            rule = f"{row['rows']:.0f} MLPerf results, within {row['median_error']:.1%} of the fit (median)"
            return float(str(row["critical_batch"])), rule
        return None, ""

    def _small(self, workload: Workload, values: Mapping[str, str], faults: list[Fault]) -> Verdict | None:
        """CPU or GPU; what is wrong with it is added to ``faults``."""
        try:
            if values["job"] == "run":
                return compare_network(workload, self.sources)
            rows = positive_of("data_rows", values, faults)
            if rows is None:
                return None
            return compare_trees(rows, self.sources, workload.dataset.home_region)
        except InvalidInput as refused:
            faults += refused.faults
            return None

    def _example(self, name: str) -> Workload:
        workload = read_workload(name, self.sources.vocabulary)
        return workload.changed({"search.max_instances": max(workload.search.max_instances, INSTANCES)})


def _values_of(workload: Workload) -> dict[str, str]:
    """What the controls of the run show."""
    model, work, search = workload.model, workload.work, workload.search
    length = model.sequence_length
    return {
        **dict.fromkeys(CONTROLS, ""),
        "model.parameters": text_of(model.parameters),
        "work.tokens": text_of(work.tokens),
        GLOBAL_BATCH: "" if length is None else text_of(step_tokens(workload).tokens / length),
        "dataset.home_region": workload.dataset.home_region,
        "deadline_hours": text_of(workload.deadline_hours),
        "search.max_instances": text_of(search.max_instances),
        "search.instance_families": "" if search.instance_families == "all" else ", ".join(search.instance_families),
        "precision": "bf16" if "bf16" in workload.precision else workload.precision[0],
    }
