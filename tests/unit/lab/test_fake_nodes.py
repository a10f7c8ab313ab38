"""Where pods on fake nodes seem to be."""

import subprocess
import sys

import pytest

from lab import fake_nodes


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(fake_nodes, "_route", told.append)
    return told


def test_the_last_lab_with_fake_nodes_forgets_their_route(routes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_nodes, "CIDR", "--cidr=of-nobody")
    fake_nodes.forget_route()
    assert routes == ["delete"]


def test_a_lab_leaves_the_route_to_another(routes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_nodes, "CIDR", "--cidr=of-another")
    code = "import sys; print(flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, fake_nodes.CIDR], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        other.stdout.readline()
        fake_nodes.forget_route()
        other.communicate()
    assert routes == []
