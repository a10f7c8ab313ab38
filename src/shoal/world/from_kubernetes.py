"""Observed (pods, services, Ray's word) -> World."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from shoal.desired.cluster import DesiredCluster, Role
from shoal.world.blockers import NOT_PREPARED, Blocker, why_not_running
from shoal.world.kubernetes import (
    ADOPTED,
    CONTENTS,
    DIGEST,
    DRAIN,
    EDITION,
    FINALIZERS,
    GROUP,
    HOST_INDEX,
    NODE_TYPE,
    REPLICA,
    SEAT,
    SECRETS,
    TEMPLATE,
    TOLD,
    Meta,
    Observed,
    Pod,
    RayView,
)
from shoal.world.snapshot import Drain, Filled, ObservedNode, Phase, Seat, World


def world_of(observed: Observed, desired: DesiredCluster) -> World:
    """The cluster as it is. The RayCluster itself is the record of what is wanted, so that is never missing."""
    uid = observed.resource.metadata.uid
    pods = [pod for pod in observed.pods if is_ray(pod) and not _is_anothers(pod.metadata, uid)]
    pods.sort(key=lambda pod: pod.metadata.name)
    seats = _seats(pods)
    return World(
        cluster=desired.name,
        begun=True,
        prepared=True,
        wanted=desired,
        nodes=tuple(_node(pod, seats[pod.metadata.name], observed.ray) for pod in pods),
        gone=observed.gone,
        gcs=observed.ray is not None and not observed.ray.error,
        unasked=observed.ray is None and has_head_to_ask(pods),
        objects={
            key: shared.metadata.annotations.get(DIGEST, "") if _is_made_here(key, shared.metadata, uid) else ""
            for key, shared in observed.shared.items()
            if not _is_anothers(shared.metadata, uid)
        },
        doubted=_secrets(observed.doubted),
        filled={
            key: Filled(shared.metadata.annotations[CONTENTS], seconds(shared.metadata.creation_timestamp))
            for key, shared in observed.shared.items()
            if CONTENTS in shared.metadata.annotations and not _is_anothers(shared.metadata, uid)
        },
        lost=_secrets(observed.ray.gone if observed.ray else ()),
        holds=tuple(name for name in observed.resource.metadata.finalizers if name in FINALIZERS),
        ended=dict(_ended_jobs(observed, uid)),
        idle_s=_idle_s(observed.ray, desired) if observed.ray else None,
    )


def _idle_s(ray: RayView, desired: DesiredCluster) -> int | None:
    """Unless the spec has changed since: then Ray is asked anew before anything ends."""
    idle = desired.lifecycle.idle
    return ray.idle_s if idle is not None and idle.after_s == ray.limit_s else None


def _secrets(names: Iterable[str]) -> frozenset[str]:
    return frozenset(f"Secret/{name}" for name in names)


def _is_made_here(key: str, meta: Meta, uid: str) -> bool:
    """Whether it was made for this very cluster; data, which may outlive its cluster, has no owner then."""
    if not meta.owner_references:
        return key.startswith("PersistentVolumeClaim/")
    return any(owner.uid == uid for owner in meta.owner_references)


def _ended_jobs(observed: Observed, uid: str) -> Iterator[tuple[str, bool]]:
    for key, shared in observed.shared.items():
        if key.startswith("Job/") and not _is_anothers(shared.metadata, uid):
            said = {condition.type for condition in shared.status.conditions if condition.status == "True"}
            if said & {"Complete", "Failed"}:
                yield key, "Complete" in said


def _is_anothers(meta: Meta, uid: str) -> bool:
    """Whether it belongs to something else, as to an earlier cluster of that name that is not all gone yet."""
    return any(owner.controller and owner.uid != uid for owner in meta.owner_references)


def is_ray(pod: Pod) -> bool:
    """Whether the pod is a node of a cluster, and no job that tidies up after one."""
    return pod.metadata.labels.get(NODE_TYPE) in ("head", "worker")


def is_head(pod: Pod) -> bool:
    """Whether Ray's GCS runs in it."""
    return pod.metadata.labels.get(NODE_TYPE) == "head"


def is_adopted(observed: Observed) -> bool:
    """Whether its pods are another operator's or were made beside such: its head tells, and without one its workers."""
    deciding = _notes_of(observed, "head") or _notes_of(observed, "worker")
    return any(ADOPTED in notes or TEMPLATE not in notes for notes in deciding)


def _notes_of(observed: Observed, role: str) -> list[dict[str, str]]:
    """The annotations of its pods of one role."""
    uid = observed.resource.metadata.uid
    metas = (pod.metadata for pod in observed.pods if pod.metadata.labels.get(NODE_TYPE) == role)
    return [meta.annotations for meta in metas if not _is_anothers(meta, uid)]


def is_ready(pod: Pod) -> bool:
    """Whether Kubernetes calls it ready, and it is not about to go."""
    return pod.metadata.deletion_timestamp is None and any(
        condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions
    )


def may_answer(head: Pod, pods: Iterable[Pod]) -> bool:
    """Whether it makes sense to ask Ray. Where its nodes work it may well answer although the head isn't ready, as when
    a container beside Ray's fails. pods: of its cluster."""
    runs = head.metadata.deletion_timestamp is None and head.status.phase == "Running" and bool(head.status.pod_ip)
    return is_ready(head) or (runs and any(is_ready(pod) for pod in pods))


