"""Every verb on a fake Kubernetes behind a real socket: websockets, channels, exit codes, files."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from listening import listening
from served import CONTEXT, NAMESPACE, V4, Served
from shoal.backends.kubernetes.remote.places import remembered
from shoal.backends.kubernetes.remote.portal import close_all
from shoal.backends.state import state_home
from shoal.cli.main import run
from shoal.runtime.address import Address
from shoal.runtime.backend_for import backend_of
from unit.backends.kubernetes.remote.conftest import PODS, pod

Capture = pytest.CaptureFixture[str]
Binary = pytest.CaptureFixture[bytes]
THERE = ["--context", CONTEXT]


def given(text: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make ``text`` the standard input."""
    (tmp_path / "stdin").write_bytes(text)
    monkeypatch.setattr(sys, "stdin", (tmp_path / "stdin").open())


def test_a_cluster_named_once_with_its_context_is_then_known_by_its_name(demo: Served, capsys: Capture) -> None:
    assert run(["status", "demo"]) == 2
    assert "there is no cluster 'demo'" in capsys.readouterr().err
    assert run(["status", "demo", *THERE]) == 1
    assert "demo: Starting (1/1 nodes ready" in capsys.readouterr().out
    assert run(["status", "demo"]) == 1
    assert [name for name, _ in remembered()] == ["demo"]


