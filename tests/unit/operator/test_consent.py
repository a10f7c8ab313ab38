"""What is known of a namespace's consent, and whether the API server judges by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.consent import is_policy_bound
from shoal.backends.kubernetes.resources import NAMESPACES
from shoal.backends.kubernetes.transport import Request, Response
from shoal.operator.consent import BELIEVED, Consents
from shoal.testing.fakeapi import FakeApi, Fault
from shoal.world.kubernetes import Consent

NOTE = {"shoal.dev/allow-powers": "host-path"}
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_namespace_is_asked_again_after_a_while() -> None:
    api, now = FakeApi(), [START]

    async def scenario() -> None:
        consents = Consents(Client(api), lambda: now[0])
        assert (await consents.of("default")).annotations == {}
        await Client(api).merge(NAMESPACES, "", "default", {"metadata": {"annotations": NOTE}}, Ignored)
        assert (await consents.of("default")).annotations == {}
        now[0] += BELIEVED + timedelta(seconds=1)
        assert (await consents.of("default")).annotations == NOTE

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [403, 404])
def test_who_may_not_look_has_no_consent(status: int) -> None:
    api = FakeApi()
    api.faults = lambda request, number: Fault(status)
    assert asyncio.run(Consents(Client(api), lambda: START).of("default")) == Consent()


class OneAnswer:
    """An API server that knows one path."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def send(self, request: Request) -> Response:
        if request.path == self.path:
            return Response(200, msgspec.json.encode({"metadata": {"name": "shoal-operator"}}))
        status = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "message": "none"}
        return Response(404, msgspec.json.encode(status))


def test_the_policy_counts_only_where_it_is_bound() -> None:
    server = OneAnswer("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/shoal-operator")
    client = Client(server)  # type: ignore[arg-type]
    assert asyncio.run(is_policy_bound(client, "shoal-operator"))
    assert not asyncio.run(is_policy_bound(client, "shoal-operator-team"))
