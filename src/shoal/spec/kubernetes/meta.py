"""Metadata, selectors, conditions and references that many kinds share."""

from typing import Any, Literal

from msgspec import field

from shoal.spec.wire import Int64, Name, Time, Wire


class OwnerReference(Wire, frozen=True):
    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(Wire, frozen=True):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    generate_name: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: Int64 | None = None
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: Int64 | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    managed_fields: tuple[dict[str, Any], ...] = ()
    self_link: str = ""


class SelectorRequirement(Wire, frozen=True):
    """One condition on labels or fields: In, NotIn, Exists, DoesNotExist; of nodes also Gt, Lt."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()


class LabelSelector(Wire, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[SelectorRequirement, ...] = ()


class LocalObjectReference(Wire, frozen=True):
    name: str = ""


class TypedObjectReference(Wire, frozen=True):
    kind: str
    name: str
    api_group: str | None = None
    namespace: str | None = None


class Condition(Wire, frozen=True):
    type: Name
    status: Literal["True", "False", "Unknown"]
    last_transition_time: Time
    reason: Name
    message: str
    observed_generation: Int64 | None = None


class Named(Wire, frozen=True):
    name: str


class NameValue(Wire, frozen=True):
    name: str
    value: str


class NodeSelectorTerm(Wire, frozen=True):
    match_expressions: tuple[SelectorRequirement, ...] = ()
    match_fields: tuple[SelectorRequirement, ...] = ()


class NodeSelector(Wire, frozen=True):
    node_selector_terms: tuple[NodeSelectorTerm, ...]


class IPBlock(Wire, frozen=True):
    cidr: str
    excluded: tuple[str, ...] = field(default=(), name="except")
