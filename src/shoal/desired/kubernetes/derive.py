"""RayCluster -> DesiredCluster on Kubernetes: its pods, what they share, and how they may be treated."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from shoal.desired.cluster import HEAD_GROUP, Cleanup, DesiredCluster, DesiredNode, Idle, Lifecycle
from shoal.desired.from_raycluster import from_raycluster
from shoal.desired.kubernetes.digests import edition, template_digest
from shoal.desired.kubernetes.fault_tolerance import uses_redis
from shoal.desired.kubernetes.group import head_of, workers_of
from shoal.desired.kubernetes.head_keys import authority_source, token_source
from shoal.desired.kubernetes.labels import CLEANUP_SECONDS, DRAIN_SECONDS, EMPTIES_REDIS, HEAD_ONCE
from shoal.desired.kubernetes.objects import objects
from shoal.desired.kubernetes.objects.storage import redis_cleanup
from shoal.desired.kubernetes.pods import manifest
from shoal.desired.kubernetes.ports import gcs_port
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster

DRAIN_S = 30
CLEANUP_S = 300
OnChange = Literal["keep", "recreate", "roll"]
IDLE_POLICIES: dict[str, Literal["Suspend", "Delete"]] = {"Suspend": "Suspend", "Delete": "Delete"}
ON_CHANGE: dict[str, OnChange] = {"Recreate": "recreate", "RollingUpdate": "roll"}


def kubernetes_cluster(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> DesiredCluster:
    """What must exist for a RayCluster. Expects one without findings of severity error.

    raw: its ``spec`` as plain JSON; manifests share parts of it, so neither may be changed afterwards. Workers have
    names that plan/seats.py replaces.
    """
    groups = (head_of(cluster, raw, settings), *workers_of(cluster, raw, settings))
    digests = {group.name: template_digest(group, raw) for group in groups}
    pods = {group.name: manifest(group, raw) for group in groups}
    base = from_raycluster(cluster)
    asleep = cluster.spec.suspend or cluster.spec.idle_suspend
    return replace(
        base,
        nodes=() if asleep else tuple(_nodes(cluster, base.nodes, digests)),
        uid=cluster.metadata.uid,
        objects=objects(cluster, raw, settings),
        templates={digests[name]: msgspec.json.encode(pod) for name, pod in pods.items()},
        token=token_source(pods[HEAD_GROUP]),
        authority=authority_source(pods[HEAD_GROUP]),
        departing=frozenset(
            name for group in cluster.spec.worker_group_specs for name in group.scale_strategy.workers_to_delete
        ),
        lifecycle=_lifecycle(cluster),
        cleanup=_cleanup(cluster, pods[HEAD_GROUP]) if uses_redis(cluster) else None,
    )


def _nodes(cluster: RayCluster, nodes: tuple[DesiredNode, ...], digests: dict[str, str]) -> Iterator[DesiredNode]:
    whole = edition(digests)
    hosts = {group.group_name: group.num_of_hosts for group in cluster.spec.worker_group_specs}
    for node in nodes:
        if node.group == HEAD_GROUP:
            yield replace(node, ports={"gcs": gcs_port(cluster)}, template=digests[node.group], edition=whole)
            continue
        number, per_unit = node.name.rpartition("-")[2], hosts[node.group]
        unit = f"{node.group}-{int(number) // per_unit}" if per_unit > 1 else ""
        yield replace(node, template=digests[node.group], unit=unit, edition=whole)


def _cleanup(cluster: RayCluster, head: dict[str, Any]) -> Cleanup:
    asked = cluster.metadata.annotations.get(CLEANUP_SECONDS, "")
    return Cleanup(EMPTIES_REDIS, redis_cleanup(cluster, head), int(asked) if asked.isdecimal() else CLEANUP_S)


def _lifecycle(cluster: RayCluster) -> Lifecycle:
    strategy = cluster.spec.upgrade_strategy
    asked = cluster.metadata.annotations.get(DRAIN_SECONDS, "")
    return Lifecycle(
        tended=True,
        workers_outlive_head=True,
        on_change=ON_CHANGE.get(strategy.type if strategy else "", "keep"),
        drain_s=int(asked) if asked.isdecimal() else DRAIN_S,
        idle=_idle(cluster),
        head_once=cluster.metadata.annotations.get(HEAD_ONCE) == "true",
        autoscaled=frozenset(group.group_name for group in cluster.spec.worker_group_specs)
        if cluster.spec.enable_in_tree_autoscaling
        else frozenset(),
    )


def _idle(cluster: RayCluster) -> Idle | None:
    options = cluster.spec.idle_termination_options
    if options is None or options.timeout_seconds is None or cluster.spec.enable_in_tree_autoscaling:
        return None
    policy = IDLE_POLICIES.get(options.policy)
    return Idle(options.timeout_seconds, policy) if policy else None
