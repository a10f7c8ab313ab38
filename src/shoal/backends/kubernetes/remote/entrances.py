"""What stands in an entrance's way, and what there is of all that it names, as far as its author may read that."""

from collections.abc import Mapping

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import GATEWAYS, INGRESSCLASSES, NETWORKPOLICIES, SECRETS
from shoal.desired.kubernetes.controllers import GKE_CLASSES
from shoal.desired.kubernetes.exposure import EXPOSURE
from shoal.spec.kubernetes.meta import LabelSelector, ObjectMeta
from shoal.spec.wire import Wire

IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
SCHEMAS = f"/openapi/v3/apis/{GATEWAYS.api_version}"
"""Whoever is let in may read this; the definitions themselves are for few."""


class _Named(Wire, frozen=True):
    metadata: ObjectMeta


class _ClassSpec(Wire, frozen=True):
    controller: str = ""


class _Class(_Named, frozen=True):
    spec: _ClassSpec = _ClassSpec()


class _PolicySpec(Wire, frozen=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()


class _Policy(_Named, frozen=True):
    spec: _PolicySpec = _PolicySpec()


class _Schema(Wire, frozen=True):
    properties: dict[str, "_Schema"] = {}
    items: "_Schema | None" = None


class _Components(Wire, frozen=True):
    schemas: dict[str, _Schema] = {}


class _OpenApi(Wire, frozen=True):
    components: _Components = _Components()


async def controller_of(client: Client, ingress_class: str) -> str | None:
    """Whose a class is, the default one for ""; "" if there is no such class, None if that may not be read."""
    if ingress_class in GKE_CLASSES:
        return ""
    try:
        if ingress_class:
            return (await client.get(INGRESSCLASSES, "", ingress_class, _Class)).spec.controller
        classes = await client.list(INGRESSCLASSES, _Class)
    except NotFound:
        return ""
    except Forbidden:
        return None
    chosen = [found for found in classes.items if found.metadata.annotations.get(IS_DEFAULT) == "true"]
    # Of several the API server takes the newest.
    newest = max(chosen, key=lambda found: str(found.metadata.creation_timestamp), default=_Class(ObjectMeta()))
    return newest.spec.controller


async def has_secret(client: Client, namespace: str, name: str) -> bool | None:
    """Whether a Secret is there; None if that may not be read."""
    try:
        await client.get(SECRETS, namespace, name, _Named)
    except NotFound:
        return False
    except Forbidden:
        return None
    return True


async def has_timeouts(client: Client) -> bool:
    """Whether the Gateway API there knows timeouts of a route; taken for granted where it doesn't say what it knows."""
    try:
        schemas = (await client.read(SCHEMAS, _OpenApi)).components.schemas
    except (NotFound, Forbidden):
        return True
    routes = [schema for name, schema in schemas.items() if name.endswith(".HTTPRoute")]
    rules = [route.properties.get("spec", _Schema()).properties.get("rules", _Schema()).items for route in routes]
    return all("timeouts" in rule.properties for rule in rules if rule is not None)


async def is_closed(client: Client, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a NetworkPolicy of somebody else lets only those in to a pod with these labels whom one names."""
    policies = await client.list(NETWORKPOLICIES, _Policy, namespace=namespace)
    return any(_closes(policy, labels) for policy in policies.items)


def _closes(policy: _Policy, labels: Mapping[str, str]) -> bool:
    """Whether it lets only those in to a pod with these labels whom a policy names."""
    spec = policy.spec
    is_ours = EXPOSURE in policy.metadata.labels
    return not is_ours and "Ingress" in (spec.policy_types or ("Ingress",)) and _selects(spec.pod_selector, labels)


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for asked in selector.match_expressions:
        is_in = labels.get(asked.key) in asked.values if asked.values else asked.key in labels
        if is_in == (asked.operator in ("NotIn", "DoesNotExist")):
            return False
    return True
