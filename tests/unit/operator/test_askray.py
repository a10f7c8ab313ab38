"""How a cluster's GCS is addressed, with which token, and in which words it is said that it doesn't answer."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shoal.backends.kubernetes.cache import Cache
from shoal.backends.kubernetes.certificates import new_authority
from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.manifests import Contents
from shoal.backends.kubernetes.resources import SECRETS
from shoal.desired.cluster import DesiredCluster, DesiredNode, Idle, Lifecycle, Role
from shoal.desired.kubernetes.certificates import AUTHORITY_VOLUME
from shoal.desired.kubernetes.head_keys import authority_source, token_source
from shoal.engine.gcs import GcsUnauthorized, GcsUnreachable, RayNode
from shoal.engine.gcs_async import DrainReason, DrainRefused, Drivers, GcsAt, GcsCalls
from shoal.operator.askray import AskRay
from shoal.operator.keys import Keys, SecretMissing
from shoal.testing.fakeapi import FakeApi
from shoal.world.kubernetes import Meta, Observed, Pod, PodStatus, RayView, Resource, Shared

TOKEN = "a-very-secret-token"
VARIABLE = {"name": "RAY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": {"name": "demo", "key": "auth_token"}}}


class Gcs(GcsCalls):
    """A GCS that answers as it is told. asked: address and token of each question."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.asked: list[tuple[str, str]] = []
        self.drained: list[tuple[str, int, DrainReason]] = []
        self.at_work = False
        self.people = Drivers(0, 0.0)
        self.started = 0.0

    async def alive_nodes(self, at: GcsAt) -> tuple[RayNode, ...]:
        self.asked.append((at.address, at.token))
        if self.error:
            raise self.error
        return (
            RayNode("ab12", True, True, "demo-head-x", "headgroup", "127.0.0.1", {}, {}, self.started),
            RayNode("cd34", True, False, "", "", "127.0.0.1", {}, {}),
        )

    async def drivers(self, at: GcsAt) -> Drivers:
        return self.people

    async def drain_node(self, at: GcsAt, ray_id: str, deadline_s: int, reason: DrainReason) -> None:
        if self.at_work and reason is DrainReason.IDLE:
            raise DrainRefused("it is not idle")
        self.drained.append((ray_id, deadline_s, reason))


def desired(port: int, env: list[dict[str, Any]]) -> DesiredCluster:
    head = DesiredNode("demo-head-x", Role.HEAD, "headgroup", {}, {"gcs": port}, template="t")
    pod = {"spec": {"containers": [{"name": "ray", "env": env}]}}
    return DesiredCluster("demo", "", (head,), token=token_source(pod))


def seen() -> Observed:
    pod = Pod(Meta("demo-head-x", "default", "u", "1"), status=PodStatus("Running", "127.0.0.1"))
    return Observed(Resource(Meta("demo", "default", "r")), (pod,))


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def keys(api: FakeApi, clock: Callable[[], datetime] = now) -> Keys:
    return Keys(Client(api), Cache(lambda key, soon: None), clock)


def secret(name: str) -> Shared:
    return Shared(Meta(name, "default", "s", "1"))


