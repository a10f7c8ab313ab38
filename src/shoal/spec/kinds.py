"""Which kind of spec a document is."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from shoal.findings import Finding, Path, Severity
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.complaints import missing_key, nearest, shown, suggestion
from shoal.spec.decode import decode
from shoal.spec.node import Node
from shoal.spec.other import KNOWN_KINDS, Other
from shoal.spec.raycluster import RayCluster
from shoal.spec.rayjob import RayCronJob, RayJob
from shoal.spec.rayservice import RayService

Spec: TypeAlias = RayCluster | RayJob | RayService | RayCronJob | ClusterFile | Other

GROUP = "ray.io"
RAY_KINDS: dict[str, type[RayCluster | RayJob | RayService | RayCronJob]] = {
    "RayCluster": RayCluster,
    "RayJob": RayJob,
    "RayService": RayService,
    "RayCronJob": RayCronJob,
}
_VERSIONS: dict[str, tuple[str, ...]] = {"RayCronJob": ("ray.io/v1",)}
_EVERY_VERSION = ("ray.io/v1", "ray.io/v1alpha1")
_OWN_KEYS = frozenset(("cluster_name", "provider"))

Read: TypeAlias = tuple[Spec | None, tuple[Finding, ...]]


def read_spec(node: Node) -> Read:
    """The spec a document holds, as far as it can be read, and every finding of its types."""
    if node.kind != "mapping":
        given = "a list" if node.kind == "sequence" else "a single value"
        message = f"a spec has to be a mapping (`key: value` lines), not {given}"
        return None, (_error("S030", message, _EXPECTED, (), node),)
    keys = {key.key for key, _ in node.pairs}
    if {"apiVersion", "kind"} & keys:
        return _kubernetes(node)
    if _OWN_KEYS & keys or len(keys & set(ClusterFile.__struct_fields__)) > 1:
        return decode(node, ClusterFile)
    return None, (_unknown_document(node, keys),)


_EXPECTED = "start it with `apiVersion: ray.io/v1` and `kind: RayCluster`, or with `cluster_name:` and `provider:`"


def _unknown_document(node: Node, keys: set[str]) -> Finding:
    for key in sorted(keys):
        near = nearest(key, ("apiVersion", "kind", "cluster_name", "provider"))
        if near is not None:
            found = node.key_node(key) or node
            return _error(
                "S030", f"unknown key {shown(key)!r} in the document", f"did you mean {near!r}?", (key,), found
            )
    return _error("S030", "neither a Kubernetes manifest nor a Ray cluster.yaml", _EXPECTED, (), node)


def _kubernetes(node: Node) -> Read:
    kind, version = _text(node, "kind"), _text(node, "apiVersion")
    if kind is None:
        return None, (_lacking(node, "kind"),)
    if kind in RAY_KINDS:
        spec, findings = decode(node, RAY_KINDS[kind])
        return spec, (*_version_findings(node, kind, version), *findings)
    if _is_misspelt(kind, version):
        near = nearest(kind, RAY_KINDS) or "RayCluster"
        finding = _unknown_kind(node, kind, RAY_KINDS)
        _, findings = decode(node, RAY_KINDS[near])
        return None, (finding, *(other for other in findings if other.path != ("kind",)))
    if version is None:
        return None, (_lacking(node, "apiVersion"),)
    if kind not in KNOWN_KINDS and _is_core(version):
        return None, (_unknown_kind(node, kind, KNOWN_KINDS | set(RAY_KINDS)),)
    return Other(version, kind, _text(node.get("metadata") or node, "name") or ""), ()


def _text(node: Node, key: str) -> str | None:
    found = node.get(key)
    return found.value if found is not None and isinstance(found.value, str) and found.value else None


def _lacking(node: Node, key: str) -> Finding:
    written = node.get(key)
    if written is not None and not written.is_null:
        return _error("S021", f"{key} has to be a string", f"write `{key}:` and a word", (key,), written)
    near = nearest(key, (name.key for name, _ in node.pairs))
    finding = missing_key(node, (), key)
    return finding if near is None else msgspec.structs.replace(finding, hint=f"did you mean it by {near!r}?")


def _is_misspelt(kind: str, version: str | None) -> bool:
    in_group = version is not None and version.partition("/")[0] == GROUP
    return in_group or (
        kind not in KNOWN_KINDS and kind.lower().startswith("ray") and nearest(kind, RAY_KINDS) is not None
    )


def _is_core(version: str) -> bool:
    """Whether the API group is one of Kubernetes' own, whose kinds are all known."""
    group = version.rpartition("/")[0]
    return "." not in group


def _unknown_kind(node: Node, kind: str, known: Iterable[str]) -> Finding:
    hint = suggestion(kind, sorted(known)) or f"Ray's kinds: {', '.join(RAY_KINDS)}"
    return _error("S031", f"unknown kind {shown(kind)!r}", hint, ("kind",), node.get("kind") or node)


def _version_findings(node: Node, kind: str, version: str | None) -> tuple[Finding, ...]:
    right = _VERSIONS.get(kind, _EVERY_VERSION)
    if version is None or version in right:
        return ()
    message = f"unknown apiVersion {shown(version)!r} for a {kind}"
    hint = suggestion(version, right)
    return (_error("S032", message, hint, ("apiVersion",), node.get("apiVersion") or node),)


def _error(code: str, message: str, hint: str, path: Path, node: Node) -> Finding:
    return Finding(code, Severity.ERROR, message, hint, path, node.mark)
