"""What namespaces let their clusters have: asked only for clusters that want more than ordinary pods."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.consent import consent_of
from shoal.backends.kubernetes.errors import Forbidden
from shoal.world.kubernetes import Consent

BELIEVED = timedelta(seconds=30)
"""How long the last answer counts."""


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
            return await consent_of(self._client, namespace)
        except Forbidden:
            return Consent()
