"""A gRPC server of another make than the clients under test, grpcio, in the place of Ray's GCS."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

grpc = pytest.importorskip("grpc", reason="the `local` extra is not installed")

TOKEN = "t" * 32


class Gcs:
    """Gives the reply of each method to those who bring the token, and keeps what it was asked."""

    def __init__(self, replies: dict[str, bytes]) -> None:
        self.replies = replies
        self.asked: list[bytes] = []

    def service(self, details: Any) -> Any:
        """How grpcio finds who answers."""
        if details.method not in self.replies:
            return None

        def answer(request: bytes, context: Any) -> bytes:
            if ("authorization", f"Bearer {TOKEN}") not in context.invocation_metadata():
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")
            self.asked.append(request)
            return self.replies[details.method]

        return grpc.unary_unary_rpc_method_handler(answer)


@contextlib.contextmanager
def served(fake: Gcs) -> Iterator[str]:
    """The address at which it answers."""
    handler: Any = type("Handler", (grpc.GenericRpcHandler,), {"service": lambda self, details: fake.service(details)})
    server = grpc.server(ThreadPoolExecutor(2), handlers=[handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()
