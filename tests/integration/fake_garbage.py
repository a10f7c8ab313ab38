"""Random families of objects that own one another, and what is left of them when some are deleted."""

import asyncio
import time
from random import Random
from typing import Any

import msgspec

from integration.fake_batch import ask, in_turns
from integration.fake_play import Obj, Player
from integration.fake_sequences import JSON, Step
from integration.fake_shapes import one
from shoal.backends.kubernetes.transport import Transport
from shoal.testing.fakeapi.patches import MERGE_PATCH

COLLECTIONS = {
    "configmaps": ("v1", "ConfigMap", "/api/v1/namespaces/NS/configmaps"),
    "secrets": ("v1", "Secret", "/api/v1/namespaces/NS/secrets"),
    "rayclusters.ray.io": ("ray.io/v1", "RayCluster", "/apis/ray.io/v1/namespaces/NS/rayclusters"),
}
SPEC = {
    "managedBy": "kueue.x-k8s.io/multikueue",
    "headGroupSpec": {"template": {"spec": {"containers": [{"name": "h"}]}}, "rayStartParams": {}},
}
SETTLED_S = 90.0
STILL_S = 2.0


class Family(msgspec.Struct, frozen=True):
    """making: what creates the members. breaking: what deletes some of them, and lets go of others."""

    making: list[Step]
    breaking: list[Step]


def family(seed: str) -> Family:
    """A random one."""
    rng = Random(seed)
    members = [f"{rng.choice(list(COLLECTIONS))}/o{i}" for i in range(rng.randint(3, 7))]
    making = [_make(rng, member, members[:i]) for i, member in enumerate(members)]
    breaking = [_break(rng, rng.choice(members)) for _ in range(rng.randint(1, 4))]
    return Family(making, breaking)


def _make(rng: Random, member: str, elders: list[str]) -> Step:
    resource, _, name = member.partition("/")
    version, kind, path = COLLECTIONS[resource]
    owners = rng.sample(elders, k=min(len(elders), rng.choice([0, 1, 1, 1, 2])))
    meta: Obj = {"name": name, "ownerReferences": [_owner(rng, owner) for owner in owners]}
    if rng.random() < 0.2:
        meta["finalizers"] = ["example.com/f"]
    body = {"apiVersion": version, "kind": kind, "metadata": meta}
    return Step("POST", path, member, body | ({"spec": SPEC} if kind == "RayCluster" else {}))


def _owner(rng: Random, owner: str) -> Obj:
    resource, _, name = owner.partition("/")
    version, kind, _ = COLLECTIONS[resource]
    uid = "0d8f5ad6-0000-4000-8000-000000000000" if rng.random() < 0.05 else f"$uid:{owner}"
    reference = {"apiVersion": version, "kind": kind, "name": name, "uid": uid}
    return reference | one(rng, {}, {"blockOwnerDeletion": True})


def _break(rng: Random, member: str) -> Step:
    resource, _, name = member.partition("/")
    path = f"{COLLECTIONS[resource][2]}/{name}"
    if rng.random() < 0.25:
        return Step("PATCH", path, member, {"metadata": {"finalizers": None}}, content_type=MERGE_PATCH)
    policy = one(rng, "Background", "Background", "Foreground", "Orphan")
    return Step("DELETE", path, member, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy})


async def make(transport: Transport, families: dict[str, Family]) -> dict[str, Player]:
    """Create every member of every family, each family in its namespace."""
    players = {namespace: Player(transport, namespace) for namespace in families}
    await in_turns(player.play(families[namespace].making) for namespace, player in players.items())
    return players


async def left(transport: Transport, namespace: str, players: dict[str, Player]) -> dict[str, Any]:
    """What is there now: of each member its owners by name, its finalizers, and whether it is being deleted."""
    known = players[namespace].names()
    found: dict[str, Any] = {}
    for resource, (_, _, path) in COLLECTIONS.items():
        for item in (await ask(transport, "GET", path.replace("NS", namespace), content_type=JSON))["items"]:
            meta = item["metadata"]
            if meta["name"] != "kube-root-ca.crt":
                owners = [known.get(ref["uid"], "nobody") for ref in meta.get("ownerReferences", ())]
                deleting = "deletionTimestamp" in meta
                found[f"{resource}/{meta['name']}"] = (owners, sorted(meta.get("finalizers", ())), deleting)
    return found


async def comes_to(transport: Transport, players: dict[str, Player], wanted: dict[str, Any]) -> dict[str, Any]:
    """Waits until every namespace is and stays as wanted: what is otherwise, by namespace."""
    end = time.monotonic() + SETTLED_S
    still_since = 0.0
    while True:
        found = dict(zip(players, await in_turns(left(transport, name, players) for name in players), strict=True))
        wrong = {name: found[name] for name in players if found[name] != wanted[name]}
        now = time.monotonic()
        still_since = 0.0 if wrong else still_since or now
        if (still_since and now - still_since >= STILL_S) or now > end:
            return wrong
        await asyncio.sleep(0.5)
