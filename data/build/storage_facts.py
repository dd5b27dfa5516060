"""Builds facts/storage_facts: what storage and its formats do apart from prices, each number with where it was read."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

SDK = "botocore 1.44.5"
VOLUME = f"{SDK} ec2 CreateVolume, Throughput"
CAPACITY = f"{SDK} fsx CreateFileSystem, StorageCapacity"
P4D_BLOG = "AWS compute blog, 'Amazon EC2 P4d instances deep dive' (copy at dustinward.cloud)"
M5D_GIST = "gist.github.com/ouranos/bcad6055ff7cfe5c3903a60ff5c3ade4 (undated; hdparm -t, three trials)"
I3_BLOG = "techblog.cloudperf.net/2017/04/3-million-storage-iops-on-aws-cloud.html"
USER_GUIDE = "docs.aws.amazon.com/AmazonS3/latest/userguide"
ARCHIVE_GUIDE = f"{USER_GUIDE}/lifecycle-transition-general-considerations (undated copy)"
TIERING_GUIDE = f"{USER_GUIDE}/intelligent-tiering-overview (undated copy)"
SELECT_GUIDE = f"{USER_GUIDE}/s3-select-sql-reference-operators.html (undated copy)"
PRICE_PAGE = "aws.amazon.com/s3/pricing (undated copy)"
TRANSITION_API = "docs.aws.amazon.com/goto/WebAPI/s3-2006-03-01/Transition (undated copy)"
RETRIEVALS = "wiki.connerv.com/notes/aws/s3/s3-object-storage-class; vazome.tech/AWS/S3/S3-Storage-Classes (undated)"
ATHENA_BLOG = "AWS big data blog, 'Analyzing Data in S3 using Amazon Athena' (undated copy)"
DRAKEN = "ericdraken.com/comparison-time-series-data-transport-formats (undated)"
ZSTD = "github.com/facebook/zstd@009332c README.md (lzbench, Silesia corpus, one core of a Core i7-3930K)"
TFRECORD = "tensorflow.org/tutorials/load_data/tfrecord (undated copy)"


class Fact(NamedTuple):
    """One number. ``as_of``: the day of the text, empty where it has none."""

    topic: str
    fact: str
    value: float
    unit: str
    basis: str
    source: str
    as_of: str = ""
    rule: str = ""
    note: str = ""


#: 8 KB at S3 Standard's rate, 32 KB at the archive's own, for each archived object.
_OVERHEAD = "each object in Glacier Flexible Retrieval or Deep Archive"
_TB = "1 TB of CSV became 130 GB"

FACTS: tuple[Fact, ...] = (
    Fact("archive", "overhead_at_standard_rate", 8, "KiB_per_object", "published", ARCHIVE_GUIDE, note=_OVERHEAD),
    Fact("archive", "overhead_at_own_rate", 32, "KiB_per_object", "published", ARCHIVE_GUIDE, note=_OVERHEAD),
    Fact("intelligent_tiering", "days_unread_to_infrequent", 30, "days", "published", TIERING_GUIDE),
    Fact("intelligent_tiering", "days_unread_to_archive_instant", 90, "days", "published",
         "prices/s3, tier 'archive instant (after 90 days unread)' (svc-051)", "2025-12-02"),
    Fact("intelligent_tiering", "least_monitored_object", 128, "KiB_per_object", "published", PRICE_PAGE,
         note="smaller objects are not monitored, cost no fee, and stay at the frequent tier's rate"),
    Fact("lifecycle", "least_object_to_move", 128, "KiB_per_object", "published",
         f"{SDK} s3 PutBucketLifecycleConfiguration, TransitionDefaultMinimumObjectSize", "2026",
         note="by default; a filter by size takes precedence, but not for Intelligent-Tiering"),
    Fact("lifecycle", "least_days_to_infrequent_access", 30, "days", "published", TRANSITION_API,
         note="before Standard-IA and One Zone-IA, and for 30 days after"),
    Fact("restore", "glacier_flexible_expedited", 5 / 60, "hours", "published", RETRIEVALS, note="1 to 5 minutes"),
    Fact("restore", "glacier_flexible_standard", 5, "hours", "published", RETRIEVALS, note="3 to 5 hours"),
    Fact("restore", "glacier_flexible_bulk", 12, "hours", "published", RETRIEVALS, note="5 to 12 hours"),
    Fact("restore", "deep_archive_standard", 12, "hours", "published", RETRIEVALS),
    Fact("restore", "deep_archive_bulk", 48, "hours", "published", RETRIEVALS),
    Fact("ebs_gp3", "included_throughput", 125, "MiB_per_second", "published",
         f"{VOLUME}, the least; prices/other_services, note of gp3 (svc-072)", "2026-09-24"),
    Fact("ebs_gp3", "most_throughput", 2000, "MiB_per_second", "published", VOLUME, "2026",
         note="of one volume; the instance's own EBS bandwidth may be less"),
    *(
        Fact("fsx_lustre", f"persistent2_ssd_{tier}", tier, "MB_per_second_per_TiB", "published",
             f"{SDK} fsx CreateFileSystem, PerUnitStorageThroughput", "2026",
             note="of the disks; what is in the servers' memory is read faster")
        for tier in (125, 250, 500, 1000)
    ),
    Fact("fsx_lustre", "least_capacity", 1200, "GiB", "published", CAPACITY, "2026"),
    Fact("fsx_lustre", "capacity_step", 2400, "GiB", "published", CAPACITY, "2026",
         note="1200, 2400, and then steps of 2400"),
    Fact("instance_store", "p4d.24xlarge", 16, "GB_per_second", "measured", P4D_BLOG, "2020-11",
         note="eight devices as RAID 0, read; each at most 2.7 GB/s"),
    Fact("instance_store", "i3.16xlarge", 15, "GB_per_second", "measured", I3_BLOG, "2017-04-04", note="read"),
    Fact("instance_store", "m5d.4xlarge", 0.68876, "GB_per_second", "measured", M5D_GIST,
         note="median of 819, 689 and 689 MB/s"),
    Fact("format_size", "parquet_snappy_aws_logs", 0.130, "of_csv", "measured", ATHENA_BLOG, note=_TB),
    Fact("format_size", "parquet_snappy_integers", round(24_793 / 77_280, 4), "of_csv", "measured", DRAKEN,
         note="24,793 of 77,280 KB, integers of market data"),
    Fact("format_size", "parquet_snappy_v2_integers", round(16_785 / 77_280, 4), "of_csv", "measured", DRAKEN,
         note="16,785 of 77,280 KB"),
    Fact("format_size", "parquet_gzip_integers", round(18_524 / 77_280, 4), "of_csv", "measured", DRAKEN,
         note="18,524 of 77,280 KB"),
    Fact("format_size", "parquet_none_integers", round(26_108 / 77_280, 4), "of_csv", "measured", DRAKEN,
         note="26,108 of 77,280 KB"),
    Fact("format_size", "csv_gzip_integers", round(15_469 / 77_280, 4), "of_csv", "measured", DRAKEN,
         note="15,469 of 77,280 KB, deflate"),
    Fact("format_size", "csv_none", 1, "of_csv", "derived", "by definition", "2026",
         rule="the size of CSV is the unit"),
    Fact("tfrecord", "overhead", 16, "bytes_per_record", "published", TFRECORD,
         note="length (8), its CRC (4) and the data's CRC (4)"),
    *(
        Fact("codec", f"{codec}_{what}", value, unit, "measured", ZSTD)
        for codec, ratio, write, read in (
            ("zstd", 2.877, 330, 940),
            ("snappy", 2.091, 480, 1600),
            ("gzip", 2.730, 95, 360),
        )
        for what, value, unit in (
            ("ratio", ratio, "times_smaller"),
            ("write", write, "MB_per_second_per_core"),
            ("read", read, "MB_per_second_per_core"),
        )
    ),
    Fact("s3_select", "open_to_new_customers", 0, "yes_is_1", "published", SELECT_GUIDE,
         note="'Amazon S3 Select is no longer available to new customers'; who has it may go on"),
)  # fmt: skip


def storage_facts() -> pd.DataFrame:
    """One row a fact."""
    columns = "topic fact value unit basis rule source as_of note"
    return pd.DataFrame([fact._asdict() for fact in FACTS])[columns.split()]
