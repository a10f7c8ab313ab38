"""Brings up a real Ray cluster on this machine, uses it in three ways, takes it down, and shows that nothing is left.

Runs in a home folder of its own, removed at the end: the person's files and clusters are out of its reach.
"""

import contextlib
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

EXAMPLES = Path(__file__).parent.parent / "examples"
NAME = "raycluster-complete"
PRINTED = str([12] * 12).encode()
PR_SET_CHILD_SUBREAPER = 36

Process = tuple[int, str]


class StepFailed(Exception):
    """A command of the demo exited with a code it must not, or printed the wrong thing."""


def adopt_orphans() -> None:
    """Make this process the parent of every descendant that loses its own: none can get out of sight."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def wait_and_reap(pid: int) -> int:
    """The exit code of child ``pid``; adopted processes that end meanwhile are reaped, as init would."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def reap_ended() -> None:
    """Reap the adopted processes that have ended by now."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return  # not one child is left


def descendants() -> list[Process]:
    """Every living process that comes from this one, as (pid, command line)."""
    children: dict[int, list[Process]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if state != "Z":
            children.setdefault(int(parent), []).append((int(folder.name), command))
    found: list[Process] = []
    wave = children.get(os.getpid(), [])
    while wave:
        found += wave
        wave = [child for pid, _ in wave for child in children.get(pid, [])]
    return found


def tee(source: IO[bytes], copy: bytearray) -> None:
    """Pass what comes from ``source`` on to stdout as it comes, and keep a copy."""
    while chunk := os.read(source.fileno(), 65536):
        copy += chunk
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def run(command: str, env: dict[str, str], *, ok: tuple[int, ...] = (0,), prints: bytes = b"") -> None:
    """Show ``command``, run it in the examples folder, and insist on its exit code and on what it prints.

    Raises StepFailed.
    """
    print(f"\n$ {command}", flush=True)
    # A pipe only where we look at what comes: a process that `up` leaves running must not keep one of ours open.
    output = subprocess.PIPE if prints else None
    child = subprocess.Popen(shlex.split(command), cwd=EXAMPLES, env=env, stdin=subprocess.DEVNULL, stdout=output)
    printed = bytearray()
    reader = threading.Thread(target=tee, args=(child.stdout, printed), daemon=True) if prints else None
    if reader:
        reader.start()
    try:
        child.returncode = wait_and_reap(child.pid)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        child.returncode = wait_and_reap(child.pid)
        raise
    if reader:
        reader.join(timeout=5)
    if child.returncode not in ok:
        raise StepFailed(f"`{command}` exited with {child.returncode}")
    if prints not in printed:
        raise StepFailed(f"`{command}` did not print {prints.decode()}")


def use(env: dict[str, str]) -> None:
    """Bring the cluster up, run script.py on it in the three ways, and look at it."""
    run(f"shoal check {NAME}.yaml", env)
    run(f"shoal plan {NAME}.yaml", env, ok=(3,))
    run(f"shoal up {NAME}.yaml --yes", env)
    run(f"shoal exec {NAME} -- python script.py", env, prints=PRINTED)
    run(f"shoal submit {NAME} --working-dir . -- python script.py", env, prints=PRINTED)
    run(f"shoal connect {NAME} -- python script.py", env, prints=PRINTED)
    run(f"shoal jobs {NAME}", env)
    run(f"shoal logs {NAME}", env)
    run(f"shoal status {NAME}", env)


def take_down(env: dict[str, str]) -> None:
    """End the cluster, whatever became of it."""
    run(f"shoal down {NAME} --yes", env)


def look_for_it(env: dict[str, str]) -> None:
    """Show that the cluster is gone and its logs aren't."""
    run("shoal list", env)
    run(f"shoal logs {NAME} --dead", env)


def end_leftovers() -> bool:
    """Say what still runs, and end it. Whether there was anything."""
    reap_ended()
    left = descendants()
    print(f"\nProcesses left over by the demo: {len(left) or 'none'}", flush=True)
    for pid, command in left:
        print(f"  {pid}  {command}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(left)


def demo(home: str) -> int:
    """The whole demo in the home folder ``home``; its exit code."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SHOAL_", "XDG_"))}
    env = kept | {"HOME": home, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    failures: list[str] = []
    print(f"$ cd {EXAMPLES}", flush=True)
    for step in (use, take_down, look_for_it):
        try:
            step(env)
        except StepFailed as problem:
            failures.append(str(problem))
        except KeyboardInterrupt:
            failures.append("interrupted")
    if end_leftovers():
        failures.append("processes were left over")
    for failed in failures:
        print(f"demo: {failed}", file=sys.stderr)
    return 130 if "interrupted" in failures else int(bool(failures))


def main() -> int:
    """Run the demo; 0 when every step did what it should and nothing is left."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    adopt_orphans()
    home = tempfile.mkdtemp(prefix="shoal-demo-")
    try:
        return demo(home)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    sys.exit(main())
