"""One Ray in this process for the tests of the toolkit that need it."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package")
def ray_here() -> Iterator[None]:
    """A Ray of two CPUs, which ends with the last test of this folder."""
    import ray

    before = os.environ.get("RAY_AUTH_MODE")
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ.update({"RAY_raylet_start_wait_time_s": "180"})  # machines that run tests have other things to do
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()
    if before is None:
        os.environ.pop("RAY_AUTH_MODE", None)


@pytest.fixture(autouse=True)
def without_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's rule for its own ports, said aloud: this one is on loopback and of this test alone."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
