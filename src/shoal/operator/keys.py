"""What lets the operator in to a cluster's GCS: the cluster's token, and a certificate of its authority."""

import base64
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import SECRETS
from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS, AUTHORITY_VOLUME
from shoal.errors import ActionFailed
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Observed

TOKEN_VARIABLE = "RAY_AUTH_TOKEN"  # noqa: S105


class SecretMissing(ActionFailed):
    """The Secret that a cluster's token, or its authority for TLS, is in, or its key, is not there: Ray can't be asked.

    `kubectl get secret` in the cluster's namespace lists those there are; authOptions.secretName of the RayCluster says
    which token is meant. The operator makes one by itself when the manifest names none, and always the authority.
    """

    code = "E722"


class _Secret(Wire, frozen=True):
    data: dict[str, str] = {}


class _Known(msgspec.Struct):
    """What is remembered of one cluster. tokens: by Secret and key. tls: None where it isn't known yet, or needed."""

    uid: str
    tokens: dict[tuple[str, str], str] = {}
    tls: ssl.SSLContext | None = None


class Keys:
    """Of every cluster, each read once. They are never told. now: UTC."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._clusters: dict[Key, _Known] = {}

    def remember(self, observed: Observed, secret: str, values: Mapping[str, str]) -> None:
        """A Secret was made for this cluster with these values, so it need not be read."""
        known = self._known(observed)
        if set(AUTHORITY_KEYS) <= values.keys():
            known.tls = _connects(values, self._now())
            return
        for key, value in values.items():
            known.tokens[secret, key] = value

    def forget(self, key: Key) -> None:
        """The cluster is gone, or what is known of it is wrong."""
        self._clusters.pop(key, None)

    def doubt_tls(self, observed: Observed) -> None:
        """Nobody answered: the authority may be another one by now."""
        self._known(observed).tls = None

    async def token(self, observed: Observed, desired: DesiredCluster) -> str:
        """The cluster's token, "" where it asks for none. Raises SecretMissing, and what a read raises."""
        source = token_source(desired)
        if source is None:
            return ""
        known = self._known(observed)
        if source not in known.tokens:
            name, key = source
            known.tokens[source] = (await self._read(observed, name, (key,)))[key]
        return known.tokens[source]

    async def tls(self, observed: Observed, desired: DesiredCluster) -> ssl.SSLContext | None:
        """What connects to the cluster, None where that is plain. Raises SecretMissing, and what a read raises."""
        authority = authority_source(desired)
        if not authority:
            return None
        known = self._known(observed)
        if known.tls is None:
            known.tls = _connects(await self._read(observed, authority, AUTHORITY_KEYS), self._now())
        return known.tls

    async def _read(self, observed: Observed, name: str, keys: Iterable[str]) -> dict[str, str]:
        namespace = observed.resource.metadata.namespace
        try:
            secret = await self._client.get(SECRETS, namespace, name, _Secret)
            return {key: base64.b64decode(secret.data[key]).decode() for key in keys}
        except (NotFound, KeyError) as error:
            wanted = " or ".join(map(repr, keys))
            raise SecretMissing(f"there is no key {wanted} in a Secret {name!r}", where=namespace) from error

    def _known(self, observed: Observed) -> _Known:
        """Of this very RayCluster, and no earlier one of its name."""
        meta = observed.resource.metadata
        known = self._clusters.get((meta.namespace, meta.name))
        if known is None or known.uid != meta.uid:
            known = self._clusters[meta.namespace, meta.name] = _Known(meta.uid)
        return known


def token_source(desired: DesiredCluster) -> tuple[str, str] | None:
    """The Secret, and its key, from which the head's own container has its token; None where it has none."""
    containers: list[dict[str, Any]] = _head_pod(desired).get("containers", [])
    for variable in containers[0].get("env", []) if containers else []:
        source = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if variable.get("name") == TOKEN_VARIABLE and source:
            return source["name"], source["key"]
    return None


def authority_source(desired: DesiredCluster) -> str:
    """The Secret with the authority that the head's own certificate comes from; "" where it has none."""
    volumes: list[dict[str, Any]] = _head_pod(desired).get("volumes") or []
    return next((volume["secret"]["secretName"] for volume in volumes if volume["name"] == AUTHORITY_VOLUME), "")


def _head_pod(desired: DesiredCluster) -> dict[str, Any]:
    spec: dict[str, Any] = desired.template(desired.head).get("spec", {}) if desired.head else {}
    return spec


def _connects(authority: Mapping[str, str], now: datetime) -> ssl.SSLContext:
    """Raises SecretMissing for a Secret that holds something else."""
    from shoal.backends.kubernetes.certificates import client_context  # its memory is for those that ask for TLS

    try:
        return client_context(authority, now)
    except ValueError as error:
        raise SecretMissing(f"the Secret of the authority for TLS holds none: {error}") from error
