"""Files on S3 for DuckDB, through Arrow: its own S3 reader would have to be downloaded first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costlib.billing import sources

if TYPE_CHECKING:
    from costlib.billing.sources import FileGroup


def dataset_of(group: FileGroup) -> Any:
    """An Arrow dataset of the group's files: columns and rows that a question does not need are not fetched."""
    import pyarrow
    from pyarrow import csv, dataset

    system, _ = sources._filesystem(group.paths[0])
    paths = [path.removeprefix("s3://") for path in group.paths]
    if group.format == "parquet":
        return dataset.dataset(paths, filesystem=system, format="parquet")
    text = csv.ConvertOptions(
        column_types={name: pyarrow.string() for name, _ in group.columns}, strings_can_be_null=True, null_values=[""]
    )
    options = csv.ParseOptions(newlines_in_values=True)
    kind = dataset.CsvFileFormat(parse_options=options, convert_options=text)
    return dataset.dataset(paths, filesystem=system, format=kind)
