"""exec, forwarded ports, copies and logs through a real API server and kubelet, on a pod that plays a head."""

import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from kube import Cluster

pytestmark = pytest.mark.node

SCRIPT = "mkdir -p /tmp/ray/session_latest/logs; echo one > /tmp/ray/session_latest/logs/raylet.err; echo up; "
SERVE = "cd /tmp/ray && exec python3 -m http.server 8265"


@pytest.fixture(scope="module")
def kinds(node: Cluster) -> None:
    """Ray's kinds, served."""
    node.define_kinds()


@pytest.fixture
def head(kinds: None, node: Cluster, namespace: str) -> dict[str, str]:
    """A RayCluster "demo" that no operator acts on, with a pod that has its labels; the environment for `shoal`."""
    labels = {"ray.io/cluster": "demo", "ray.io/node-type": "head", "ray.io/group": "headgroup"}
    ray = {
        "name": "ray-head",
        "image": "docker.io/rayproject/ray:2.60.0",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/bash", "-c", "--"],
        "args": [SCRIPT + SERVE],
        "env": [{"name": "RAY_CLUSTER_NAME", "value": "demo"}],
    }
    cluster = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "demo", "namespace": namespace},
        "spec": {"headGroupSpec": {"rayStartParams": {}, "template": {"spec": {"containers": [ray]}}}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "demo-head", "namespace": namespace, "labels": labels},
        "spec": {"containers": [ray], "terminationGracePeriodSeconds": 0},
    }
    for manifest in (cluster, pod):
        node.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))
    node.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/demo-head", "--timeout=120s")
    environment = os.environ | {"KUBECONFIG": str(node.kubeconfig), "NO_COLOR": "1"}
    ended = run(environment, "status", "demo", "-n", namespace)
    assert ended.returncode == 1, ended.stderr
    return environment


def run(environment: dict[str, str], *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shoal", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **options)


def test_a_command_brings_its_exit_code_and_takes_standard_input(head: dict[str, str]) -> None:
    text = "".join(f"{number}\n" for number in range(50_000))
    ended = run(head, "exec", "-i", "demo", "--", "sh", "-c", "cat; echo err >&2; exit 7", input=text)
    assert (ended.returncode, ended.stderr) == (7, "err\n")
    assert ended.stdout == text
    missing = run(head, "exec", "demo", "--", "no-such-program")
    assert missing.returncode == 2
    assert "error[E502]: there is no program 'no-such-program'" in missing.stderr


def test_copies_come_back_as_they_went(head: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "d/sub").mkdir(parents=True)
    (tmp_path / "d/sub/big").write_bytes(os.urandom(3_000_000))
    (tmp_path / "d/link").symlink_to("sub/big")
    assert run(head, "rsync-up", "demo", "d", "/tmp/there", cwd=tmp_path).returncode == 0
    assert run(head, "rsync-down", "demo", "/tmp/there/d/", "back", cwd=tmp_path).returncode == 0
    assert (tmp_path / "back/sub/big").read_bytes() == (tmp_path / "d/sub/big").read_bytes()
    assert (tmp_path / "back/link").readlink() == Path("sub/big")
    refused = run(head, "rsync-up", "demo", "d", "/etc/hostname", cwd=tmp_path)
    assert refused.returncode == 1
    assert "error[E602]" in refused.stderr


def test_logs_of_ray_and_of_the_container_are_read(head: dict[str, str]) -> None:
    listed = run(head, "logs", "demo", "--list", "-o", "name").stdout.split()
    assert {"raylet.err", "start.log"} <= set(listed)
    assert run(head, "logs", "demo", "--file", "raylet.err").stdout == "one\n"
    assert "up\n" in run(head, "logs", "demo", "--file", "start.log").stdout


def test_a_port_of_the_head_is_reached_again_and_again(head: dict[str, str]) -> None:
    fetch = "import os, urllib.request as r; print(r.urlopen(os.environ['RAY_API_SERVER_ADDRESS'], timeout=30).status)"
    script = (
        f'eval "$({sys.executable} -m shoal env demo)"; {sys.executable} -c "{fetch}"; {sys.executable} -c "{fetch}"'
    )
    ended = subprocess.run(["bash", "-c", script], env=head, capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["200", "200"], ended.stderr


def test_a_terminal_has_its_size_its_keys_and_its_exit_code(head: dict[str, str]) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "shoal", "attach", "demo"], head)
    try:
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
        assert b"(demo) " in read_until(terminal, b"$ ")
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 120, 0, 0))
        time.sleep(2)
        os.write(terminal, b"stty size\r")
        assert b"44 120" in read_until(terminal, b"44 120")
        os.write(terminal, b"sleep 600\r")
        time.sleep(1)
        os.write(terminal, b"\x03")
        os.write(terminal, b"exit 4\r")
        assert b"exit" in read_until(terminal, b"never printed", patience_s=10)
        assert exit_code(child, patience_s=10) == 4
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise


def exit_code(child: int, patience_s: float) -> int | None:
    """None if it has not ended by then."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if (ended := os.waitpid(child, os.WNOHANG)) != (0, 0):
            return os.waitstatus_to_exitcode(ended[1])
        time.sleep(0.1)
    return None


def read_until(terminal: int, text: bytes, patience_s: float = 60) -> bytes:
    """What is printed up to ``text``, or to the end."""
    seen, deadline = b"", time.monotonic() + patience_s
    while text not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
    return seen


def test_nobody_acts_on_it_and_up_says_so(head: dict[str, str], node: Cluster, namespace: str) -> None:
    manifest = node.kubectl("get", "raycluster", "demo", "-n", namespace, "-o", "yaml")
    ended = run(head, "plan", "-", input=manifest)
    assert (ended.returncode, ended.stdout.partition("\n")[0]) == (0, "demo: nothing to do"), ended.stderr
    assert "no operator holds a Lease here: this is what Shoal's would do" in ended.stderr


def test_down_removes_the_object_and_says_what_is_left(head: dict[str, str], node: Cluster, namespace: str) -> None:
    ended = run(head, "down", "demo", "--yes", "--timeout", "2")
    assert ended.returncode == 4
    assert "1 pod left" in ended.stderr
    node.kubectl("delete", "pod", "demo-head", "-n", namespace)
    assert run(head, "down", "demo", "-n", namespace, "--yes").returncode == 2
