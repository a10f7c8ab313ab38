"""Which kinds an API server has."""

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import Resource
from shoal.spec.wire import Wire


class _Kind(Wire, frozen=True):
    name: str = ""


class _Kinds(Wire, frozen=True):
    resources: tuple[_Kind, ...] = ()


async def serves(client: Client, resource: Resource) -> bool:
    """Whether the API server knows ``resource``, in this version. Raises what a read raises, but for NotFound."""
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    try:
        found = await client.read(root, _Kinds)
    except NotFound:
        return False
    return any(kind.name == resource.plural for kind in found.resources)
