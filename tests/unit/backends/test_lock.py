"""One change of a cluster at a time."""

import subprocess
import sys

import pytest

from shoal.backends.local import paths
from shoal.backends.local.lock import ClusterBusy, choosing_ports, exclusive

HOLDER = """
import os, sys, time
from shoal.backends.local.lock import exclusive
with exclusive("c"):
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


def test_a_second_change_is_refused_and_told_who_is_at_it() -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline().strip() == str(holder.pid)
        with pytest.raises(ClusterBusy, match=f"process {holder.pid} "), exclusive("c"):
            pass
        with exclusive("another"):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with exclusive("c"):  # its holder is dead, and was not asked
        pass


def test_what_can_be_changed_again_after_a_change_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), exclusive("c"):
        _ = 1 / 0
    with exclusive("c"):
        pass


def test_ports_are_chosen_by_one_at_a_time_and_the_lock_is_no_clusters() -> None:
    with choosing_ports():
        pass
    assert paths.names_no_cluster(paths.port_lock_path().name)
