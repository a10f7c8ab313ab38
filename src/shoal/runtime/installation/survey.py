"""Look at everything that decides whether the operator can be installed. Changes nothing."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import CRDS, DEPLOYMENTS, LEASES, NAMESPACES, RESOURCEQUOTAS, Resource
from shoal.errors import ActionFailed
from shoal.install.check_definitions import CHECK as DEFINITIONS
from shoal.install.check_namespace import NAMESPACE, QUOTA
from shoal.install.check_operators import LEASES as LEASES_CHECK
from shoal.install.check_operators import OPERATORS as OPERATORS_CHECK
from shoal.install.facts import OPERATORS, Definition, Deployment, Facts, Lease, Named, Quota
from shoal.install.leases import KUBERAYS, OURS
from shoal.install.manifests import definitions
from shoal.install.options import Options
from shoal.spec.wire import Wire

T = TypeVar("T")

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICIES = "validatingadmissionpolicies"


class ServerVersion(Wire, frozen=True):
    """Of ``/version``."""

    git_version: str = ""


class ServedResource(Wire, frozen=True):
    name: str


class Served(Wire, frozen=True):
    """An APIResourceList."""

    resources: tuple[ServedResource, ...] = ()


async def survey(client: Client, options: Options, now: str) -> Facts:
    """What is there, without what anybody may do. now: RFC 3339.

    Raises ActionFailed when a request fails for another reason than a missing permission.
    """
    try:
        version = await client.read("/version", ServerVersion)
    except ActionFailed as error:
        return Facts(unreachable=f"{error.where}: {error.what}" if error.where else error.what)
    unseen: dict[str, str] = {}
    kinds = [one["metadata"]["name"] for one in definitions()]
    names = dict.fromkeys((options.namespace, *options.watch))
    namespaces, defined, operators, leases, quotas, admits = await asyncio.gather(
        _seen(unseen, NAMESPACE, _those(client, NAMESPACES, Named, names)),
        _seen(unseen, DEFINITIONS, _those(client, CRDS, Definition, kinds)),
        _seen(unseen, OPERATORS_CHECK, _listed(client, DEPLOYMENTS, Deployment, labels=OPERATORS)),
        _seen(unseen, LEASES_CHECK, _leases(client)),
        _seen(unseen, QUOTA, _listed(client, RESOURCEQUOTAS, Quota, namespace=options.namespace)),
        _admits(client),
    )
    return Facts(
        server=version.git_version,
        namespaces=namespaces,
        definitions=defined,
        operators=operators,
        leases=leases,
        quotas=quotas,
        admits=admits,
        unseen=unseen,
        now=now,
    )


async def _seen(unseen: dict[str, str], check: str, asked: Awaitable[tuple[T, ...]]) -> tuple[T, ...]:
    """What was asked for; noted as unseen, and nothing, for who may not look."""
    try:
        return await asked
    except Forbidden as refusal:
        unseen[check] = refusal.message
        return ()


async def _those(client: Client, resource: Resource, type_: type[T], names: Iterable[str]) -> tuple[T, ...]:
    """Those of the named objects that exist."""
    found = []
    for name in names:
        try:
            found.append(await client.get(resource, "", name, type_))
        except NotFound:
            continue
    return tuple(found)


async def _listed(
    client: Client, resource: Resource, type_: type[T], *, namespace: str = "", labels: str = "", fields: str = ""
) -> tuple[T, ...]:
    return tuple((await client.list(resource, type_, namespace=namespace, labels=labels, fields=fields)).items)


async def _leases(client: Client) -> tuple[Lease, ...]:
    """Of operators for Ray's kinds, everywhere."""
    found = [await _listed(client, LEASES, Lease, fields=f"metadata.name={name}") for name in (KUBERAYS, OURS)]
    return found[0] + found[1]


async def _admits(client: Client) -> bool:
    try:
        served = await client.read(ADMISSION, Served)
    except NotFound:
        return False
    return any(one.name == POLICIES for one in served.resources)
