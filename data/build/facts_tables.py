"""Builds the facts tables: what instances, accelerators, regions and services are and how fast they were seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore
import pandas as pd

from data.build import (
    accelerator_memory,
    cpu_tables,
    example_serving,
    example_usage,
    examples,
    measured_tables,
    scaling_tables,
    service_rows,
    serving_facts,
)
from data.build.common import with_dates

#: Instance accelerator names (as EC2 and its mirrors print them) to the names of facts/accelerators.
#: What is not here has no dense peak in a source and stays as printed: T4G, K80, M60, Gaudi and the like.
CANONICAL = {
    "NVIDIA V100 16GB": "V100 SXM2 16GB",
    "NVIDIA V100 32GB": "V100 SXM2 32GB",
    "NVIDIA T4 16GB": "T4",
    "NVIDIA A10G 24GB": "A10G",
    "NVIDIA L4 24GB": "L4",
    "NVIDIA L4 24GB (fractional)": "L4",
    "NVIDIA L40S 48GB": "L40S",
    "NVIDIA A100 40GB": "A100 40GB SXM4",
    "NVIDIA A100 80GB": "A100 80GB SXM4",
    "NVIDIA H100 80GB": "H100 80GB SXM5",
    "NVIDIA H200 141GB": "H200 141GB SXM",
    "NVIDIA B200 180GB": "B200 SXM",
    "NVIDIA B300 288GB": "B300 SXM",
    "NVIDIA GB200": "GB200 (per GPU)",
    "NVIDIA RTX PRO 6000 Blackwell Server 96GB": "RTX PRO 6000 Blackwell Server Edition",
    "AWS Trainium": "Trainium1",
    "AWS Trainium2": "Trainium2",
    "AWS Inferentia2": "Inferentia2",
}


def build(raw: Path, reference: Path) -> dict[str, pd.DataFrame]:
    """Every facts table from ``raw`` (prices/, hardware/) and ``reference`` (mfu.csv and others)."""
    accelerators = accelerators_table(raw)
    achieved = measured_tables.achieved_flops(raw, reference, accelerators)
    examples.write(reference / "published_runs.csv")
    example_usage.write()
    example_serving.write()
    return {
        "facts/instances": instances_table(raw),
        "facts/accelerators": accelerators,
        "facts/regions": regions_table(raw),
        "facts/service_facts": service_facts_table(raw),
        "facts/serving_facts": serving_facts.serving_facts(),
        "facts/spot_interruptions": interruptions_table(raw),
        "facts/achieved_flops": achieved,
        "facts/whole_runs": measured_tables.whole_runs(reference, accelerators, achieved),
        "facts/precision_speedups": measured_tables.precision_speedups(raw, accelerators),
        "facts/relative_throughput": measured_tables.relative_throughput(raw, reference, accelerators),
        "facts/scaling_efficiency": measured_tables.scaling_efficiency(raw),
        "facts/scaling_runs": scaling_tables.scaling_runs(raw, reference, accelerators),
        "facts/samples_to_target": scaling_tables.samples_to_target(raw),
        "facts/small_jobs": cpu_tables.small_jobs(raw),
        "facts/cpu_families": cpu_tables.cpu_families(),
    }


def first_date(text: object) -> str:
    """The earliest ISO date in a text, or an empty text: a range of dates is as old as its start."""
    found = re.search(r"\d{4}-\d{2}(-\d{2})?", str(text))
    return found.group(0) if found else ""


def instances_table(raw: Path) -> pd.DataFrame:
    """facts/instances: one row per type."""
    table = pd.read_csv(raw / "prices/ec2_instances.csv").rename(columns={"as_of": "dates"})
    table["accelerator"] = table["accelerator"].map(lambda name: CANONICAL.get(name, name))
    table["generation"] = table["family"].str.extract(r"^(?:u-)?[a-z]+(\d+)")[0].astype("Int64")
    # Labels state the figure where the number was not parsed ("14400 Gbps EFAv4", "25 Gigabit").
    stated = table["network_label"].str.extract(r"^(\d+(?:\.\d+)?) (?:Gigabit|Gbps)")[0].astype(float)
    table["network_gbps"] = table["network_gbps"].fillna(stated)
    table["basis"] = "published"
    table["as_of"] = table["dates"].map(first_date)
    columns = (
        "instance_type family generation vcpu memory_gib accelerator accelerator_count accelerator_memory_gib"
        " network_gbps network_label efa_interfaces local_storage_gb arch basis source as_of"
    )
    return table[columns.split()].sort_values("instance_type")


def accelerators_table(raw: Path) -> pd.DataFrame:
    """facts/accelerators: dense peaks; a peak that the hardware lacks, or that no source gives, is empty."""
    table = pd.read_csv(raw / "hardware/gpu_specs.csv")
    table = table.rename(
        columns={
            "tf32_tflops_dense": "tf32_tflops",
            "fp16_bf16_tflops_dense": "fp16_tflops",
            "fp8_tflops_dense": "fp8_tflops",
            "nvlink_gb_s_per_gpu_bidirectional": "nvlink_gb_s",
            "caveat": "note",
        }
    )
    table["bf16_tflops"] = table["fp16_tflops"].where(table["bf16_supported"] == "yes")
    table["on_aws"] = ~table["accelerator"].str.contains("not on AWS")
    table["basis"] = "published"
    # Data sheets carry no date in the source; the commit in `source` pins the text.
    table["as_of"] = ""
    table = accelerator_memory.with_memory(table)
    columns = (
        "accelerator vendor_architecture memory_gib usable_gib processes memory_bandwidth_gb_s fp32_tflops tf32_tflops"
        " fp16_tflops bf16_tflops fp8_tflops matmul_achieved_bf16_tflops matmul_achieved_fp8_tflops interconnect"
        " nvlink_gb_s tdp_w aws_instance_families on_aws usable_basis usable_rule usable_source lacks lacks_source"
        " basis source as_of note"
    )
    return table[columns.split()]


def regions_table(raw: Path) -> pd.DataFrame:
    """facts/regions: every region and zone that sells instances in the price files, named where a source names it."""
    sold = pd.read_csv(raw / "prices/ec2_on_demand.csv", usecols=["region", "zone_kind", "source", "as_of"])
    blocks = pd.read_csv(raw / "prices/ec2_capacity_blocks.csv", usecols=["region", "region_name", "source", "as_of"])
    blocks = blocks[blocks["region"] != "unknown"]
    # A zone that only sells Capacity Blocks is missing from the on-demand file.
    zones = blocks[~blocks["region"].isin(sold["region"])].assign(zone_kind="local_zone")
    # SageMaker sells in one Local Zone under the name of its group, which EC2's files do not have.
    trained = pd.read_csv(raw / "prices/sagemaker_instances.csv", usecols=["region", "source", "as_of"])
    is_group = trained["region"].str.fullmatch(r"[a-z]+-[a-z]+-\d-[a-z]{3}") & ~trained["region"].isin(sold["region"])
    sold = pd.concat([sold, zones[sold.columns], trained[is_group].assign(zone_kind="local_zone")])
    table = sold.sort_values(["region", "as_of", "source"]).drop_duplicates("region", keep="last").copy()
    named = blocks.drop_duplicates("region").set_index("region")["region_name"].str.replace(r"\s+", " ", regex=True)
    official = botocore_region_names()
    table["name"] = table["region"].map(official).fillna(table["region"].map(named))
    table["name_source"] = (
        table["region"]
        .isin(official)
        .map({True: f"botocore {botocore.__version__} endpoints.json", False: "as source"})
        .where(table["name"].notna())
    )
    table["partition"] = table["zone_kind"].map(lambda kind: "aws-us-gov" if kind == "govcloud" else "aws")
    table["basis"] = "published"
    return table[["region", "name", "name_source", "zone_kind", "partition", "basis", "source", "as_of"]]


def botocore_region_names() -> dict[str, str]:
    """AWS's own names of its regions, as its SDK ships them."""
    endpoints = Path(botocore.__file__).parent / "data" / "endpoints.json"
    partitions = json.loads(endpoints.read_text(encoding="utf-8"))["partitions"]
    return {
        region: str(facts["description"]) for partition in partitions for region, facts in partition["regions"].items()
    }


