"""Pods: started, stopped, drained and taken over."""

from collections.abc import Iterator
from datetime import timedelta

from shoal.backends.kubernetes import manifests
from shoal.backends.kubernetes.errors import AlreadyExists, NotFound
from shoal.backends.kubernetes.resources import PODS
from shoal.backends.kubernetes.work import Work
from shoal.plan.actions import AdoptNode, DrainNode, StartNode, StopNode
from shoal.world.kubernetes import ADOPTED, CONTENTS, DRAIN, EDITION, SEAT, TEMPLATE, TOLD, Pod


async def start(work: Work, action: StartNode) -> None:
    """Create the pod; one of that name that is ours is the one that was asked for."""
    node = action.node
    body = manifests.pod(node, work.desired, work.observed.resource, dict(_filled(work)))
    try:
        made = await work.client.create(PODS, work.namespace, body, Pod)
    except AlreadyExists:
        made = await work.client.get(PODS, work.namespace, node.name, Pod)
        work.refuse_strangers("Pod", made.metadata)
    work.cache.pods(work.namespace).wrote(made)


def _filled(work: Work) -> Iterator[tuple[str, str]]:
    """Of the Secrets that the pod is about to read: theirs, and the name of what is in each."""
    for wanted in work.desired.objects:
        held = work.cache.shared(wanted.kind, work.namespace).get((work.namespace, wanted.name))
        if wanted.generated and held is not None and CONTENTS in held.metadata.annotations:
            yield wanted.name, held.metadata.annotations[CONTENTS]


async def stop(work: Work, action: StopNode) -> None:
    """Delete the very pod that was seen, and no other that got its name since."""
    await work.delete(PODS, work.cache.pods(work.namespace), action.node)


async def announce_drain(work: Work, action: DrainNode, *, told: bool = False) -> None:
    """Note the deadline on the pod: the pod goes then, whether Ray could be told of it or not. told: it was."""
    deadline = work.now() + timedelta(seconds=action.deadline_s)
    note = f"{action.ray_id} {int(deadline.timestamp())}"
    await _note(work, action.node, {DRAIN: f"{note} {TOLD}" if told else note})


async def adopt(work: Work, action: AdoptNode) -> None:
    """Note on a pod of another operator what our own bear."""
    notes = {SEAT: action.seat, TEMPLATE: action.template, EDITION: action.edition}
    # One that came to a cluster of ours, by an operator that was there meanwhile, says nothing of that cluster.
    await _note(work, action.node, notes | ({ADOPTED: "true"} if work.desired.adopted else {}))


async def _note(work: Work, name: str, notes: dict[str, str]) -> None:
    patch = {"metadata": {"annotations": notes}}
    try:
        patched = await work.client.merge(PODS, work.namespace, name, patch, Pod)
    except NotFound:
        return  # it has gone by itself; the watch will say so
    work.cache.pods(work.namespace).wrote(patched)
