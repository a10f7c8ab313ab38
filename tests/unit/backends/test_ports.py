"""Which ports a cluster gets."""

import socket

import pytest

from shoal.backends.local import ports
from shoal.backends.local.ports import CONVENTIONAL, RAY_WORKER_PORTS, PortTaken, choose, free, is_free


@pytest.fixture
def all_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on this machine."""
    monkeypatch.setattr(ports, "is_free", lambda port: True)


@pytest.mark.usefixtures("all_free")
def test_the_usual_ports_are_taken_when_they_are_free() -> None:
    assert choose({}, {}, ()) == CONVENTIONAL


@pytest.mark.usefixtures("all_free")
def test_ports_of_the_spec_are_taken_when_they_are_free() -> None:
    assert choose({"gcs": 7000, "dashboard": 7001}, {}, ()) == {"gcs": 7000, "dashboard": 7001, "client": 10001}


@pytest.mark.usefixtures("all_free")
def test_a_port_of_another_cluster_is_replaced_though_nothing_listens_there_now() -> None:
    chosen = choose({"gcs": 7000}, {}, {7000, 8265})
    assert chosen["gcs"] not in (7000, 8265)
    assert chosen["dashboard"] not in (7000, 8265)
    assert chosen["client"] == 10001


@pytest.mark.usefixtures("all_free")
def test_ports_that_ray_keeps_for_workers_are_replaced() -> None:
    assert choose({"client": 10002}, {}, ())["client"] not in RAY_WORKER_PORTS


@pytest.mark.usefixtures("all_free")
def test_no_port_is_given_twice() -> None:
    chosen = choose({"gcs": 7000, "dashboard": 7000, "client": 7000}, {}, ())
    assert len(set(chosen.values())) == 3


@pytest.mark.usefixtures("all_free")
def test_a_demanded_port_is_had_or_refused() -> None:
    assert choose({"gcs": 7000}, {"gcs": 7005}, ())["gcs"] == 7005
    with pytest.raises(PortTaken, match="7005"):
        choose({}, {"gcs": 7005}, {7005})
    with pytest.raises(PortTaken, match="10002 to 19999"):
        choose({}, {"client": 10002}, ())


@pytest.mark.usefixtures("all_free")
def test_a_demanded_port_is_not_given_to_another_use_as_well() -> None:
    chosen = choose({"gcs": 8265}, {"dashboard": 8265}, ())
    assert chosen["dashboard"] == 8265
    assert len(set(chosen.values())) == 3
    with pytest.raises(PortTaken):
        choose({}, {"dashboard": 7005, "client": 7005}, ())


def test_a_port_on_which_something_listens_is_not_free() -> None:
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as listener:
            listener.bind((address, 0))
            listener.listen()
            port = listener.getsockname()[1]
            assert not is_free(port)
            with pytest.raises(PortTaken, match="is taken"):
                choose({}, {"gcs": port}, ())
        assert is_free(port)


def test_spare_ports_are_all_different_and_not_in_use() -> None:
    spare = free({20000})
    found = [next(spare) for _ in range(50)]
    assert len(set(found)) == 50
    assert 20000 not in found
    assert not set(found) & set(RAY_WORKER_PORTS)