def has_head_to_ask(pods: Sequence[Pod]) -> bool:
    """Whether a cluster has a head that may answer. pods: all of its own."""
    return any(may_answer(pod, pods) for pod in pods if is_head(pod))


def came_nearer(before: object, after: object) -> bool:
    """Whether these are pictures of a pod that is on its way to being ready, or has got there, and nothing stops it."""
    if not isinstance(before, Pod) or not isinstance(after, Pod) or after.metadata.deletion_timestamp is not None:
        return False
    if is_ready(after) or is_ready(before):
        return is_ready(after)
    restarts = sum(status.restart_count for status in after.status.container_statuses)
    return restarts == 0 and not _has_ended(after) and why_not_running(after).reason in COMING


COMING = ("Pending", "ContainersNotReady", NOT_PREPARED)
"""What keeps a pod from being ready that passes by itself."""


def seconds(time: str) -> float:
    """RFC 3339 -> seconds since 1970; 0 for none."""
    return datetime.fromisoformat(time).timestamp() if time else 0.0


def _node(pod: Pod, seat: Seat, ray: RayView | None) -> ObservedNode:
    meta = pod.metadata
    ray_id = ray.alive.get(meta.name, "") if ray else ""
    phase, why = _phase(pod, ray, ray_id)
    return ObservedNode(
        name=meta.name,
        role=Role(meta.labels[NODE_TYPE]),
        group=meta.labels.get(GROUP, ""),
        fingerprint=meta.annotations.get(TEMPLATE, ""),
        phase=phase,
        detail=why.message,
        reason=why.reason,
        next_step=why.next_step,
        ray_id=ray_id or (ray.before.get(meta.name, "") if ray else ""),
        edition=meta.annotations.get(EDITION, ""),
        adopted=TEMPLATE in meta.annotations,
        seat=seat,
        unit=meta.labels.get(REPLICA, ""),
        placed=bool(pod.spec.node_name),
        ready=is_ready(pod),
        outside=ray is not None and meta.name in ray.outside,
        created=seconds(meta.creation_timestamp),
        ends=seconds(meta.deletion_timestamp or ""),
        drain=_drain(meta.annotations.get(DRAIN, "")),
        filled=dict(_filled(meta.annotations.get(SECRETS, ""))),
    )


NOTHING = Blocker("", "", "")


def _phase(pod: Pod, ray: RayView | None, ray_id: str) -> tuple[Phase, Blocker]:
    if _has_ended(pod):
        return Phase.DEAD, why_not_running(pod)
    if pod.metadata.deletion_timestamp is not None:
        return Phase.STOPPING, NOTHING
    if not is_ready(pod):
        return Phase.STARTING, why_not_running(pod)
    if ray_id:
        return Phase.RUNNING, NOTHING
    if ray is None:
        return Phase.STARTING, Blocker("RayNotAsked", "its pod is ready; Ray's GCS was not asked yet", "")
    if ray.error:
        return Phase.STARTING, Blocker("GcsUnreachable", f"its pod is ready; {ray.error}", "")
    return Phase.STARTING, Blocker("RayDoesNotSeeIt", "its pod is ready and Ray's GCS does not call it alive", "")


def _has_ended(pod: Pod) -> bool:
    """Whether Ray will never run in it again."""
    if pod.status.phase in ("Failed", "Succeeded"):
        return True
    rays = [container.name for container in pod.spec.containers[:1]]
    ended = [status.name for status in pod.status.container_statuses if status.state.terminated]
    return pod.spec.restart_policy == "Never" and not set(rays).isdisjoint(ended)


def _drain(note: str) -> Drain | None:
    ray_id, _, rest = note.partition(" ")
    deadline, _, told = rest.partition(" ")
    return Drain(ray_id, float(deadline), told == TOLD) if deadline else None


def _filled(note: str) -> Iterator[tuple[str, str]]:
    for one in note.split():
        secret, _, contents = one.partition("=")
        yield f"Secret/{secret}", contents


def _seats(pods: list[Pod]) -> dict[str, Seat]:
    """Every pod's seat: the one noted on it, or for a pod that another operator made the lowest that is free."""
    seats = {pod.metadata.name: noted for pod in pods if (noted := noted_seat(pod)) is not None}
    taken = {
        (pod.metadata.labels.get(GROUP), seats[pod.metadata.name].number) for pod in pods if pod.metadata.name in seats
    }
    for pod in sorted(pods, key=_replica_and_host):
        if pod.metadata.name not in seats:
            group = pod.metadata.labels.get(GROUP)
            number = next(number for number in range(len(pods) + len(taken)) if (group, number) not in taken)
            taken.add((group, number))
            seats[pod.metadata.name] = Seat(number)
    return seats


def _replica_and_host(pod: Pod) -> tuple[str, int]:
    host = pod.metadata.labels.get(HOST_INDEX, "")
    return pod.metadata.labels.get(REPLICA, ""), int(host) if host.isdecimal() else 0


def noted_seat(pod: Pod) -> Seat | None:
    """The seat that whoever made the pod noted on it; None where another operator did."""
    number, _, life = pod.metadata.annotations.get(SEAT, "").partition(".")
    return Seat(int(number), int(life)) if number.isdecimal() and life.isdecimal() else None