async def listening(gcs: GcsCalls, api: FakeApi, env: list[dict[str, Any]], times: int = 1) -> tuple[RayView, int]:
    """What is learned while something listens on the GCS's port, and that port."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ask = AskRay(keys(api), gcs, now)
        for _ in range(times):
            view = await ask.view(seen(), desired(port, env))
        return view, port


def with_secret(api: FakeApi, token: bytes = TOKEN.encode()) -> FakeApi:
    data = {"auth_token": base64.b64encode(token).decode()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo"}, "data": data}
    asyncio.run(Client(api).create(SECRETS, "default", body, Ignored))
    return api


def test_nodes_are_known_by_the_pod_that_they_run_in() -> None:
    gcs = Gcs()
    view, port = asyncio.run(listening(gcs, FakeApi(), []))
    assert view == RayView({"demo-head-x": "ab12"})
    assert gcs.asked == [(f"127.0.0.1:{port}", "")]


def test_the_token_is_read_once_from_the_secret_that_the_head_has_it_from() -> None:
    gcs, api = Gcs(), with_secret(FakeApi())
    asyncio.run(listening(gcs, api, [VARIABLE], times=3))
    assert [token for _, token in gcs.asked] == [TOKEN] * 3
    assert [request.verb for request in api.requests if request.resource == "secrets"] == ["create", "get"]


def test_a_token_that_we_made_ourselves_is_not_read() -> None:
    gcs, api = Gcs(), FakeApi()

    async def scenario() -> None:
        known = keys(api)
        ask = AskRay(known, gcs, now)
        known.is_there(seen(), secret("demo"), Contents({"auth_token": TOKEN}))
        await ask.drain(seen(), desired(1, [VARIABLE]), "ab12", 30)
        ask.forget(("default", "demo"))
        with pytest.raises(SecretMissing):
            await ask.drain(seen(), desired(1, [VARIABLE]), "ab12", 30)

    asyncio.run(scenario())


def test_a_token_that_is_refused_is_read_again_the_next_time() -> None:
    gcs, api = Gcs(GcsUnauthorized("no")), with_secret(FakeApi())
    view, port = asyncio.run(listening(gcs, api, [VARIABLE], times=2))
    assert view.error == f"Ray's GCS at 127.0.0.1:{port} refuses the token: no"
    assert [request.verb for request in api.requests if request.resource == "secrets"] == ["create", "get", "get"]


def test_a_secret_that_is_not_there_is_named() -> None:
    view, _ = asyncio.run(listening(Gcs(), FakeApi(), [VARIABLE]))
    assert view.error == "there is no key 'auth_token' in a Secret 'demo'"


def test_what_surrounds_a_token_in_its_secret_is_not_told_to_ray() -> None:
    gcs = Gcs()
    view, _ = asyncio.run(listening(gcs, with_secret(FakeApi(), f"{TOKEN}\n".encode()), [VARIABLE]))
    assert not view.error
    assert [token for _, token in gcs.asked] == [TOKEN]


def test_a_token_that_can_not_be_sent_is_shown_to_nobody() -> None:
    view, port = asyncio.run(listening(GcsCalls(), with_secret(FakeApi(), "schlüssel".encode()), [VARIABLE]))
    assert view.error == f"Ray's GCS at 127.0.0.1:{port} refuses the token: the token has characters that can't be sent"


def test_a_secret_of_bytes_that_are_no_text_is_named() -> None:
    view, _ = asyncio.run(listening(Gcs(), with_secret(FakeApi(), b"\xff\x00"), [VARIABLE]))
    assert view.error == "there is no text under 'auth_token' in a Secret 'demo'"


@pytest.mark.parametrize("listens", [True, False])
def test_silence_is_told_in_the_same_words_whatever_causes_it(listens: bool) -> None:
    async def scenario() -> tuple[str, int]:
        gcs = Gcs(GcsUnreachable("something different each time"))
        view, port = await listening(gcs, FakeApi(), [])
        if not listens:
            view = await AskRay(keys(FakeApi()), gcs, now).view(seen(), desired(port, []))
        return view.error, port

    error, port = asyncio.run(scenario())
    assert error == f"Ray's GCS at 127.0.0.1:{port} does not answer"


@pytest.mark.parametrize(
    ("people", "started", "idle_s"),
    [
        (Drivers(1, 0.0), 0.0, None),
        (Drivers(0, now().timestamp() - 40), 0.0, 40),
        (Drivers(0, 0.0), 0.0, 100),
        (Drivers(0, 0.0), now().timestamp() - 30, 30),
        (Drivers(0, now().timestamp() + 5), 0.0, 0),
    ],
    ids=["a driver is attached", "the last one has gone", "there was none yet", "Ray started anew", "clocks differ"],
)
def test_a_cluster_is_idle_since_its_last_driver_or_else_its_head(
    people: Drivers, started: float, idle_s: int | None
) -> None:
    gcs = Gcs()
    gcs.people, gcs.started = people, started
    pod = Pod(Meta("demo-head-x", creation_timestamp="2025-12-31T23:58:20Z"), status=PodStatus("Running", "127.0.0.1"))

    async def scenario() -> RayView:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            wanted = desired(server.sockets[0].getsockname()[1], [])
            wanted = replace(wanted, lifecycle=Lifecycle(idle=Idle(60, "Suspend")))
            return await AskRay(keys(FakeApi()), gcs, now).view(replace(seen(), pods=(pod,)), wanted)

    assert asyncio.run(scenario()).idle_s == idle_s


def with_tls() -> DesiredCluster:
    volumes = [{"name": AUTHORITY_VOLUME, "secret": {"secretName": "demo-ca-secret"}}]
    return replace(desired(1, []), authority=authority_source({"spec": {"volumes": volumes}}))


def test_a_cluster_with_tls_is_asked_with_a_certificate_of_its_authority_which_is_read_once() -> None:
    api = FakeApi()
    pair = new_authority("ray-ca", datetime.now(UTC))
    data = {name: base64.b64encode(value.encode()).decode() for name, value in pair.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo-ca-secret"}, "data": data}

    async def scenario() -> None:
        await Client(api).create(SECRETS, "default", body, Ignored)
        known = keys(api)
        first, second = [await known.tls(seen(), with_tls()) for _ in range(2)]
        assert isinstance(first, ssl.SSLContext)
        assert first is second
        known.doubt_tls(seen())
        assert await known.tls(seen(), with_tls()) is not first

    asyncio.run(scenario())
    assert [request.verb for request in api.requests if request.resource == "secrets"] == ["create", "get", "get"]
    assert asyncio.run(keys(api).tls(seen(), desired(1, []))) is None


def test_an_authority_that_we_made_ourselves_is_not_read() -> None:
    api = FakeApi()
    known = keys(api)
    known.is_there(seen(), secret("demo-ca-secret"), Contents(new_authority("ray-ca", datetime.now(UTC))))
    assert isinstance(asyncio.run(known.tls(seen(), with_tls())), ssl.SSLContext)
    assert api.requests == []


def test_a_secret_that_holds_no_authority_is_named_as_such() -> None:
    known = keys(FakeApi())
    known.is_there(seen(), secret("demo-ca-secret"), Contents({"tls.crt": "no", "tls.key": "no"}))
    with pytest.raises(SecretMissing, match="holds none"):
        asyncio.run(known.tls(seen(), with_tls()))


class Later:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def test_a_secret_that_is_deleted_is_missed_and_what_was_in_it_is_still_known() -> None:
    api, clock = with_secret(FakeApi()), Later()
    known = keys(api, clock)

    async def scenario() -> None:
        assert await known.token(seen(), desired(1, [VARIABLE])) == TOKEN
        assert known.doubted(("default", "demo")) == set()
        await Client(api).delete(SECRETS, "default", "demo")
        assert await known.token(seen(), desired(1, [VARIABLE])) == TOKEN
        assert known.gone(seen()) == set(), "it was there a moment ago, so nobody asks"
        clock.pass_(31)
        assert known.doubted(("default", "demo")) == {"demo"}
        assert await known.token(seen(), desired(1, [VARIABLE])) == TOKEN
        assert known.gone(seen()) == {"demo"}
        assert known.contents(seen(), "demo") == Contents({"auth_token": TOKEN})
        known.is_there(seen(), secret("demo"), Contents({"auth_token": TOKEN}))
        assert known.gone(seen()) == set()

    asyncio.run(scenario())


def test_what_is_put_into_a_secret_meanwhile_is_noticed() -> None:
    api, clock = with_secret(FakeApi()), Later()
    known = keys(api, clock)

    async def scenario() -> None:
        assert await known.token(seen(), desired(1, [VARIABLE])) == TOKEN
        other = {"data": {"auth_token": base64.b64encode(b"another").decode()}}
        await Client(api).merge(SECRETS, "default", "demo", other, Ignored)
        clock.pass_(31)
        assert await known.token(seen(), desired(1, [VARIABLE])) == "another"

    asyncio.run(scenario())


def test_ray_is_asked_with_what_was_in_a_secret_and_the_answer_says_that_it_is_gone() -> None:
    gcs, api, clock = Gcs(), FakeApi(), Later()
    known = keys(api, clock)
    known.is_there(seen(), secret("demo"), Contents({"auth_token": TOKEN}))
    clock.pass_(31)

    async def scenario() -> RayView:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await AskRay(known, gcs, clock).view(seen(), desired(port, [VARIABLE]))

    assert asyncio.run(scenario()) == RayView({"demo-head-x": "ab12"}, gone=frozenset({"demo"}))
    assert [token for _, token in gcs.asked] == [TOKEN]


@pytest.mark.parametrize(("at_work", "reason"), [(False, DrainReason.IDLE), (True, DrainReason.PREEMPTION)])
def test_a_node_is_drained_as_idle_unless_it_has_work(at_work: bool, reason: DrainReason) -> None:
    gcs = Gcs()
    gcs.at_work = at_work
    goes_now = asyncio.run(AskRay(keys(FakeApi()), gcs, now).drain(seen(), desired(1, []), "ab12", 30))
    assert goes_now is not at_work
    assert gcs.drained == [("ab12", 30, reason)]
