"""Starts nodes: ``ray start``, each the leader of its own session, all of them side by side.

A node has to outlive the ``shoal`` that started it, so nothing ties the two: no pipe, no controlling terminal, no
signal on the death of the parent. What becomes of a node is read from ``/proc`` and from Ray, never from a child's
exit status.
"""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import msgspec

from shoal.errors import ActionFailed


class RayNotInstalled(ActionFailed):
    """The Python that runs Shoal has no Ray, so it can't start a node here.

    Clusters on this machine run the Ray that is installed beside Shoal. `pip install 'shoal[local]'` brings the version
    that Shoal is tested with; commands that start nothing here work without it.
    """

    code = "E302"


class NodeNotStarted(ActionFailed):
    """The operating system refused to start a node: its folder is gone, or no process, memory or disk was left.

    Nodes that were started before it go on. `shoal up FILE` again starts what is missing; `shoal down NAME` ends all.
    """

    code = "E303"


class Launch(msgspec.Struct, frozen=True):
    """One ``ray start`` to run.

    argv: what follows ``ray``, beginning with ``start``. ``ps`` shows it to everybody: nothing secret belongs in it.
    env: the whole environment of the node; nothing is inherited.
    output: the file that stdout and stderr are appended to; made with mode 0600.
    cwd: an existing folder.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    output: str
    cwd: str


def spawn(launches: Sequence[Launch], started: Callable[[int, int], None]) -> None:
    """Start all of ``launches`` without waiting for any to be up.

    started: called with the index of a launch and its pid as soon as that process exists. The pid leads a session and
    process group that everything Ray starts for the node stays in.
    Raises RayNotInstalled before anything is started, NodeNotStarted for the first that could not be.
    """
    ray = ray_command()
    for index, launch in enumerate(launches):
        started(index, _start(ray, launch))


def ray_command() -> tuple[str, ...]:
    """Ray's command line, kept to loopback, of the Python that runs Shoal. Raises RayNotInstalled."""
    if importlib.util.find_spec("ray") is None:
        raise RayNotInstalled("Ray is not installed beside Shoal", next_step="pip install 'shoal[local]'")
    return sys.executable, "-m", "shoal.engine.loopback"


def _start(ray: Sequence[str], launch: Launch) -> int:
    try:
        output = os.open(launch.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(launch, error) from error
    try:
        node = subprocess.Popen(
            [*ray, *launch.argv],
            env=launch.env,
            cwd=launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except OSError as error:
        raise _refused(launch, error) from error
    except ValueError as error:  # a NUL in an option or variable, which no operating system can pass on
        raise NodeNotStarted(f"`ray start` could not be run: {error}", where=launch.cwd) from error
    finally:
        os.close(output)
    # A node that ends while this process lives must not stay as a zombie, which looks alive to those who look at pids.
    threading.Thread(target=node.wait, name=f"reap {node.pid}", daemon=True).start()
    return node.pid


def _refused(launch: Launch, error: OSError) -> NodeNotStarted:
    return NodeNotStarted(
        f"`ray start` could not be run: {error.strerror}",
        where=str(error.filename or launch.cwd),
        next_step="`shoal up` again starts what is missing",
    )
