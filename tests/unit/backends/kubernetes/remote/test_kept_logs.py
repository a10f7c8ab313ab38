"""`shoal logs NAME --dead` on Kubernetes: kept by the program beside Ray, read in a pod made for it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from inspect import getsource
from pathlib import Path

import pytest

from served import CONTEXT, NAMESPACE, Served
from shoal.backends.kubernetes import keeper
from shoal.backends.kubernetes.remote import kept
from shoal.backends.kubernetes.remote.portal import close_all
from shoal.backends.kubernetes.transport import Request, Response
from shoal.cli.main import run
from shoal.desired.kubernetes.keeper import reader
from shoal.spec.log_store import LogStore, log_store
from unit.backends.kubernetes.remote.conftest import CLUSTERS, PODS
from unit.desired.kubernetes.restricted import complaints

Capture = pytest.CaptureFixture[str]
Keep = Callable[..., None]
DEAD = ["logs", "demo", "--context", CONTEXT, "--dead"]
FROM = ["--from", "pvc://logs/kept"]


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Runs the program beside a Ray that wrote these files, to the end of its pod."""
    monkeypatch.setattr(kept, "PATH", str(tmp_path / "volume"))
    monkeypatch.setattr(kept, "LOOK_AGAIN_S", 0.01)

    def run_pod(where: str, session: str = "session_1", **files: str) -> None:
        source = tmp_path / where.replace("/", "-")
        for name, text in files.items():
            path = source / session / "logs" / name.replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        target = tmp_path / "volume" / "kept" / where
        place = {"SHOAL_LOGS_KIND": "folder", "SHOAL_LOGS_FROM": str(source), "SHOAL_LOGS_TO": str(target)}
        process = subprocess.Popen([sys.executable, "-I", "-c", getsource(keeper)], env=place)
        while not all((target / session / name.replace("_", ".")).exists() for name in files):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

    return run_pod


