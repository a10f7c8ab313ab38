"""`shoal logs NAME`."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console, format_option, render
from shoal.errors import InputError
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from shoal.backends.base import Backend
    from shoal.backends.logs import LogFile
    from shoal.cli.log_lines import Readers

# What tells most about a node that misbehaves and about the jobs on it. The .out and .log files of Ray's own processes
# are mostly statistics, and what tasks print comes to the log of their job.
USUAL = ("start.log", "ray_process_exit.log", "gcs_server.err", "raylet.err", "*_agent.err", "job-driver-*.log")
USUAL_LINES = 10
POLL_S = 0.25


class LogNotFound(InputError):
    """The node has no log file of this name, or none that the pattern fits.

    `shoal logs NAME --list` shows the files. A pattern is as in the shell and fits the whole name, as in 'worker-*'.
    """

    code = "E513"


@click.command("logs")
@cluster_argument
@click.option("--node", default="", metavar="NODE", help="Of this node; by default the head.")
@click.option("-f", "--follow", "go_on", is_flag=True, help="Go on with what is added.")
@click.option("--dead", is_flag=True, help="Of the cluster of that name that was gone last.")
@click.option(
    "--from", "kept_in", default="", metavar="PLACE", help="With --dead, on Kubernetes: pvc://... or s3://..."
)
@click.option(
    "--file", "patterns", multiple=True, metavar="PATTERN", help="These files whole, as raylet.out or '*.err'."
)
@click.option("--list", "listing", is_flag=True, help="Only list the files.")
@click.option(
    "--tail", type=click.IntRange(0), metavar="LINES", help=f"The last lines of each; by default {USUAL_LINES}, or all."
)
@format_option()
@click.pass_obj
def command(
    console: Console,
    /,
    cluster: Address,
    node: str,
    go_on: bool,
    dead: bool,
    kept_in: str,
    patterns: tuple[str, ...],
    listing: bool,
    tail: int | None,
    output: str,
) -> int:
    """Read the logs of a node, also of a cluster that is gone.

    Without --file: what tells most about the node and its jobs. -o is for --list.
    """
    import sys

    from shoal.cli.log_lines import Readers
    from shoal.errors import ClusterUnknown
    from shoal.runtime.backend_for import backend_of

    if dead and go_on:
        raise click.UsageError("--dead and --follow exclude each other: nothing is added to the logs of what is gone")
    if kept_in and not dead:
        raise click.UsageError("--from is of --dead: what runs is read where it is")
    name, backend = cluster.name, _kept_in(cluster, kept_in) if kept_in else backend_of(cluster)

    def look() -> "list[LogFile]":
        return _chosen(backend.log_files(name, node, dead=dead), patterns or (("*",) if listing else USUAL))

    try:
        files = look()
    except ClusterUnknown as unknown:
        unknown.next_step += "" if dead else "; with --dead, logs of a cluster that is gone are read"
        raise
    if not files and patterns and not go_on:
        raise _none_fits(patterns, backend.log_files(name, node, dead=dead))
    if listing:
        console.emit(render(_rows(files), ("name", "size", "modified"), ("place",), output))
        return 0
    if not patterns:
        console.say(f"the usual ones; `shoal logs {name} --list` shows all files, --file reads others")
    lines = tail if tail is not None else (None if patterns else USUAL_LINES)
    with Readers(backend.open_log, sys.stdout.buffer, alone=len(files) == 1 and not go_on) as readers:
        if go_on:
            readers.show(files, lines)
            return _follow(console, readers, look, name, max(POLL_S, backend.look_again_s))
        for file in files:  # one after the other, each to its very end
            readers.show([file], lines)
    return 0


def _kept_in(cluster: Address, text: str) -> "Backend":
    from shoal.runtime.backend_for import on_kubernetes
    from shoal.spec.log_store import FORMS, log_store

    store = log_store(text)
    if store is None:
        raise click.UsageError(f"--from {text}: write {FORMS}")
    return on_kubernetes(cluster).reading_from(store)


def _follow(console: Console, readers: "Readers", look: "Callable[[], list[LogFile]]", name: str, poll_s: float) -> int:
    import time

    from shoal.backends.logs import NodeUnknown
    from shoal.errors import ClusterUnknown

    while True:
        # Asking for sizes costs little and works wherever files do; the standard library has no inotify.
        time.sleep(poll_s)
        try:
            readers.show(look())
        except (ClusterUnknown, NodeUnknown):
            readers.show(())
            console.say(f"it is gone; `shoal logs {name} --dead` reads what was kept")
            return 0


def _chosen(files: "Iterable[LogFile]", patterns: Sequence[str]) -> "list[LogFile]":
    """Those that any pattern fits, what was written last at the end."""
    from fnmatch import fnmatchcase

    fitting = (file for file in files if any(fnmatchcase(file.name, pattern) for pattern in patterns))
    return sorted(fitting, key=lambda file: file.modified)


def _none_fits(patterns: Sequence[str], files: "Sequence[LogFile]") -> LogNotFound:
    from difflib import get_close_matches

    near = get_close_matches(patterns[0], [file.name for file in files], n=1)
    step = f"did you mean {near[0]!r}?" if near else "--list shows the files"
    return LogNotFound(f"no log file is called {' or '.join(map(repr, patterns))}", next_step=step)


def _rows(files: "Iterable[LogFile]") -> list[dict[str, Any]]:
    from datetime import datetime

    return [
        {
            "name": file.name,
            "node": file.node,
            "size": file.size,
            "modified": datetime.fromtimestamp(file.modified).astimezone().isoformat(timespec="seconds"),
            "place": file.place,
        }
        for file in files
    ]
