"""What namespaces let their clusters have: asked only for clusters that want more than ordinary pods."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import ADMISSION_BINDINGS, NAMESPACES
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Consent, Meta

BELIEVED = timedelta(seconds=30)
"""How long the last answer counts."""


class _Kept(Wire, frozen=True):
    metadata: Meta


class _Answer(msgspec.Struct, frozen=True):
    consent: Consent
    until: datetime


class Consents:
    """The word of each namespace, remembered for a while. now: UTC."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._answers: dict[str, _Answer] = {}

    async def of(self, namespace: str) -> Consent:
        """Raises what a read raises, but for Forbidden: who may not ask has no consent."""
        known = self._answers.get(namespace)
        if known is None or known.until <= self._now():
            known = self._answers[namespace] = _Answer(await self._ask(namespace), self._now() + BELIEVED)
        return known.consent

    async def _ask(self, namespace: str) -> Consent:
        try:
            meta = (await self._client.get(NAMESPACES, "", namespace, _Kept)).metadata
        except (Forbidden, NotFound):
            return Consent()
        return Consent(meta.labels, meta.annotations)


async def is_policy_bound(client: Client, policy: str) -> bool:
    """Whether the API server itself refuses clusters that ask for more than their authors may have.

    policy: the name of what binds it to that. Who may not look takes it that nobody judges.
    """
    try:
        bound = await client.get(ADMISSION_BINDINGS, "", policy, _Kept)
    except (Forbidden, NotFound):
        return False
    return bound.metadata.deletion_timestamp is None
