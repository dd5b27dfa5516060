"""What a row is about, by the words that AWS uses: instance type, SageMaker component, resource, how it was bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: An instance type anywhere in a usage type or a description: ``ml.g5.2xlarge``, ``p4d.24xlarge``, ``db.m5.large``.
TYPE_PATTERN = (
    "((?:ml[.]|db[.]|cache[.])?[a-z][a-z0-9-]*[.](?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9a-z]+)?))"
)
#: Components in the order in which AWS's Cloud Intelligence Dashboards look for them in the usage type
#: (CUDOS v5, "SageMaker Usage Type Group"); the first that is contained counts.
COMPONENTS: tuple[tuple[str, str], ...] = (
    ("Studio", "Studio"),
    ("Notebk", "Notebook Instance"),
    ("Labeled", "Ground Truth"),
    ("Host", "Endpoint Instance"),
    ("Canvas", "Canvas"),
    ("Processing", "Processing"),
    ("TrainWarmPool", "Training Warm Pool"),
    ("Train", "Training Job"),
    ("TrSpt", "Managed Spot Training"),
    ("Tsform", "Batch Transform"),
    ("AsyncInf", "Asynchronous Inference"),
    ("Data-Bytes", "Data Processed by Hosting"),
    ("Cluster", "HyperPod"),
    ("RStudio", "RStudio"),
    ("Autopilot", "Autopilot"),
    ("PartnerApp", "Partner App"),
    ("TxtSpan", "Text Span"),
    ("TxtClass", "Text Classification"),
    ("Custom", "Custom"),
    ("MLflow", "MLflow"),
    ("VolumeUsage", "Volume"),
    ("StorageIOUsage", "Storage I/O"),
)
OTHER_COMPONENT = "Other"
#: Names of services in exports that do not give their code.
EC2_NAMES = ("Amazon Elastic Compute Cloud", "Amazon Elastic Compute Cloud - Compute", "EC2 - Other")
SAGEMAKER_NAMES = ("Amazon SageMaker", "Amazon SageMaker AI")
EC2, SAGEMAKER = "AmazonEC2", "AmazonSageMaker"
HOUR_UNITS = ("Hrs", "Hours", "Hour", "hours", "hour", "hrs", "InstanceHours")
#: Usage in hours that names an instance type and runs none: a surcharge, or a reservation of capacity not used.
NOT_RUNNING = ("EBSOptimized", "UnusedBox", "UnusedDed", "CPUCredits", "Reservation")


@dataclass(frozen=True)
class Bought:
    """How usage was bought, from what an export says of it, each an expression.

    Managed spot goes before everything (CID: TrSpt whatever the line type), then commitments, then spot.
    ``dynamic`` is a price that moves and is not known to be spot; None where the export does not say so.
    """

    category: Any
    usage_type: Any
    committed: Any
    kind: Any
    spot: Any
    dynamic: Any = None

    @property
    def _managed(self) -> Any:
        return self.usage_type.contains("TrSpt")

    @property
    def option(self) -> Any:
        """The view's ``purchase_option``."""
        import ibis

        rules = [
            (self.category != "Usage", ibis.null("string")),
            (self._managed, "managed_spot"),
            (self.committed, self.kind),
            (self.spot, "spot"),
        ]
        if self.dynamic is not None:
            rules.append((self.dynamic, "dynamic"))
        return ibis.cases(*rules, else_="on_demand")

    @property
    def is_spot(self) -> Any:
        """Spot or managed spot: the option's truth without its text, which sums need often."""
        import ibis

        bought = (self.category == "Usage") & (self._managed | (~self.committed & self.spot))
        return ibis.coalesce(bought, ibis.literal(False))

    @property
    def is_covered(self) -> Any:
        """Bought by a commitment."""
        import ibis

        managed = ibis.coalesce(self._managed, ibis.literal(False))
        return (self.category == "Usage") & self.committed & ~managed


def service_code_of(name: Any) -> Any:
    """AWS's code of EC2 and SageMaker from the service's name; other services keep their name."""
    import ibis

    return ibis.cases((name.isin(EC2_NAMES), EC2), (name.isin(SAGEMAKER_NAMES), SAGEMAKER), else_=name)


def instance_type_of(*texts: Any) -> Any:
    """The instance type that the first of ``texts`` with one in it names."""
    import ibis

    found = [text.re_extract(TYPE_PATTERN, 1).nullif("") for text in texts]
    return found[0] if len(found) == 1 else ibis.coalesce(*found)


def component_of(service_code: Any, usage_type: Any) -> Any:
    """SageMaker's component; missing for other services."""
    import ibis

    rules = [(usage_type.contains(word), name) for word, name in COMPONENTS]
    named = ibis.cases(*rules, else_=OTHER_COMPONENT)
    return ibis.ifelse(service_code == SAGEMAKER, named, ibis.null("string"))


def instance_hours_of(category: Any, status: Any, instance_type: Any, unit: Any, usage_type: Any, quantity: Any) -> Any:
    """Hours that an instance ran: usage in hours of a named type, without surcharges and unused commitments.

    One condition inside the other, the cheapest first: an engine then looks for types in few rows only.
    """
    import ibis

    none = ibis.null("float64")
    found = ibis.ifelse(usage_type.re_search("|".join(NOT_RUNNING)), none, quantity)
    found = ibis.ifelse(instance_type.notnull(), found, none)
    found = ibis.ifelse(status.isnull() | (status == "Used"), found, none)
    return ibis.ifelse(category == "Usage", ibis.ifelse(unit.isin(HOUR_UNITS), found, none), none)


def resource_kind_of(resource_id: Any) -> Any:
    """``training-job``, ``endpoint``, ``notebook-instance`` … of a SageMaker resource, from its ARN."""
    return resource_id.re_extract("^arn:[^:]*:sagemaker:[^:]*:[^:]*:([^/:]+)[/:]", 1).nullif("")


def resource_name_of(resource_id: Any) -> Any:
    """The name at the end of a SageMaker resource's ARN."""
    return resource_id.re_extract("^arn:[^:]*:sagemaker:[^:]*:[^:]*:[^/:]+[/:](.+)$", 1).nullif("")
