"""Why a pod does not run: in Kubernetes' own words, with what a person can do about it."""

from collections.abc import Iterator

import msgspec

from shoal.world.kubernetes import ContainerStatus, Pod, Terminated

PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
NOT_PREPARED = "NotPrepared"
CONFIGURING = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")


class Blocker(msgspec.Struct, frozen=True):
    """reason: CamelCase and stable; message: one sentence, no full stop; next_step: imperative, or ""."""

    reason: str
    message: str
    next_step: str


def why_not_running(pod: Pod) -> Blocker:
    """The first thing that keeps ``pod`` from being ready."""
    return next(_blockers(pod), Blocker("ContainersNotReady", _unready(pod), ""))


def _blockers(pod: Pod) -> Iterator[Blocker]:
    status = pod.status
    if status.phase in ("Failed", "Succeeded"):
        yield _ended(pod)
    for condition in status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield _unscheduled(condition.reason, condition.message)
    for container in (*status.init_container_statuses, *status.container_statuses):
        yield from _container(pod.metadata.name, container)
    if pod.spec.restart_policy == "Never":
        yield from _not_restarted(pod)
    if any(known.type == "PodReadyToStartContainers" and known.status == "False" for known in status.conditions):
        step = f"if that lasts, `kubectl describe pod {pod.metadata.name}` says what is missing"
        yield Blocker(NOT_PREPARED, "its machine prepares its volumes and its network", step)
    if not status.conditions:
        yield Blocker("Pending", "the scheduler has not looked at it yet", "")


def _ended(pod: Pod) -> Blocker:
    last = next((status.state.terminated for status in pod.status.container_statuses if status.state.terminated), None)
    said = pod.status.message or _said(last)
    if pod.status.reason == "Evicted":
        return Blocker("Evicted", f"the kubelet evicted it: {said}", "give it the memory and disk that it needs")
    return Blocker(
        pod.status.reason or "PodEnded", f"its pod ended: {said}", f"see `shoal logs` of {pod.metadata.name}"
    )


def _unscheduled(reason: str, message: str) -> Blocker:
    if reason == "SchedulingGated":
        return Blocker("SchedulingGated", "its pod has scheduling gates that something has yet to remove", "")
    step = "free or add a machine that fits, or ask for less in the pod template"
    if "persistentvolumeclaim" in message.lower():
        step = "make the claim, or see what `kubectl get pvc` and `kubectl get storageclass` say of it"
    return Blocker("Unschedulable", f"the scheduler finds no place: {message}", step)


def _container(pod: str, status: ContainerStatus) -> Iterator[Blocker]:
    waiting = status.state.waiting
    if waiting is None:
        return
    if waiting.reason in PULLING:
        step = "mend the image's name or give imagePullSecrets"
        yield Blocker("ImagePull", f"image {status.image!r} can't be pulled: {waiting.message or waiting.reason}", step)
    elif waiting.reason == "CrashLoopBackOff":
        said = _said(status.last_state.terminated)
        step = f"see `kubectl logs {pod} -c {status.name} --previous`"
        yield Blocker("CrashLoop", f"container {status.name!r} ended {status.restart_count} times: {said}", step)
    elif waiting.reason in CONFIGURING:
        yield Blocker("ContainerConfig", f"container {status.name!r} can't be made: {waiting.message}", "")


def _not_restarted(pod: Pod) -> Iterator[Blocker]:
    """Of a container beside Ray's: with Ray's the pod counts as ended."""
    beside = {container.name for container in pod.spec.containers[1:]}
    for status in pod.status.container_statuses:
        if status.name in beside and (ended := status.state.terminated) is not None:
            message = f"container {status.name!r} ended and is not started again: {_said(ended)}"
            yield Blocker("ContainerEnded", message, f"delete pod {pod.metadata.name} and another takes its place")


def _said(ended: Terminated | None) -> str:
    """The last line of what a container left as its message, or its exit code."""
    if ended is None:
        return "it left no message"
    lines = ended.message.strip().splitlines()
    reason = f"{ended.reason}, " if ended.reason and ended.reason != "Error" else ""
    return f"{reason}exit code {ended.exit_code}" + (f": {lines[-1].strip()}" if lines else "")


def _unready(pod: Pod) -> str:
    waiting = [status.name for status in pod.status.init_container_statuses if not status.ready]
    if waiting:
        return f"its init container {waiting[0]!r} is not done"
    names = [status.name for status in pod.status.container_statuses if not status.ready]
    return f"container {names[0]!r} is not ready yet" if names else "its containers are not started yet"
