"""The API server of one place, as this process reaches it: opened once, when it is first needed."""

import os
import time
from functools import cached_property
from pathlib import Path

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.credentials import CredentialSource
from shoal.backends.kubernetes.http import HttpTransport
from shoal.backends.kubernetes.kubeconfig import Access, access
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.remote.portal import Portal


class Connection:
    """Requests and websockets to the API server that ``access`` names. All of its coroutines run in ``portal``."""

    def __init__(self, access: Access) -> None:
        self.access = access

    @cached_property
    def portal(self) -> Portal:
        """Where everything of this connection runs."""
        portal = Portal()
        portal.at_end(self.sockets.close)
        return portal

    @cached_property
    def client(self) -> Client:
        """The API, typed."""
        return Client(self.sockets)

    async def token(self) -> str:
        """The bearer token of this user, "" if the kubeconfig has another way to say who asks."""
        return (await CredentialSource(self.access, time.time).get()).token

    @cached_property
    def sockets(self) -> HttpTransport:
        """What carries requests, and opens websockets."""
        return HttpTransport(self.access)


def place_of(context: str, namespace: str) -> Place:
    """Where a person means who names these; "" for what is usual. Raises what ``kubeconfig.access`` does."""
    found = access(context=context)
    return Place(_kubeconfig(), found.context, namespace or found.namespace)


def connect(place: Place) -> Connection:
    """Nothing is sent yet. Raises what ``kubeconfig.access`` does."""
    environ = {**os.environ, "KUBECONFIG": place.kubeconfig} if place.kubeconfig else os.environ
    return Connection(access(context=place.context, environ=environ))


def _kubeconfig() -> str:
    """KUBECONFIG as it is meant from any folder."""
    listed = (part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part)
    return os.pathsep.join(str(Path(part).absolute()) for part in listed)
