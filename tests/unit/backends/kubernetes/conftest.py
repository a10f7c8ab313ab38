"""Event loops for tests of connections."""

import asyncio

import pytest
import uvloop


@pytest.fixture(params=[asyncio.run, uvloop.run])
def either_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test on Python's own event loop, and on the operator's."""
    monkeypatch.setattr(asyncio, "run", request.param)
