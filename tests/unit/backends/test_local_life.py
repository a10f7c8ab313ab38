"""The local backend's whole life with sleeping processes for nodes: crashes, full disks and other people's hands."""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shoal.backends.local import archive, journal, observe, paths, ports, processes
from shoal.backends.local.backend import LocalBackend, PortsLost
from shoal.backends.local.lock import ClusterBusy
from shoal.backends.local.paths import journal_path, token_path
from shoal.engine import launch
from shoal.engine.gcs import GcsUnauthorized, RayNode
from shoal.engine.launch import NodeNotStarted
from shoal.errors import DeadlineExceeded
from shoal.runtime.clock import SystemClock
from shoal.runtime.converge import NodeFailed, Silent, converge
from shoal.status.conditions import State
from shoal.testing.clock import VirtualClock
from shoal.testing.faults import Crash
from shoal.testing.remains import remains
from shoal.testing.specs import cluster_of
from shoal.world.snapshot import Phase
from unit.backends.sleepers import Sleepers, seen_by_ray

pytestmark = pytest.mark.slow

SPEC = cluster_of("c", {"w": 2})
HEAD_ONLY = cluster_of("c", {})


def test_up_again_up_and_down(sleepers: Sleepers) -> None:
    assert sleepers.take("c", SPEC).state is State.READY
    before = sleepers.record("c")
    assert len(sleepers.pids(before.uid)) == 3
    sleepers.take("c", SPEC)
    assert sleepers.record("c") == before
    sleepers.take("c", None)
    assert remains("c", before.uid, before.ports.values()) == []


def test_a_start_that_was_journalled_and_not_done_is_done_by_the_next_up(sleepers: Sleepers) -> None:
    sleepers.take("c", HEAD_ONLY)
    record = sleepers.record("c")
    journal.append(journal_path("c"), journal.Starting(SPEC.nodes[1], "never", 0.0, {}))
    world = observe.observe("c")
    node = world.node("w-0")
    assert node is not None
    assert (node.phase, node.detail) == ("Dead", "its start was cut off before anything ran")
    sleepers.take("c", SPEC)
    assert len(sleepers.pids(record.uid)) == 3


def test_a_spec_changed_while_the_set_up_was_cut_off_is_the_one_recorded(sleepers: Sleepers) -> None:
    sleepers.take("c", HEAD_ONLY)
    token_path("c").unlink()
    sleepers.take("c", SPEC)
    assert sleepers.record("c").wanted == SPEC


def test_a_token_that_is_gone_restarts_everything_with_a_new_one(sleepers: Sleepers) -> None:
    sleepers.take("c", SPEC)
    before, token = sleepers.record("c"), token_path("c").read_text()
    token_path("c").unlink()
    sleepers.take("c", SPEC)
    assert token_path("c").read_text() != token
    assert not sleepers.record("c").nodes.keys() & before.nodes.keys()
    assert len(sleepers.pids(before.uid)) == 3


def test_a_runtime_folder_that_was_cleaned_away_is_made_again(sleepers: Sleepers) -> None:
    sleepers.take("c", HEAD_ONLY)
    uid = sleepers.record("c").uid
    shutil.rmtree(paths.runtime_folder(uid))
    assert sleepers.take("c", HEAD_ONLY).state is State.READY
    assert len(sleepers.pids(uid)) == 1