def test_list_shows_where_each_cluster_is(demo: Served, capsys: Capture) -> None:
    assert run(["list", *THERE, "-o", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["backend"], row["context"], row["namespace"]) == ("demo", "kubernetes", CONTEXT, NAMESPACE)
    assert run(["list"]) == 0
    assert "no clusters" in capsys.readouterr().err
    run(["status", "demo", *THERE])
    capsys.readouterr()
    assert run(["list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME   STATE      READY   BACKEND      CONTEXT   NAMESPACE",
        "demo   Starting   1/1     kubernetes   there     team",
    ]


@pytest.mark.parametrize(
    "verb", [["status"], ["down", "--yes"], ["logs"], ["exec"], ["expose", "--host", "ray.example.com", "--tls", "t"]]
)
def test_a_name_that_nobody_has_is_told_with_the_place_and_what_lists_the_names_there(
    demo: Served, verb: list[str], capsys: Capture
) -> None:
    command = ["--", "true"] if verb == ["exec"] else []
    assert run([verb[0], "other", *verb[1:], *THERE, *command]) == 2
    said = capsys.readouterr().err
    assert f"error[E102]: context {CONTEXT}, namespace {NAMESPACE}: there is no cluster 'other'" in said
    assert f"next: `shoal list --context {CONTEXT} --namespace {NAMESPACE}` shows the names there are" in said


def test_a_cluster_that_went_without_shoal_is_forgotten(demo: Served, capsys: Capture) -> None:
    run(["status", "demo", *THERE])
    demo.do("DELETE", f"/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters/demo")
    demo.do("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/demo-head")
    demo.api.kubelet.end_pods()
    assert run(["status", "demo"]) == 2
    assert remembered() == ()


@pytest.mark.parametrize("protocols", [("v5.channel.k8s.io", V4), (V4,)])
def test_the_exit_code_and_both_outputs_of_a_command_come_through(
    demo: Served, protocols: tuple[str, ...], capfdbinary: Binary
) -> None:
    demo.protocols = protocols
    assert run(["exec", "demo", *THERE, "--", "sh", "-c", "echo out; echo err >&2; exit 7"]) == 7
    out, err = capfdbinary.readouterr()
    assert (out, err.splitlines()[-1:]) == (b"out\n", [b"err"])


def test_what_is_long_comes_whole(demo: Served, capfdbinary: Binary) -> None:
    assert run(["exec", "demo", *THERE, "--", "seq", "200000"]) == 0
    assert capfdbinary.readouterr().out == b"".join(b"%d\n" % number for number in range(1, 200001))


def test_standard_input_is_passed_on_to_its_end_when_asked(
    demo: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfdbinary: Binary
) -> None:
    text = bytes(range(256)) * 1000
    given(text, monkeypatch, tmp_path)
    assert run(["exec", "demo", *THERE, "-i", "--", "cat"]) == 0
    assert capfdbinary.readouterr().out == text
    assert run(["exec", "demo", "--", "cat"]) == 0
    assert capfdbinary.readouterr().out == b""


def test_a_program_that_is_not_there_is_told(demo: Served, capsys: Capture) -> None:
    assert run(["exec", "demo", *THERE, "--", "no-such-program"]) == 2
    assert "error[E502]: there is no program 'no-such-program'" in capsys.readouterr().err


def test_a_missing_permission_is_named(demo: Served, capsys: Capture) -> None:
    demo.forbidden.add("exec")
    assert run(["exec", "demo", *THERE, "--", "true"]) == 1
    err = capsys.readouterr().err
    assert "error[E712]" in err
    assert 'cannot create resource "pods/exec"' in err
    assert "ask for the permission to create pods/exec" in err


def test_who_may_not_read_pods_is_told_so_and_may_still_look_at_the_cluster_and_end_it(
    demo: Served, capsys: Capture
) -> None:
    demo.forbidden.add("pods")
    said = "note: you may not read pods: how they are is left out"
    assert run(["status", "demo", *THERE]) == 1
    out, err = capsys.readouterr()
    assert "demo: Starting (no operator has acted on its spec yet)" in out
    assert said in err
    assert run(["list", *THERE]) == 0
    assert "demo" in capsys.readouterr().out
    assert run(["down", "demo", *THERE, "--yes", "--timeout", "20"]) == 0
    err = capsys.readouterr().err
    assert err.count(said) == 1
    assert "demo is gone" in err


def test_a_connection_that_breaks_is_no_end_of_the_command(demo: Served, capsys: Capture) -> None:
    demo.cut = True
    assert run(["exec", "demo", *THERE, "--", "true"]) == 1
    assert "error[E732]" in capsys.readouterr().err


def test_a_head_that_does_not_run_says_why(demo: Served, capsys: Capture) -> None:
    kubelet = demo.api.kubelet
    kubelet.fail(kubelet.pod("demo-head", NAMESPACE), reason="Evicted", message="low on memory")
    assert run(["exec", "demo", *THERE, "--", "true"]) == 1
    err = capsys.readouterr().err
    assert "error[E503]: demo: its head does not run: the kubelet evicted it: low on memory" in err


@pytest.fixture
def dashboard(demo: Served) -> Iterator[list[str]]:
    """A dashboard behind port 8265 of the head; the Authorization headers that it was sent."""
    seen: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            body = b"[]"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with listening(HTTPServer(("127.0.0.1", 0), Answer)) as server:
        demo.ports[8265] = server.server_port
        yield seen


def test_jobs_are_asked_for_through_a_forwarded_port_with_the_clusters_token(
    demo: Served, dashboard: list[str], capsys: Capture
) -> None:
    assert run(["jobs", "demo", *THERE, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert dashboard == ["Bearer a-token"]


def test_no_token_is_left_behind(demo: Served, dashboard: list[str]) -> None:
    run(["jobs", "demo", *THERE])
    assert dashboard
    assert [path for path in state_home().rglob("*") if path.is_file() and "a-token" in path.read_text()] == []


def test_connect_runs_its_command_with_ports_and_a_private_token_file(
    demo: Served, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of another cluster")
    code = "echo $RAY_ADDRESS ${RAY_AUTH_TOKEN-none}; stat -c %a $RAY_AUTH_TOKEN_PATH; cat $RAY_AUTH_TOKEN_PATH; exit 9"
    assert run(["connect", "demo", *THERE, "--", "sh", "-c", code]) == 9
    address, own, mode, token = capfd.readouterr().out.split()
    assert address.startswith("ray://127.0.0.1:")
    assert (own, mode, token) == ("none", "600", "a-token")
    assert list((state_home() / "kubernetes" / "secrets").iterdir()) == []


def test_a_port_where_nothing_listens_in_the_pod_is_said(demo: Served, capfd: Capture) -> None:
    assert run(["jobs", "demo", *THERE]) == 1
    err = capfd.readouterr().err
    assert "port 8265 of the head: nothing listens there" in err
    assert "error[E40" in err


def test_copies_mean_what_they_mean_on_this_machine(demo: Served, tmp_path: Path, capsys: Capture) -> None:
    here = tmp_path / "here"
    (here / "d/sub").mkdir(parents=True)
    (here / "d/sub/g.txt").write_text("in a folder")
    (here / "d/f").write_bytes(os.urandom(300_000))
    (here / "d/f").chmod(0o750)
    (here / "d/link").symlink_to("sub/g.txt")
    os.link(here / "d/f", here / "d/twin")
    assert run(["rsync-up", "demo", "d", "new", *THERE]) == 0
    assert run(["rsync-up", "demo", "d/", "new", *THERE]) == 0
    assert run(["rsync-up", "demo", "d/f", "new/", *THERE]) == 0
    assert run(["rsync-down", "demo", "new/d/", "back"]) == 0
    assert run(["rsync-down", "demo", "new/d/sub/g.txt", "back/other.txt"]) == 0
    assert sorted(path.name for path in (demo.folder / "new").iterdir()) == ["d", "f", "link", "sub", "twin"]
    assert (here / "back/f").read_bytes() == (here / "d/f").read_bytes() == (here / "back/twin").read_bytes()
    assert (here / "back/f").stat().st_mode & 0o777 == 0o750
    assert (here / "back/link").readlink() == Path("sub/g.txt")
    assert (here / "back/other.txt").read_text() == "in a folder"
    assert f"copied to {demo.folder}/new/d" in capsys.readouterr().err


def test_a_copy_that_can_not_be_made_says_where(demo: Served, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "here/big").write_bytes(b"x" * 5_000_000)
    (demo.folder / "file").write_text("")
    assert run(["rsync-up", "demo", "big", "file/big", *THERE]) == 1
    assert f"error[E602]: {demo.folder}/file" in capsys.readouterr().err
    assert run(["rsync-down", "demo", "fille", "x"]) == 2
    assert f"did you mean {demo.folder}/file?" in capsys.readouterr().err
    assert run(["rsync-up", "demo", "bigg", "x"]) == 2
    assert f"did you mean {tmp_path}/here/big?" in capsys.readouterr().err


def test_log_files_are_listed_and_read_and_no_link_is_followed(
    demo: Served, capfdbinary: Binary, tmp_path: Path
) -> None:
    logs = demo.folder / "session/session_latest/logs"
    logs.mkdir(parents=True)
    (logs / "raylet.err").write_text("one\ntwo\n")
    (logs / "outside").symlink_to("/etc/passwd")
    demo.printed["demo-head"] = b"Ray runtime started.\n"
    assert run(["logs", "demo", *THERE]) == 0
    assert sorted(capfdbinary.readouterr().out.splitlines()) == [
        b"raylet.err: one",
        b"raylet.err: two",
        b"start.log: Ray runtime started.",
    ]
    assert run(["logs", "demo", "--list", "-o", "name"]) == 0
    assert sorted(capfdbinary.readouterr().out.split()) == [b"raylet.err", b"start.log"]
    assert run(["logs", "demo", "--file", "raylet.err", "--tail", "1"]) == 0
    assert capfdbinary.readouterr().out == b"two\n"
    assert run(["logs", "demo", "--node", "demo-hed"]) == 2
    assert b"did you mean 'demo-head'?" in capfdbinary.readouterr().err


def test_what_a_crashing_container_printed_last_can_be_read(demo: Served, capfdbinary: Binary) -> None:
    kubelet = demo.api.kubelet
    kubelet.crash(kubelet.pod("demo-head", NAMESPACE))
    demo.printed["demo-head.previous"] = b"no such option\n"
    assert run(["logs", "demo", *THERE, "--file", "start.previous.log"]) == 0
    assert capfdbinary.readouterr().out == b"no such option\n"


def test_attach_says_where_the_ports_are(
    demo: Served, dashboard: list[str], capfd: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given(b"echo in $RAY_CLUSTER_NAME; exit 3\n", monkeypatch, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo.ports[port] = demo.ports[8265]
        assert run(["attach", "demo", *THERE, "-p", str(port)]) == 3
    out, err = capfd.readouterr()
    assert out == "in demo\n"
    assert f"port {port} is at 127.0.0.1:" in err
    assert f"port {port} is at 127.0.0.1:{port}" not in err


def lives(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_env_keeps_the_ports_open_until_the_shell_ends_and_then_leaves_nothing(
    demo: Served, dashboard: list[str], tmp_path: Path
) -> None:
    fetch = "import os, urllib.request as r; print(r.urlopen(os.environ['RAY_API_SERVER_ADDRESS']).read())"
    script = f"""
        export RAY_USE_TLS=1 RAY_TLS_CA_CERT=/of/another/cluster
        eval "$({sys.executable} -m shoal env demo --context there 2>{tmp_path}/said)"
        echo ${{RAY_USE_TLS-none}} ${{RAY_TLS_CA_CERT-none}}
        cat $RAY_AUTH_TOKEN_PATH; echo
        {sys.executable} -c "{fetch}"
        {sys.executable} -c "{fetch}"
    """
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.stdout.splitlines() == ["none none", "a-token", "b'[]'", "b'[]'"], ended.stderr
    said = (tmp_path / "said").read_text()
    holder = int(re.search(r"process (\d+) forwards", said)[1])  # type: ignore[index]
    deadline = time.monotonic() + 20
    while lives(holder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not lives(holder)
    assert list((state_home() / "kubernetes" / "secrets").iterdir()) == []


def test_env_says_what_stands_in_the_way(demo: Served, capfd: Capture) -> None:
    demo.do("DELETE", f"/api/v1/namespaces/{NAMESPACE}/secrets/demo")
    with pytest.raises(SystemExit) as ended:
        run(["env", "demo", *THERE])
    assert ended.value.code == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "error[E740]: demo: there is no secret 'demo'" in err


def test_a_kubernetes_that_does_not_answer_hides_no_other_cluster_and_can_be_forgotten(
    demo: Served, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["status", "demo", *THERE])
    demo.kubeconfig(tmp_path / "other")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "other"))
    run(["status", "demo", *THERE])
    (tmp_path / "config").unlink()
    capsys.readouterr()
    assert run(["list", "-o", "json"]) == 0
    assert {row["state"] for row in json.loads(capsys.readouterr().out)} == {"Unknown", "Starting"}
    assert run(["status", "demo"]) == 2
    assert run(["list", "--forget"]) == 0


def test_an_answer_that_comes_after_the_program_has_said_all_is_carried(demo: Served, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        demo.ports[7000] = server.getsockname()[1]

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                received = connection.recv(100)
                time.sleep(0.2)
                connection.sendall(received.upper())

        thread = threading.Thread(target=answer)
        thread.start()
        backend = backend_of(Address("demo", CONTEXT))
        with backend.ports("demo", [7000]) as (port,):
            host, _, number = port.address.partition(":")
            with socket.create_connection((host, int(number))) as client:
                client.sendall(b"hello")
                client.shutdown(socket.SHUT_WR)
                assert client.recv(100) == b"HELLO"
                assert client.recv(100) == b""
        thread.join()
        close_all()


def test_a_driver_gets_the_certificate_of_a_head_whose_traffic_is_encrypted(
    demo: Served, tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"RAY_TLS_CA_CERT": "ca.crt", "RAY_TLS_SERVER_CERT": "tls.crt", "RAY_TLS_SERVER_KEY": "tls.key"}
    for file in files.values():
        (demo.folder / file).write_text(f"of {file}\n")
    env = [{"name": "RAY_USE_TLS", "value": "1"}, *({"name": name, "value": file} for name, file in files.items())]
    demo.do("DELETE", f"{PODS}/demo-head")
    demo.api.kubelet.end_pods()
    demo.do("POST", PODS, pod("demo-head", env=env))
    demo.api.kubelet.run_pods()
    monkeypatch.setenv("RAY_TLS_CA_CERT", "of another cluster")
    code = "echo $RAY_USE_TLS; stat -c %a $RAY_TLS_SERVER_KEY; cat $RAY_TLS_CA_CERT $RAY_TLS_SERVER_CERT "
    code += "$RAY_TLS_SERVER_KEY"
    assert run(["connect", "demo", *THERE, "--", "sh", "-c", code]) == 0
    said = capfd.readouterr().out.splitlines()
    assert said == ["1", "600", "of ca.crt", "of tls.crt", "of tls.key"]
    assert list((state_home() / "kubernetes" / "secrets").iterdir()) == []
    (demo.folder / "tls.key").unlink()
    assert run(["connect", "demo", *THERE, "--", "sh", "-c", code]) == 1
    assert "error[E743]: demo-head: the file that RAY_TLS_SERVER_KEY names in its head" in capfd.readouterr().err
