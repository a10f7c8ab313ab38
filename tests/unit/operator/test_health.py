"""The pages for kubelets and Prometheus."""

import asyncio
import contextlib

import pytest

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import ApiError
from shoal.backends.kubernetes.resources import PODS
from shoal.backends.kubernetes.transport import ApiUnreachable
from shoal.operator.health import LONGEST_REQUEST, serve
from shoal.operator.metrics import Counter, Family, Histogram, exposition
from shoal.operator.numbers import Numbers
from shoal.testing.fakeapi import NOT_DONE, FakeApi, Fault
from shoal.world.kubernetes import Pod


async def ask(request: bytes) -> bytes:
    server = await serve({"/healthz": lambda: (200, "ok\n"), "/readyz": lambda: (503, "not yet\n")}, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


@pytest.mark.parametrize(
    ("request_", "status", "body"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"200", b"ok\n"),
        (b"GET /healthz?verbose HTTP/1.1\r\n\r\n", b"200", b"ok\n"),
        (b"GET /readyz HTTP/1.1\r\n\r\n", b"503", b"not yet\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404", b"not found\n"),
        (b"POST /healthz HTTP/1.1\r\n\r\n", b"405", b"only GET\n"),
    ],
)
def test_each_page_is_answered(request_: bytes, status: bytes, body: bytes) -> None:
    head, _, text = asyncio.run(ask(request_)).partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert text == body


def test_one_who_sends_too_much_is_not_listened_to() -> None:
    assert asyncio.run(ask(b"GET /" + b"x" * (LONGEST_REQUEST + 10) + b"\r\n\r\n")) == b""


def test_numbers_are_told_as_prometheus_reads_them() -> None:
    requests = Counter("requests_total", "Requests.")
    requests.add(verb="get", status="200")
    requests.add(2, verb="get", status="200")
    took = Histogram("took_seconds", "Time.")
    took.observe(0.003)
    took.observe(99)
    text = exposition((requests.family(), Family("info", "gauge", "It.", [({"name": 'a"b\\c\nd'}, 1)]), took))
    assert text.splitlines()[:6] == [
        "# HELP requests_total Requests.",
        "# TYPE requests_total counter",
        'requests_total{verb="get",status="200"} 3',
        "# HELP info It.",
        "# TYPE info gauge",
        'info{name="a\\"b\\\\c\\nd"} 1',
    ]
    assert 'took_seconds_bucket{le="0.001"} 0' in text
    assert 'took_seconds_bucket{le="0.005"} 1' in text
    assert 'took_seconds_bucket{le="+Inf"} 2' in text
    assert "took_seconds_count 2" in text
    assert text.endswith("\n")


def test_watches_are_counted_by_how_they_were_answered() -> None:
    answers = iter((None, Fault(403), NOT_DONE))
    api = FakeApi()
    api.faults = lambda request, number: next(answers)
    numbers = Numbers()
    client = Client(numbers.counted(api))

    async def watch() -> None:
        events = client.watch(PODS, Pod, "0")
        with contextlib.suppress(ApiError, ApiUnreachable, TimeoutError):
            async with asyncio.timeout(0.05), contextlib.aclosing(events):
                await anext(events)

    for status in ("200", "403", "none"):
        asyncio.run(watch())
        assert numbers.requests.value(verb="watch", resource="pods", status=status) == 1
