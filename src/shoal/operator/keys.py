"""What lets the operator in to a cluster's GCS: the cluster's token, and a certificate of its authority.

Nobody may list Secrets, so no watch tells what becomes of them: they are looked for by name, now and then.
"""

import base64
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.manifests import Contents
from shoal.backends.kubernetes.resources import SECRETS
from shoal.backends.kubernetes.store import Key
from shoal.desired.cluster import DesiredCluster
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS
from shoal.errors import ActionFailed
from shoal.spec.wire import Wire
from shoal.world.kubernetes import CLUSTER, CONTENTS, Meta, Observed, Shared

NONE: frozenset[str] = frozenset()
BELIEVED_S = 30.0
"""How long a Secret that was there is taken to be still there."""


class SecretMissing(ActionFailed):
    """The Secret that a cluster's token, or its authority for TLS, is in, or its key, is not there: Ray can't be asked.

    `kubectl get secret` in the cluster's namespace lists those there are; authOptions.secretName of the RayCluster says
    which token is meant. The operator makes one by itself when the manifest names none, and always the authority; one
    that is deleted while it runs it makes again as it was. If none ran then, nobody knows what was in it: the operator
    fills it anew, and makes the cluster's pods anew, which have what was in it before.
    """

    code = "E722"


class _Secret(Wire, frozen=True):
    metadata: Meta
    data: dict[str, str] = {}


class _Known(msgspec.Struct):
    """What is remembered of one cluster.

    secrets: what is in each. seen: when each was there last, in seconds since 1970. gone: those that were not there any
    more. tls: None where it isn't known yet, or needed.
    """

    uid: str
    secrets: dict[str, Contents] = {}
    seen: dict[str, float] = {}
    gone: set[str] = set()
    tls: ssl.SSLContext | None = None


class Keys:
    """Of every cluster. They are told to nobody but the Secret that they were in. now: UTC.

    cache: where all else looks for what is known of Secrets.
    """

    def __init__(self, client: Client, cache: Cache, now: Callable[[], datetime]) -> None:
        self._client = client
        self._cache = cache
        self._now = now
        self._clusters: dict[Key, _Known] = {}

    def contents(self, observed: Observed, secret: str) -> Contents | None:
        """What is, or was, in a Secret of the cluster; None where nobody knows."""
        return self._known(observed).secrets.get(secret)

    def is_there(self, observed: Observed, found: Shared, contents: Contents | None = None) -> None:
        """The API server has just shown it. contents: what is in it, where that was seen."""
        known, secret, cluster = self._known(observed), found.metadata.name, observed.resource.metadata
        known.seen[secret] = self._seconds()
        known.gone.discard(secret)
        if found.metadata.labels.get(CLUSTER) == cluster.name:
            self._cache.shared(SECRETS.kind, cluster.namespace).wrote(found)
        before = known.secrets.get(secret)
        if contents is None and before is not None and before.name == found.metadata.annotations.get(CONTENTS, ""):
            contents = before
        if contents is None:
            known.secrets.pop(secret, None)
        else:
            known.secrets[secret] = contents
        if contents != before:
            known.tls = None

    def is_gone(self, observed: Observed, secret: str) -> None:
        """The API server has just said so."""
        self._known(observed).gone.add(secret)
        namespace = observed.resource.metadata.namespace
        self._cache.shared(SECRETS.kind, namespace).forget((namespace, secret))

    def doubted(self, key: Key) -> frozenset[str]:
        """Secrets of a cluster that nobody has looked for in a while."""
        seen = self._clusters[key].seen if key in self._clusters else {}
        return frozenset(name for name in seen if not self._is_believed(seen[name])) if seen else NONE

    def gone(self, observed: Observed) -> frozenset[str]:
        """Secrets of the cluster that are gone."""
        return frozenset(self._known(observed).gone)

    def forget(self, key: Key) -> None:
        """The cluster is gone."""
        self._clusters.pop(key, None)

    def doubt(self, observed: Observed) -> None:
        """Ray does not want what is known."""
        known = self._known(observed)
        known.secrets.clear()
        known.seen = dict.fromkeys(known.seen, 0.0)
        known.tls = None

    def doubt_tls(self, observed: Observed) -> None:
        """Nobody answered: the authority may be another one by now."""
        known = self._known(observed)
        if known.tls is not None:
            known.tls = None
            known.seen = dict.fromkeys(known.seen, 0.0)

    async def token(self, observed: Observed, desired: DesiredCluster) -> str:
        """The cluster's token as Ray takes it, without what surrounds it; "" where it asks for none.

        Raises SecretMissing, and what a read raises.
        """
        if desired.token is None:
            return ""
        name, key = desired.token
        return (await self._read(observed, name, (key,)))[key].strip()

    async def tls(self, observed: Observed, desired: DesiredCluster) -> ssl.SSLContext | None:
        """What connects to the cluster, None where that is plain. Raises SecretMissing, and what a read raises."""
        if not desired.authority:
            return None
        values = await self._read(observed, desired.authority, AUTHORITY_KEYS)
        known = self._known(observed)
        if known.tls is None:
            known.tls = _connects(values, self._now())
        return known.tls

    async def _read(self, observed: Observed, name: str, keys: Iterable[str]) -> Mapping[str, str]:
        """Now and then anew: what was deleted is to be missed, and what was changed, noticed."""
        known, namespace = self._known(observed), observed.resource.metadata.namespace
        held = known.secrets.get(name)
        if held is not None and self._is_believed(known.seen.get(name, 0.0)):
            return held.values
        try:
            secret = await self._client.get(SECRETS, namespace, name, _Secret)
            values = {key: base64.b64decode(secret.data[key]).decode() for key in keys}
        except (NotFound, KeyError, ValueError) as error:
            if isinstance(error, NotFound):
                self.is_gone(observed, name)
            if held is not None:
                return held.values  # its nodes still have it
            wanted = " or ".join(map(repr, keys))
            lacks = "text under" if isinstance(error, ValueError) else "key"
            raise SecretMissing(f"there is no {lacks} {wanted} in a Secret {name!r}", where=namespace) from error
        contents = Contents(values, secret.metadata.annotations.get(CONTENTS, ""))
        self.is_there(observed, Shared(secret.metadata), contents)
        return values

    def _is_believed(self, seen: float) -> bool:
        return seen >= self._seconds() - BELIEVED_S

    def _seconds(self) -> float:
        return self._now().timestamp()

    def _known(self, observed: Observed) -> _Known:
        """Of this very RayCluster, and no earlier one of its name."""
        meta = observed.resource.metadata
        known = self._clusters.get((meta.namespace, meta.name))
        if known is None or known.uid != meta.uid:
            known = self._clusters[meta.namespace, meta.name] = _Known(meta.uid)
        return known


def _connects(authority: Mapping[str, str], now: datetime) -> ssl.SSLContext:
    """Raises SecretMissing for a Secret that holds something else."""
    from shoal.backends.kubernetes.certificates import client_context  # its memory is for those that ask for TLS

    try:
        return client_context(authority, now)
    except ValueError as error:
        raise SecretMissing(f"the Secret of the authority for TLS holds none: {error}") from error