def test_a_gcs_that_refuses_our_token_does_not_stand_in_the_way_of_down(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers.take("c", HEAD_ONLY)

    def refused(address: str, token: str, timeout_s: float) -> None:
        raise GcsUnauthorized("not yours", where=address)

    monkeypatch.setattr(observe, "known_nodes", refused)
    assert not observe.observe("c").gcs
    assert sleepers.take("c", None).state is State.ABSENT


def test_a_head_whose_port_was_taken_while_it_was_down_comes_back_on_another(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers.backend = LocalBackend({"dashboard": next(ports.free(set()))})
    sleepers.take("c", HEAD_ONLY)
    before = sleepers.record("c")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", before.ports["dashboard"]))
        stranger.listen()
        head = observe.observe("c").nodes[0]
        # The stranger is this very process, so it must not pass for one of the cluster's either.
        assert head.phase is Phase.DEAD
        assert str(before.ports["dashboard"]) in head.detail
        with pytest.raises(PortsLost):
            sleepers.backend.endpoints("c")
        sleepers.take("c", HEAD_ONLY)
        after = sleepers.record("c")
        assert after.ports["dashboard"] != before.ports["dashboard"]
        assert after.ports["gcs"] == before.ports["gcs"]
        assert sleepers.backend.endpoints("c").dashboard.endswith(str(after.ports["dashboard"]))


def test_a_port_that_is_asked_for_too_late_is_refused(sleepers: Sleepers) -> None:
    sleepers.take("c", HEAD_ONLY)
    given = sleepers.record("c").ports["dashboard"]
    sleepers.backend = LocalBackend({"dashboard": given})
    sleepers.take("c", HEAD_ONLY)
    sleepers.backend = LocalBackend({"dashboard": given + 1})
    with pytest.raises(ports.PortTaken, match="already"):
        sleepers.take("c", HEAD_ONLY)


def test_what_ray_declared_dead_is_dead_though_its_process_lives(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers.take("c", SPEC)
    lost = next(launch for launch, node in sleepers.record("c").nodes.items() if node.node.name == "w-0")

    def one_lost(*arguments: Any) -> tuple[RayNode, ...]:
        return tuple(msgspec.structs.replace(n, alive=n.instance_id != lost) for n in seen_by_ray("", "", 0))

    monkeypatch.setattr(observe, "known_nodes", one_lost)
    node = observe.observe("c").node("w-0")
    assert node is not None
    assert (node.phase, node.detail) == (Phase.DEAD, "Ray declared it dead: it did not answer")
    sleepers.take("c", SPEC)
    assert lost not in sleepers.record("c").nodes


def test_a_cancelled_change_holds_the_lock_until_its_work_has_ended(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()
    original = launch._start

    def slow(*arguments: Any) -> int:
        began.set()
        may_end.wait(10)
        return original(*arguments)

    monkeypatch.setattr(launch, "_start", slow)

    async def change() -> None:
        work = asyncio.ensure_future(
            converge(sleepers.backend, "c", HEAD_ONLY, SystemClock(), Silent(), 30),
        )
        await asyncio.to_thread(began.wait, 10)
        work.cancel()
        await asyncio.sleep(0)
        with pytest.raises(ClusterBusy), sleepers.backend.changing("c"):
            pass
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(change())
    with sleepers.backend.changing("c"):
        assert all(node.pid for node in sleepers.record("c").nodes.values())


def test_a_damaged_journal_of_one_cluster_does_not_stop_another(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.make_private(paths.cluster_folder("broken"))
    journal_path("broken").write_text("not json\n")
    with pytest.raises(journal.JournalDamaged):
        observe.observe("broken")
    monkeypatch.setattr(observe, "known_nodes", lambda *_: ())
    with pytest.raises(DeadlineExceeded):
        asyncio.run(converge(sleepers.backend, "c", HEAD_ONLY, VirtualClock(), Silent(), 1))
    assert len(sleepers.pids(sleepers.record("c").uid)) == 1
    journal_path("broken").unlink()
    paths.cluster_folder("broken").rmdir()


def test_a_node_that_ends_at_once_says_its_last_words(sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo 'ValueError: no such option'; echo '[state-dump] plasma error: 0'; exit 1"
    monkeypatch.setattr(launch, "ray_command", lambda: ("sh", "-c", script))
    monkeypatch.setattr(observe, "known_nodes", lambda *_: ())
    with pytest.raises(NodeFailed, match="it last said: ValueError: no such option"):
        sleepers.take("c", HEAD_ONLY)


@pytest.mark.parametrize("value", ["a\0b", "x" * 300_000], ids=["NUL", "long"])
def test_what_no_process_can_be_given_is_refused_in_words(sleepers: Sleepers, value: str) -> None:
    bad = cluster_of("c", {}, params={"headgroup": {"labels": value}})
    with pytest.raises(NodeNotStarted):
        sleepers.take("c", bad)
    assert sleepers.take("c", HEAD_ONLY).state is State.READY


def test_logs_of_a_group_that_is_called_like_a_path_stay_in_the_archive(sleepers: Sleepers) -> None:
    hostile = cluster_of("c", {"../../../../x": 1})
    sleepers.take("c", hostile)
    uid = sleepers.record("c").uid
    sleepers.take("c", None)
    assert remains("c", uid) == []
    kept = list(paths.state_home().rglob("start.log"))
    assert len(kept) == 2
    assert all(path.is_relative_to(paths.archive_home("c")) for path in kept)


Fault = Callable[[], None]


def interrupted(owner: Any, name: str, at: int, fault: Fault, *, after: bool) -> tuple[Callable[..., Any], list[int]]:
    """``owner.name``, with ``fault`` called before or after its ``at``-th call; and the list of calls."""
    original = getattr(owner, name)
    calls: list[int] = []

    def call(*args: Any, **options: Any) -> Any:
        calls.append(len(calls))
        if len(calls) - 1 == at and not after:
            fault()
        result = original(*args, **options)
        if len(calls) - 1 == at and after:
            fault()
        return result

    return call, calls


def crash() -> None:
    """The process ends here."""
    raise Crash


def disk_full() -> None:
    """The next byte finds no room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


PLACES = [
    (journal, "append"),
    (paths, "write_private"),
    (launch, "_start"),
    (processes, "send"),
    (archive, "keep_logs"),
    (shutil, "rmtree"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), PLACES, ids=lambda value: str(getattr(value, "__name__", value)))
def test_a_crash_anywhere_in_up_is_healed_by_up_and_by_down(
    owner: Any, name: str, after: bool, sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(20):
        for target in (SPEC, None):
            calls = _run_with_fault(sleepers, monkeypatch, SPEC, owner, name, at, crash, after)
            uids = _uids()
            sleepers.take("c", target)
            if target:
                uids |= _uids()
                assert len(sleepers.pids(sleepers.record("c").uid)) == 3
                sleepers.take("c", None)
            assert [line for uid in uids for line in remains("c", uid)] == []
        if calls <= at:
            return


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), PLACES, ids=lambda value: str(getattr(value, "__name__", value)))
def test_a_crash_anywhere_in_down_is_healed_by_down_and_by_up(
    owner: Any, name: str, after: bool, sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(20):
        for target in (None, SPEC):
            sleepers.take("c", SPEC)
            uids = _uids()
            calls = _run_with_fault(sleepers, monkeypatch, None, owner, name, at, crash, after)
            sleepers.take("c", target)
            if target:
                uids |= _uids()
                assert len(sleepers.pids(sleepers.record("c").uid)) == 3
                sleepers.take("c", None)
            assert [line for uid in uids for line in remains("c", uid)] == []
        if calls <= at:
            return


@pytest.mark.parametrize("write", ["pwrite", "fsync"])
def test_a_disk_that_is_full_at_any_write_costs_nothing(
    write: str, sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(40):
        calls = _run_with_fault(sleepers, monkeypatch, SPEC, os, write, at, disk_full, after=False)
        uids = _uids()
        assert sleepers.take("c", SPEC).state is State.READY
        uids |= _uids()
        assert len([pid for uid in uids for pid in sleepers.pids(uid)]) == 3
        _run_with_fault(sleepers, monkeypatch, None, os, write, at, disk_full, after=False)
        sleepers.take("c", None)
        assert [line for uid in uids for line in remains("c", uid)] == []
        if calls <= at:
            return
    raise AssertionError("there is no end of writes")


def test_every_beginning_of_a_journal_converges(sleepers: Sleepers) -> None:
    sleepers.take("c", HEAD_ONLY)
    sleepers.take("c", SPEC)
    os.kill(sleepers.pids(sleepers.record("c").uid)[-1], signal.SIGKILL)
    sleepers.take("c", SPEC)
    whole = journal_path("c").read_bytes()
    uids = {sleepers.record("c").uid}
    ends = [index + 1 for index in range(len(whole)) if whole[index : index + 1] == b"\n"]
    for cut in sorted({*ends, *(end - 3 for end in ends), 5}, reverse=True):
        journal_path("c").write_bytes(whole[:cut])
        assert sleepers.take("c", SPEC).state is State.READY
        record = sleepers.record("c")
        assert len(record.nodes) == 3
        uids.add(record.uid)
        for uid in uids:  # what this beginning of the journal does not know is left, and ended here
            for process in processes.snapshot(uid):
                if process.marker and process.marker.removeprefix(f"{record.uid}/") not in record.nodes:
                    os.kill(process.pid, signal.SIGKILL)
    for uid in uids - {sleepers.record("c").uid}:
        shutil.rmtree(paths.runtime_folder(uid))


def _uids() -> set[str]:
    record = journal.read(journal_path("c"))
    return {record.uid} if record else set()


def _run_with_fault(
    sleepers: Sleepers,
    monkeypatch: pytest.MonkeyPatch,
    target: Any,
    owner: Any,
    name: str,
    at: int,
    fault: Fault,
    after: bool,
) -> int:
    """Up or down with a fault in it; how often ``owner.name`` was called."""
    with monkeypatch.context() as patch:
        call, calls = interrupted(owner, name, at, fault, after=after)
        patch.setattr(owner, name, call)
        with contextlib.suppress(Crash, OSError, NodeNotStarted):
            sleepers.take("c", target)
    return len(calls)
