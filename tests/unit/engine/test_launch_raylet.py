"""The seam by which a raylet is told its agent's port, against the installed Ray."""

import inspect
import subprocess
from typing import Any

import pytest

from shoal.engine.launch_raylet import OPTION, RAYLET_FLAG, register_at_once

pytestmark = pytest.mark.ray


@pytest.fixture
def services() -> Any:
    return pytest.importorskip("ray._private.services")


@pytest.fixture
def commands(services: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command of every process that Ray would have started."""
    seen: list[list[str]] = []

    def record(command: list[str], process_type: str, *args: Any, **kwargs: Any) -> None:
        seen.append(command)

    monkeypatch.setattr(services, "start_ray_process", record)
    return seen


def test_only_the_raylet_is_told_the_port_of_its_agent(services: Any, commands: list[list[str]]) -> None:
    register_at_once(["start", OPTION + "23000"])
    services.start_ray_process(["raylet", "--a=b"], "raylet", fate_share=True)
    services.start_ray_process(["gcs_server"], "gcs_server", fate_share=True)
    assert commands == [["raylet", "--a=b", RAYLET_FLAG + "23000"], ["gcs_server"]]


def test_without_the_option_ray_is_left_as_it_is(services: Any) -> None:
    before = services.start_ray_process
    register_at_once(["start", "--head"])
    assert services.start_ray_process is before


def test_rays_raylet_knows_the_flag_and_is_started_as_expected(services: Any) -> None:
    flags = subprocess.run([services.RAYLET_EXECUTABLE, "--help"], capture_output=True, text=True).stdout
    assert f"-{RAYLET_FLAG.strip('-=')} " in flags
    assert list(inspect.signature(services.start_ray_process).parameters)[:2] == ["command", "process_type"]
    assert "start_ray_process(" in inspect.getsource(services.start_raylet)