def service_facts_table(raw: Path) -> pd.DataFrame:
    """facts/service_facts: as given, with the basis in our words and no date made up; then the rows of service_rows."""
    table = with_dates(pd.read_csv(raw / "prices/service_facts.csv", dtype=str, keep_default_na=False))
    measured = table["source_kind"].isin(["third_party_measurement", "issue_report"])
    table["basis"] = measured.map({True: "measured", False: "published"})
    table.loc[table["source_kind"] == "heuristic", "basis"] = "estimate"
    table["rule"] = ""
    heuristic = table["source_kind"] == "heuristic"
    table.loc[heuristic, "rule"] = "another estimator's rule of thumb, not a measurement"
    return pd.concat([table[service_rows.COLUMNS], service_rows.rows()], ignore_index=True)


def interruptions_table(raw: Path) -> pd.DataFrame:
    """facts/spot_interruptions: the Spot Instance Advisor's monthly band; the newest row of a key wins."""
    table = pd.read_csv(raw / "prices/ec2_spot_advisor.csv")
    table = table.sort_values("as_of", kind="stable").drop_duplicates(["instance_type", "region"], keep="last")
    table["monthly_interruption_low_fraction"] = table["interruption_bucket_low"] / 100
    # The advisor's last band is "more than 20 %": its upper end is open, and 1 is all that is known of it.
    table["monthly_interruption_high_fraction"] = table["interruption_bucket_high"] / 100
    table["savings_fraction"] = table["savings_pct"] / 100
    table["unit"] = "fraction"
    table["basis"] = "published"
    columns = (
        "instance_type region monthly_interruption_low_fraction monthly_interruption_high_fraction"
        " savings_fraction unit basis source as_of"
    )
    return table[columns.split()].sort_values(["instance_type", "region"])
