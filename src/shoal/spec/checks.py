"""Errors that no single field shows: names, duplicates, references, and what a spec can't do without."""

import re
from collections.abc import Iterator

from shoal.findings import Finding, Path, Severity
from shoal.spec.clusterfile import OLD_KEYS, ClusterFile
from shoal.spec.complaints import place, suggestion
from shoal.spec.kinds import Spec
from shoal.spec.kubernetes.pod import PodTemplateSpec
from shoal.spec.log_store import FORMS, LOGS_TO, log_store
from shoal.spec.node import Node
from shoal.spec.other import Other
from shoal.spec.provider import LocalProvider
from shoal.spec.raycluster import HEAD_GROUP, RayCluster, RayClusterSpec
from shoal.spec.rayjob import RayCronJob, RayJob, RayJobSpec
from shoal.spec.rayservice import RayService

_LONGEST_NAME: dict[str, int] = {"RayCluster": 53, "RayJob": 47, "RayService": 47, "RayCronJob": 36}
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,48}[A-Za-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")


def check(spec: Spec, node: Node) -> Iterator[Finding]:
    """The errors of one document beyond its types."""
    if isinstance(spec, ClusterFile):
        yield from _clusterfile(spec, node)
    elif not isinstance(spec, Other):
        yield from _name(spec, node)
        if isinstance(spec, RayCluster):
            yield from _logs_to(spec, node)
            yield from _cluster(spec.spec, ("spec",), node)
        elif isinstance(spec, RayService):
            yield from _cluster(spec.spec.ray_cluster_spec, ("spec", "rayClusterConfig"), node)
        elif isinstance(spec, RayJob):
            yield from _job(spec.spec, ("spec",), node)
        else:
            yield from _job(spec.spec.job_template, ("spec", "jobTemplate"), node)


def _name(spec: RayCluster | RayJob | RayService | RayCronJob, node: Node) -> Iterator[Finding]:
    name = spec.metadata.name
    if not name and not spec.metadata.generate_name:
        yield _error("S023", "metadata lacks the required key 'name'", "add `name:`", ("metadata", "name"), node)
        return
    longest = _LONGEST_NAME[spec.kind]
    hint = f"use at most {longest} lower-case letters, digits and '-', starting with a letter, ending with no '-'"
    if len(name) > longest:
        message = f"the name {name!r} has {len(name)} characters, the most for a {spec.kind} is {longest}"
        yield _error("S040", message, hint, ("metadata", "name"), node)
    elif name and _LABEL.fullmatch(name) is None:
        yield _error("S040", f"the name {name!r} can't be used for a {spec.kind}", hint, ("metadata", "name"), node)


def _logs_to(spec: RayCluster, node: Node) -> Iterator[Finding]:
    asked = spec.metadata.annotations.get(LOGS_TO)
    if asked is not None and log_store(asked) is None:
        path = ("metadata", "annotations", LOGS_TO)
        yield _error("S048", f"{asked!r} says of no place that logs can be kept there", f"write {FORMS}", path, node)


def _job(spec: RayJobSpec, path: Path, node: Node) -> Iterator[Finding]:
    if spec.ray_cluster_spec is not None:
        yield from _cluster(spec.ray_cluster_spec, (*path, "rayClusterSpec"), node)
    elif not spec.cluster_selector:
        hint = "add `rayClusterSpec:` for a cluster of its own, or `clusterSelector:` for one that exists"
        yield _error("S044", "the job names no cluster to run on", hint, path, node)


def _cluster(spec: RayClusterSpec, path: Path, node: Node) -> Iterator[Finding]:
    head_path: Path = (*path, "headGroupSpec", "template")
    yield from _template(spec.head_group_spec.template, head_path, node)
    written = node.at((*path, "workerGroupSpecs"))
    seen: dict[str, int] = {}
    for index, group in enumerate(written.items if written is not None else ()):
        named = group.get("groupName")
        name = named.value if named is not None else None
        if not isinstance(name, str) or named is None:
            continue
        if _LABEL_VALUE.fullmatch(name) is None:
            hint = "use at most 50 letters, digits, '-', '_' and '.', starting and ending with a letter or digit"
            where: Path = (*path, "workerGroupSpecs", index, "groupName")
            yield _error("S040", f"the group name {name!r} can't be used", hint, where, node)
        if name == HEAD_GROUP:
            where = (*path, "workerGroupSpecs", index, "groupName")
            message = f"the group name {name!r} can't be used: the head's own group has it"
            yield _error("S040", message, "give the worker group another name", where, node)
        if name in seen:
            message = f"the group name {name!r} is used twice, first in line {seen[name]}"
            where = (*path, "workerGroupSpecs", index, "groupName")
            yield _error("S042", message, "give every worker group a name of its own", where, node)
        seen.setdefault(name, named.mark.line)
    if written is not None and len(written.items) == len(spec.worker_group_specs):
        for index, worker in enumerate(spec.worker_group_specs):
            yield from _template(worker.template, (*path, "workerGroupSpecs", index, "template"), node)


def _template(template: PodTemplateSpec, path: Path, node: Node) -> Iterator[Finding]:
    if template.spec is None:
        yield _error("S023", f"{place(path)} lacks the required key 'spec'", "add `spec:`", (*path, "spec"), node)
    elif not template.spec.containers:
        where = (*path, "spec", "containers")
        message = f"{place(where)} is empty: the first container is the one that runs Ray"
        yield _error("S043", message, "add a container", where, node)


def _clusterfile(spec: ClusterFile, node: Node) -> Iterator[Finding]:
    if spec.cluster_name and _FILE_NAME.fullmatch(spec.cluster_name) is None:
        hint = "use at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit"
        yield _error("S040", f"the cluster name {spec.cluster_name!r} can't be used", hint, ("cluster_name",), node)
    types = spec.available_node_types
    if spec.head_node_type and types and spec.head_node_type not in types:
        message = f"head_node_type {spec.head_node_type!r} is not in available_node_types"
        yield _error("S045", message, suggestion(spec.head_node_type, types.keys()), ("head_node_type",), node)
    provider = spec.provider
    if isinstance(provider, LocalProvider) and provider.worker_ips and not provider.head_ip:
        hint = "add `head_ip:`, or remove worker_ips to run on this machine"
        yield _error("S046", "provider.worker_ips is given without head_ip", hint, ("provider", "worker_ips"), node)
    for key, hint in OLD_KEYS.items():
        name = node.key_node(key)
        if name is not None:
            message = f"{key!r} belongs to older versions of Ray and has no effect"
            yield Finding("S047", Severity.WARNING, message, hint, (key,), name.mark)


def _error(code: str, message: str, hint: str, path: Path, node: Node) -> Finding:
    return Finding(code, Severity.ERROR, message, hint, path, node.nearest(path).mark)
