"""Put the operator onto a cluster, or bring the one that is there to what is asked for."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import CRDS, resource_of
from shoal.errors import ActionFailed
from shoal.install.check import Check
from shoal.install.facts import Definition, Facts
from shoal.install.manifests import Manifest, to_apply
from shoal.install.options import Options
from shoal.install.preflight import failed
from shoal.runtime.clock import Clock
from shoal.runtime.installation.objects import installed_objects, place_of
from shoal.runtime.installation.waiting import until

Report: TypeAlias = Callable[[str], None]
"""Told one line for each thing that is done."""


class NotReady(ActionFailed):
    """Something was found for which the operator should not be installed. Nothing was changed.

    Each line of `shoal operator preflight` names a next step. With --skip-preflight it is installed all the same.
    """

    code = "E750"


class Applied(msgspec.Struct, frozen=True):
    """One object. change: ``created``, ``changed``, ``unchanged`` or ``removed``; place: NAMESPACE/NAME, or NAME."""

    change: str
    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.change}: {self.kind} {self.place}"


def refuse(found: Sequence[Check]) -> None:
    """Raises NotReady if a check has failed."""
    failures = failed(tuple(found))
    if failures:
        first = failures[0]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise NotReady(f"not installed: {first.says}{more}", where=first.check, next_step=first.next_step)


async def install(client: Client, options: Options, facts: Facts, clock: Clock, report: Report) -> tuple[Applied, ...]:
    """Apply all manifests, then remove what an earlier installation had and this one has not.

    Each object is brought to its manifest by itself, so that doing it again goes on where it was cut off. Raises
    ApiError, ApiUnreachable, DeadlineExceeded.
    """
    manifests = to_apply(options, facts)
    done = []
    for manifest in manifests:
        done.append(await _apply(client, manifest))
        report(str(done[-1]))
        if manifest["kind"] == CRDS.kind:
            await _until_established(client, manifest["metadata"]["name"], clock)
    wanted = {(one["kind"], place_of(one["metadata"])) for one in manifests}
    try:
        return (*done, *await _prune(client, options, wanted, report))
    except Forbidden as refusal:
        report(f"whether an earlier installation left something can't be seen: {refusal.message}")
        return tuple(done)


async def _prune(client: Client, options: Options, wanted: set[tuple[str, str]], report: Report) -> list[Applied]:
    """Remove what bears the label of this installation and is not wanted: a role that watched another namespace."""
    found = [one async for one in installed_objects(client, options.namespace)]
    done = []
    for resource, meta in found:
        place = place_of({"namespace": meta.namespace, "name": meta.name})
        if (resource.kind, place) not in wanted:
            await client.delete(resource, meta.namespace, meta.name)
            done.append(Applied("removed", resource.kind, place))
            report(f"{done[-1]}, left by an earlier installation")
    return done


async def _apply(client: Client, manifest: Manifest) -> Applied:
    resource, meta = resource_of(manifest), manifest["metadata"]
    at = (resource, meta.get("namespace", ""), meta["name"])
    try:
        before = _said(await client.get(*at, dict))
    except NotFound:
        before = {}
    after = _said(await client.apply(*at, manifest, dict))
    change = "created" if not before else "unchanged" if before == after else "changed"
    return Applied(change, resource.kind, place_of(meta))


def _said(found: dict[str, Any]) -> dict[str, Any]:
    """What people say of an object, without what the API server and its controllers add by themselves."""
    meta = {key: found["metadata"].get(key) for key in ("labels", "annotations")}
    return {key: value for key, value in found.items() if key not in ("metadata", "status")} | meta


async def _until_established(client: Client, name: str, clock: Clock) -> None:
    async def look() -> str:
        found = await client.get(CRDS, "", name, Definition)
        return "" if found.is_established else f"the API server does not serve {name} yet"

    await until(look, clock, timeout_s=30.0)
