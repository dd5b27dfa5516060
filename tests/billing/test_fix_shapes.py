"""Commands and JSON that mend waste are ones that AWS's own service models take."""

from __future__ import annotations

import json
import shlex
from typing import Any

import botocore.session
import pandas as pd
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator

from costlib.billing.metrics import read_metrics
from costlib.billing.waste import find_waste
from costlib.billing.waste_finding import Finding
from tests.billing.hours import END, SAGEMAKER, arn, endpoint, notebook, opened, ran, training_job

#: The commands' services by the names of AWS's models.
MODELS = {"s3api": "s3"}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finding, ...]:
    """One finding of every kind that has a command."""
    jobs = [training_job(f"run-{n}", 4, ends=END - pd.Timedelta(days=n + 2)) for n in range(6)]
    app = ran(arn("app", "d-1/ada/JupyterLab/default"), "USE1-Studio:KernelGateway-ml.t3.medium", 9, **SAGEMAKER)
    folder = tmp_path_factory.mktemp("shapes")
    metrics = folder / "m.csv"
    rows = [f"i-1,cpu_utilisation,{END - pd.Timedelta(hours=ago):%Y-%m-%dT%H:%M},0" for ago in (1, 90)]
    metrics.write_text("resource,metric,hour,value\n" + "\n".join(rows))
    bill = opened(
        folder, endpoint("e", 20), notebook("n", 10), app, *jobs, training_job("run-99", 24),
        ran(arn("training-job", "j"), "USE1-TrainWarmPool:ml.g5.xlarge", 0.5, **SAGEMAKER),
        ran("i-1", "BoxUsage:m5.xlarge", 10), ran("vol-1", "EBS:VolumeUsage.gp3", 20, Tags='{"team": "b"}'),
        ran("eipalloc-1", "PublicIPv4:IdleAddress", 2), ran("snap-1", "EBS:SnapshotUsage", 100),
        ran("my-checkpoints", "TimedStorage-ByteHrs", 40, x_ServiceCode="AmazonS3", PricingUnit="GB-Months"),
    )  # fmt: skip
    return find_waste(bill, read_metrics(metrics)).findings


def test_every_command_is_an_operation_with_such_parameters(findings: tuple[Finding, ...]) -> None:
    seen = set()
    for one in findings:
        if one.fix_command is None:
            continue
        _, service, verb, *words = shlex.split(one.fix_command.rpartition("&& ")[2])
        model = botocore.session.get_session().get_service_model(MODELS.get(service, service))
        (operation,) = [model.operation_model(name) for name in model.operation_names if xform_name(name, "-") == verb]
        shape: Any = operation.input_shape
        members = {xform_name(name, "-"): name for name in shape.members}
        given: dict[str, Any] = {}
        for key, value in zip(words[::2], words[1::2], strict=True):
            if key == "--region":
                continue
            name = members[key.removeprefix("--")]
            kind = shape.members[name].type_name
            given[name] = json.loads(value) if kind == "structure" else [value] if kind == "list" else value
        assert not ParamValidator().validate(given, shape).has_errors(), one.fix_command
        seen.add(one.kind)
    assert seen == {
        "idle_endpoint", "idle_notebook", "idle_studio_app", "idle_instance", "warm_pool", "unattached_volume",
        "idle_address", "old_snapshot", "old_checkpoints", "runaway_job", "no_time_limit",
    }  # fmt: skip


def test_json_for_jobs_is_of_create_training_job(findings: tuple[Finding, ...]) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    members = model.operation_model("CreateTrainingJob").input_shape.members
    checked = 0
    for one in findings:
        if one.kind in ("runaway_job", "no_time_limit", "on_demand_training"):
            for name, value in (one.fix_json or {}).items():
                assert not ParamValidator().validate(value, members[name]).has_errors(), name
                checked += 1
    # One limit each of the first two, three members of the last.
    assert checked == 5