@pytest.fixture
def readable(demo: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Pods that are made run at once."""
    send = demo.api.send

    async def and_run(request: Request) -> Response:
        response = await send(request)
        if request.method == "POST" and request.path.endswith("/pods"):
            demo.api.kubelet.run_pods()
        return response

    monkeypatch.setattr(demo.api, "send", and_run)
    return demo


def annotate(served: Served, where: str) -> None:
    """Let the RayCluster "demo" say where logs are kept."""
    served.do("PATCH", f"{CLUSTERS}/demo", {"metadata": {"annotations": {"shoal.dev/logs-to": where}}})


def pods(served: Served) -> list[str]:
    """Names of the pods that there are."""
    return [item["metadata"]["name"] for item in served.api.objects("pods")]


def test_the_last_head_that_is_gone_is_read_and_nothing_is_left(readable: Served, keep: Keep, capsys: Capture) -> None:
    keep(f"{NAMESPACE}/demo/u1/headgroup/demo-head-0/p0", raylet_err="long ago\n")
    keep(f"{NAMESPACE}/demo/u2/headgroup/demo-head-1/p1", raylet_err="the end\n")
    keep(f"{NAMESPACE}/demo/u2/g/demo-worker-1/p2", raylet_err="of a worker\n")
    keep(f"{NAMESPACE}/demo-2/u3/headgroup/demo-2-head/p3", raylet_err="of another cluster\n")
    keep("another/demo/u4/headgroup/demo-head-9/p4", raylet_err="of another namespace\n")
    annotate(readable, "pvc://logs/kept")
    assert run(DEAD) == 0
    assert capsys.readouterr().out == "the end\n"
    assert run([*DEAD, "--node", "demo-worker-1", "--file", "raylet.err"]) == 0
    assert capsys.readouterr().out == "of a worker\n"
    close_all()
    assert pods(readable) == ["demo-head"]


@pytest.mark.parametrize("where", ["pvc://logs/kept", "s3://logs?secret=keys"])
def test_the_pod_that_reads_may_do_nothing_else(where: str) -> None:
    store = log_store(where)
    assert store is not None
    spec = reader(store, NAMESPACE, "demo", "rayproject/ray:2.60.0", "the program")["spec"]
    assert complaints(spec) == []
    assert spec["automountServiceAccountToken"] is False
    assert spec["activeDeadlineSeconds"] <= 3600
    (container,) = spec["containers"]
    assert container["volumeMounts"][0]["readOnly"] is True
    assert "env" not in container  # into this one people exec; it knows no keys


def test_what_still_runs_is_not_what_is_gone(readable: Served, keep: Keep, capsys: Capture) -> None:
    (head,) = readable.api.objects("pods")
    running = f"{NAMESPACE}/demo/u1/headgroup/demo-head/{head['metadata']['uid']}"
    keep(running, raylet_err="it runs\n")
    assert run([*DEAD, *FROM]) == 2
    said = capsys.readouterr().err
    assert "no head of it that is gone has left any there" in said
    assert "`shoal logs demo` reads what runs" in said
    keep(f"{NAMESPACE}/demo/u1/g/demo-worker-1/p", raylet_err="of a worker\n")
    close_all()
    assert run([*DEAD, *FROM]) == 2
    assert "say --node: there are those of demo-worker-1" in capsys.readouterr().err


def test_a_head_that_was_replaced_under_its_name_is_gone_and_one_that_is_about_to_go_may_be_read(
    readable: Served, keep: Keep, capsys: Capture
) -> None:
    (head,) = readable.api.objects("pods")
    keep(f"{NAMESPACE}/demo/u1/headgroup/demo-head/before", raylet_err="it was killed\n")
    keep(f"{NAMESPACE}/demo/u1/headgroup/demo-head/{head['metadata']['uid']}", raylet_err="it runs\n")
    assert run([*DEAD, *FROM]) == 0
    assert capsys.readouterr().out == "it was killed\n"
    readable.do("DELETE", f"{PODS}/demo-head")
    assert run([*DEAD, *FROM]) == 0
    assert capsys.readouterr().out == "it runs\n"


def test_a_cluster_that_is_gone_itself_is_read_from_where_one_says(
    readable: Served, keep: Keep, capsys: Capture
) -> None:
    keep(f"{NAMESPACE}/demo/u1/headgroup/demo-head/p", "session_0", raylet_err="before\n")
    keep(f"{NAMESPACE}/demo/u1/headgroup/demo-head/p", "session_1", raylet_err="after\n")
    readable.do("DELETE", f"{CLUSTERS}/demo")
    readable.do("DELETE", f"{PODS}/demo-head")
    readable.api.kubelet.end_pods()
    assert run(DEAD) == 2
    assert "--from" in capsys.readouterr().err
    assert run([*DEAD, *FROM, "--list", "-o", "name"]) == 0
    assert set(capsys.readouterr().out.split()) == {"raylet.err", "session_0/raylet.err"}
    assert run([*DEAD, *FROM, "--node", "nobody"]) == 2
    assert "demo-head" in capsys.readouterr().err


def test_a_ray_that_writes_no_files_is_told_of(demo: Served, capsys: Capture) -> None:
    variable = {"name": "RAY_LOG_TO_STDERR", "value": "1"}
    ray = {"name": "ray-head", "image": "rayproject/ray:2.60.0", "env": [variable]}
    head = {"rayStartParams": {}, "template": {"spec": {"containers": [ray]}}}
    demo.do("PATCH", f"{CLUSTERS}/demo", {"spec": {"headGroupSpec": head}})
    assert run(DEAD) == 2
    assert "it writes no log files; what its containers print" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--dead", "--from", "nfs://x"], "write pvc://CLAIM"), (["--from", "pvc://x"], "--from is of --dead")],
)
def test_a_place_that_is_none_is_refused(arguments: list[str], said: str, demo: Served, capsys: Capture) -> None:
    assert run(["logs", "demo", "--context", CONTEXT, *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pvc://logs", LogStore("pvc", "logs")),
        ("pvc://logs/a/b/", LogStore("pvc", "logs", "a/b")),
        ("s3://b.c/x?secret=s&region=eu-1", LogStore("s3", "b.c", "x", "s", "eu-1")),
        ("s3://b?endpoint=http://minio.infra:9000", LogStore("s3", "b", endpoint="http://minio.infra:9000")),
        ("pvc://logs?secret=s", None),
        ("pvc://logs/../others", None),
        ("pvc://", None),
        ("s3://b?key=literal", None),
        ("s3://b?endpoint=file:///etc", None),
        ("/var/logs", None),
    ],
)
def test_a_place_is_read_from_its_text(text: str, meant: LogStore | None) -> None:
    assert log_store(text) == meant
