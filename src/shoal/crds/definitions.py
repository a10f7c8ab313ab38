"""The four CustomResourceDefinitions, as plain dicts."""

from typing import Any, TypeAlias

import msgspec

from shoal.crds.schema import Schema, object_schema
from shoal.spec.kinds import GROUP, RAY_KINDS

Definition: TypeAlias = dict[str, Any]

STORED = "v1"
DEPRECATED = "v1alpha1"
NEVER_DEPRECATED = frozenset(("RayCronJob",))
"""Kinds that came after v1alpha1."""


class Column(msgspec.Struct, frozen=True):
    """A column of `kubectl get`. wide: with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def plain(self) -> dict[str, Any]:
        """As a definition spells it."""
        column: dict[str, Any] = {"name": self.name, "jsonPath": self.path, "type": self.type}
        return column | ({"priority": 1} if self.wide else {})


_AGE = Column("age", ".metadata.creationTimestamp", "date")
COLUMNS: dict[str, tuple[Column, ...]] = {
    "RayCluster": (
        Column("desired workers", ".status.desiredWorkerReplicas", "integer"),
        Column("available workers", ".status.availableWorkerReplicas", "integer"),
        Column("cpus", ".status.desiredCPU"),
        Column("memory", ".status.desiredMemory"),
        Column("gpus", ".status.desiredGPU"),
        Column("tpus", ".status.desiredTPU", wide=True),
        Column("status", ".status.state"),
        _AGE,
        Column("head pod IP", ".status.head.podIP", wide=True),
        Column("head service IP", ".status.head.serviceIP", wide=True),
    ),
    "RayJob": (
        Column("job status", ".status.jobStatus"),
        Column("deployment status", ".status.jobDeploymentStatus"),
        Column("ray cluster name", ".status.rayClusterName"),
        Column("start time", ".status.startTime"),
        Column("end time", ".status.endTime"),
        _AGE,
    ),
    "RayService": (
        Column("service status", ".status.serviceStatus"),
        Column("num serve endpoints", ".status.numServeEndpoints"),
    ),
    "RayCronJob": (
        Column("schedule", ".spec.schedule"),
        Column("timezone", ".spec.timeZone"),
        Column("last schedule", ".status.lastScheduleTime", "date"),
        _AGE,
        Column("suspend", ".spec.suspend", "boolean"),
    ),
}
OPTIONAL_BEFORE = frozenset(("rayClusterConfig",))
"""Fields that v1alpha1 doesn't require and v1 does."""
_ABOUT = {
    "RayCluster": "A cluster of Ray: one head, and groups of workers.",
    "RayJob": "A command that runs once on Ray, on a cluster of its own or on one that exists.",
    "RayService": "Ray Serve applications that stay reachable while their cluster changes.",
    "RayCronJob": "A RayJob that is made again and again, by a schedule.",
}


def definitions() -> tuple[Definition, ...]:
    """All of them."""
    return tuple(definition(kind) for kind in RAY_KINDS)


def definition(kind: str) -> Definition:
    """The CustomResourceDefinition of one of Ray's kinds. Raises KeyError for another kind."""
    plural = f"{kind.lower()}s"
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower(), "categories": ["all"]}
    versions = (STORED,) if kind in NEVER_DEPRECATED else (STORED, DEPRECATED)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [_version(kind, version) for version in versions],
        },
    }


def _version(kind: str, version: str) -> dict[str, Any]:
    stored = version == STORED
    return {
        "name": version,
        "served": True,
        "storage": stored,
        **({} if stored else {"deprecated": True}),
        "schema": {"openAPIV3Schema": _schema(kind, stored=stored)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.plain() for column in COLUMNS[kind]],
    }


def _schema(kind: str, *, stored: bool) -> Schema:
    schema = object_schema(RAY_KINDS[kind])
    # These two are Kubernetes' own to judge, and at the root it allows nothing more to be said of metadata.
    schema["properties"]["metadata"] = {"type": "object"}
    del schema["properties"]["kind"]["enum"], schema["required"]
    if not stored:
        spec = schema["properties"]["spec"]
        required = [name for name in spec.pop("required", ()) if name not in OPTIONAL_BEFORE]
        spec |= {"required": required} if required else {}
    return {"description": _ABOUT[kind], **schema}
