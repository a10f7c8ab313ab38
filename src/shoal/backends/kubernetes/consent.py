"""What namespaces, and the API server itself, let clusters have that want more than ordinary pods."""

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import ADMISSION_BINDINGS, NAMESPACES
from shoal.spec.wire import Wire
from shoal.world.kubernetes import Consent, Meta


class _Kept(Wire, frozen=True):
    metadata: Meta


async def consent_of(client: Client, namespace: str) -> Consent:
    """What a Namespace says now; one that isn't there allows nothing. Raises what a read raises."""
    try:
        meta = (await client.get(NAMESPACES, "", namespace, _Kept)).metadata
    except NotFound:
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
