"""Labs side by side."""

import ipaddress
import itertools
import socket
from pathlib import Path

import pytest

from lab import network
from lab.errors import LabError
from lab.folders import Run
from lab.network import FAKE_POD_NETWORK, LABS, PORTS, Network, network_of

EVERY = [Network(number) for number in range(LABS)]


def test_no_two_labs_share_an_address() -> None:
    subnets = [ipaddress.ip_network(subnet) for each in EVERY for subnet in (each.services, each.pods)]
    subnets.append(ipaddress.ip_network(FAKE_POD_NETWORK, strict=False))
    assert [pair for pair in itertools.combinations(subnets, 2) if pair[0].overlaps(pair[1])] == []


def test_no_two_labs_share_a_port() -> None:
    ports = [each.port(name) for each in EVERY for name in PORTS]
    assert len(set(ports)) == len(ports)


def test_the_addresses_of_a_lab_are_in_its_subnets() -> None:
    for each in EVERY:
        pods = ipaddress.IPv4Network(each.pods_of_node)
        assert ipaddress.ip_address(each.bridge) in pods
        assert pods.subnet_of(ipaddress.IPv4Network(each.pods))
        assert not {ipaddress.ip_address(each.machine), ipaddress.ip_address(each.node)} & set(pods)
        assert ipaddress.ip_address(each.dns_service) in ipaddress.ip_network(each.services)


def test_a_number_with_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    first = choose(tmp_path / "a")
    with socket.socket() as busy:
        busy.bind(("", first.port("scheduler")))
        busy.listen()
        assert choose(tmp_path / "b").number > first.number


def choose(folder: Path) -> Network:
    folder.mkdir()
    return network_of(Run(folder))


def test_a_lab_keeps_its_number(tmp_path: Path) -> None:
    first = choose(tmp_path / "a")
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a lab may have ended a moment ago
        busy.bind(("", first.port("api")))
        busy.listen()
        assert network_of(Run(tmp_path / "a")) == first


def test_no_number_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_is_free", lambda port: False)
    with pytest.raises(LabError, match="labs run on this machine"):
        choose(tmp_path / "a")
