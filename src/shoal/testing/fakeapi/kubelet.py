"""Scheduler and kubelet: what happens to pods, step by step, when a test says so."""

from collections.abc import Callable
from typing import Any

from shoal.testing.fakeapi.inside import Inside
from shoal.testing.fakeapi.server import Server
from shoal.testing.fakeapi.state import stamp
from shoal.testing.fakeapi.store import Obj

PODS = "pods"
Chosen = Callable[[Obj], bool]
JsonObject = dict[str, Any]


def any_pod(pod: Obj) -> bool:
    """Every one."""
    return True


class Kubelet:
    """node: the name of the one node. Pods that failed in one of its ways stay so until another step moves them."""

    def __init__(self, server: Server, now: Callable[[], float], node: str = "node1") -> None:
        self.node = node
        self._now = now
        self._scheduler = Inside(server, now, "kube-scheduler")
        self._kubelet = Inside(server, now, "kubelet")
        self._addresses = 0

    def act(self) -> None:
        """Run what waits and end what shall end."""
        self.run_pods()
        self.end_pods()

    def pods(self, chosen: Chosen = any_pod) -> list[Obj]:
        """The pods that are not being deleted."""
        return [pod for pod in self._kubelet.all(PODS) if "deletionTimestamp" not in pod["metadata"] and chosen(pod)]

    def pod(self, name: str, namespace: str = "default") -> Obj:
        """The pod of that name. Raises LookupError."""
        for pod in self._kubelet.all(PODS):
            if (pod["metadata"]["namespace"], pod["metadata"]["name"]) == (namespace, name):
                return pod
        raise LookupError(f"{namespace}/{name}")

    def run_pods(self, chosen: Chosen = any_pod) -> None:
        """Schedule pods, start them and make them Ready, once their Secrets are there.

        Those that got stuck in a way of this class are left alone.
        """
        for pod in self.pods(chosen):
            if pod["status"].get("phase", "Pending") == "Pending" and not _is_stuck(pod):
                missing = [name for name in secrets_of(pod) if not self._exists("secrets", pod, name)]
                if missing:
                    self.without_secret(pod, missing[0])
                else:
                    self.ready(self.start(self.schedule(pod)))

    def end_pods(self, chosen: Chosen = any_pod) -> None:
        """End the pods that are being deleted, without waiting for their grace period."""
        for pod in self._kubelet.all(PODS):
            if "deletionTimestamp" in pod["metadata"] and not pod["metadata"].get("finalizers") and chosen(pod):
                self._kubelet.drop(PODS, pod)

    def schedule(self, pod: Obj) -> Obj:
        """Give the pod its node."""
        if pod["spec"].get("nodeName"):
            return pod
        bound = {**pod, "spec": {**pod["spec"], "nodeName": self.node}}
        status = {**pod["status"], "conditions": self._conditions(pod, PodScheduled=("True", "", ""))}
        self._scheduler.server.state.now = self._now()
        store = self._scheduler.server.state.store
        pod = store.put(PODS, {**bound, "status": status})
        self._scheduler.server.wake()
        return pod

    def start(self, pod: Obj) -> Obj:
        """Start the containers, not yet ready."""
        self._addresses += 1
        address = f"10.244.{self._addresses // 250}.{self._addresses % 250 + 1}"
        time = stamp(self._now())
        running = {"running": {"startedAt": time}}
        done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": time, "finishedAt": time}}
        return self._set(
            pod,
            phase="Running",
            podIP=address,
            podIPs=[{"ip": address}],
            hostIP="10.0.0.1",
            hostIPs=[{"ip": "10.0.0.1"}],
            startTime=time,
            initContainerStatuses=[_container(one, done, ready=True) for one in pod["spec"].get("initContainers", ())],
            containerStatuses=[_container(one, running, started=True) for one in pod["spec"]["containers"]],
            conditions=self._conditions(
                pod,
                PodReadyToStartContainers=("True", "", ""),
                Initialized=("True", "", ""),
                Ready=("False", "ContainersNotReady", "containers with unready status"),
                ContainersReady=("False", "ContainersNotReady", "containers with unready status"),
            ),
        )

    def ready(self, pod: Obj) -> Obj:
        """The probes pass."""
        statuses = [{**status, "ready": True} for status in pod["status"].get("containerStatuses", ())]
        conditions = self._conditions(pod, Ready=("True", "", ""), ContainersReady=("True", "", ""))
        return self._set(pod, containerStatuses=statuses, conditions=conditions)

    def unready(self, pod: Obj) -> Obj:
        """The probes fail."""
        statuses = [{**status, "ready": False} for status in pod["status"].get("containerStatuses", ())]
        why = ("False", "ContainersNotReady", "containers with unready status")
        return self._set(
            pod, containerStatuses=statuses, conditions=self._conditions(pod, Ready=why, ContainersReady=why)
        )

    def fail(self, pod: Obj, reason: str = "Error", message: str = "", exit_code: int = 1) -> Obj:
        """All containers end, the pod is Failed; as an eviction with reason ``Evicted``."""
        return self._end(pod, "Failed", {"exitCode": exit_code, "reason": reason, "message": message})

    def succeed(self, pod: Obj) -> Obj:
        """All containers end with 0."""
        return self._end(pod, "Succeeded", {"exitCode": 0, "reason": "Completed"})

    def _end(self, pod: Obj, phase: str, terminated: JsonObject) -> Obj:
        time = stamp(self._now())
        state = {"terminated": {**terminated, "startedAt": time, "finishedAt": time}}
        more = {name: terminated[name] for name in ("reason", "message") if phase == "Failed" and terminated.get(name)}
        why = ("False", "PodFailed" if phase == "Failed" else "PodCompleted", "")
        return self._set(
            pod,
            phase=phase,
            containerStatuses=[_container(one, state) for one in pod["spec"]["containers"]],
            conditions=self._conditions(pod, Ready=why, ContainersReady=why),
            **({} if more.get("reason") in (None, "Error") else more),
        )

    def end_container(self, pod: Obj, name: str, exit_code: int = 1) -> Obj:
        """One container ends, and is not started again."""
        state = {"terminated": {"exitCode": exit_code, "reason": "Error"}}
        statuses = [
            {**status, "ready": False, "state": state} if status["name"] == name else status
            for status in pod["status"]["containerStatuses"]
        ]
        why = ("False", "ContainersNotReady", "containers with unready status")
        return self._set(
            pod, containerStatuses=statuses, conditions=self._conditions(pod, Ready=why, ContainersReady=why)
        )

    def crash(self, pod: Obj, exit_code: int = 1, message: str = "") -> Obj:
        """The first container ends and waits to be started again."""
        ended = {"terminated": {"exitCode": exit_code, "reason": "Error", "message": message}}
        name = pod["spec"]["containers"][0]["name"]
        known = pod["status"].get("containerStatuses") or [_container(pod["spec"]["containers"][0], {})]
        first = next(one for one in known if one["name"] == name)
        others = [one for one in known if one["name"] != name]
        waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
        count = first["restartCount"] + 1
        first = {**first, "ready": False, "restartCount": count, "state": waits, "lastState": ended}
        why = ("False", "ContainersNotReady", "containers with unready status")
        conditions = self._conditions(pod, Ready=why, ContainersReady=why)
        return self._set(pod, phase="Running", containerStatuses=[first, *others], conditions=conditions)

    def image_pull_error(self, pod: Obj, message: str = "not found") -> Obj:
        """The image of the first container can't be had."""
        pod = self.schedule(pod)
        text = f'Back-off pulling image "{pod["spec"]["containers"][0].get("image", "")}": {message}'
        waits = {"waiting": {"reason": "ImagePullBackOff", "message": text}}
        creating = {"waiting": {"reason": "ContainerCreating"}}
        states = [waits, *([creating] * (len(pod["spec"]["containers"]) - 1))]
        pairs = zip(pod["spec"]["containers"], states, strict=True)
        return self._set(pod, containerStatuses=[_container(one, state) for one, state in pairs])

    def without_secret(self, pod: Obj, name: str) -> Obj:
        """A Secret is missing: of a volume, and nothing is started, or of a variable, and the first container isn't."""
        pod = self.schedule(pod)
        state = {"waiting": {"reason": "ContainerCreating"}}
        is_of_volume = any(source["secretName"] == name for source in _secrets_of_volumes(pod))
        if not is_of_volume:
            state = {"waiting": {"reason": "CreateContainerConfigError", "message": f'secret "{name}" not found'}}
        return self._set(
            pod,
            conditions=self._conditions(pod, PodReadyToStartContainers=(str(not is_of_volume), "", "")),
            containerStatuses=[_container(one, state) for one in pod["spec"]["containers"]],
        )

    def unschedulable(self, pod: Obj, message: str = "0/1 nodes are available: 1 Insufficient cpu.") -> Obj:
        """No node takes the pod."""
        conditions = self._conditions(pod, PodScheduled=("False", "Unschedulable", message))
        return self._set(pod, conditions=conditions)

    def _exists(self, resource: str, pod: Obj, name: str) -> bool:
        return self._kubelet.server.state.store.get(resource, pod["metadata"]["namespace"], name) is not None

    def _set(self, pod: Obj, **status: Any) -> Obj:
        if "containerStatuses" in status:
            status["containerStatuses"] = sorted(status["containerStatuses"], key=lambda one: str(one["name"]))
        return self._kubelet.put(PODS, pod, {**pod, "status": {**pod["status"], **status}}, "status")

    def _conditions(self, pod: Obj, **said: tuple[str, str, str]) -> list[JsonObject]:
        known = {one["type"]: one for one in pod["status"].get("conditions", ())}
        time = stamp(self._now())
        for type_, (status, reason, message) in said.items():
            same = known.get(type_, {}).get("status") == status
            new = {"type": type_, "status": status, "lastProbeTime": None}
            new["lastTransitionTime"] = known[type_]["lastTransitionTime"] if same else time
            new |= ({"reason": reason} if reason else {}) | ({"message": message} if message else {})
            known[type_] = new
        return list(known.values())


def secrets_of(pod: Obj) -> list[str]:
    """Names of the Secrets that a pod can't start without."""
    names = [source["secretName"] for source in _secrets_of_volumes(pod) if not source.get("optional")]
    for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            if source and not source.get("optional"):
                names.append(source["name"])
    return list(dict.fromkeys(names))


def _secrets_of_volumes(pod: Obj) -> list[JsonObject]:
    return [volume["secret"] for volume in pod["spec"].get("volumes", ()) if "secret" in volume]


def _container(container: JsonObject, state: JsonObject, *, ready: bool = False, started: bool = False) -> JsonObject:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "started": started,
        "state": state,
        "lastState": {},
    }


def _is_stuck(pod: Obj) -> bool:
    """Whether it is where only another step takes it out of."""
    waiting = [one["state"].get("waiting", {}).get("reason") for one in pod["status"].get("containerStatuses", ())]
    unscheduled = [one for one in pod["status"].get("conditions", ()) if one.get("reason") == "Unschedulable"]
    return bool(unscheduled) or "ImagePullBackOff" in waiting
