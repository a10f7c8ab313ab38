"""up, plan and down where an operator does the work, or nobody does."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from served import CONTEXT, NAMESPACE, Served
from shoal.backends.kubernetes.compact import LAST_APPLIED
from shoal.backends.kubernetes.remote import backend
from shoal.backends.kubernetes.remote.places import remembered
from shoal.cli.main import run

Capture = pytest.CaptureFixture[str]
THERE = ["--context", CONTEXT]
CLUSTERS = f"/apis/ray.io/v1/namespaces/{NAMESPACE}/rayclusters"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(backend.KubernetesBackend, "look_again_s", 0.02)


@pytest.fixture
def says(served: Served) -> Iterator[Callable[[str, str, str], None]]:
    """Make an operator that writes the condition Ready of "demo" once it is there: (status, reason, message)."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def begin(status: str, reason: str, message: str) -> None:
        def operate() -> None:
            while not over.wait(0.02):
                found = served.api.objects("rayclusters.ray.io")
                if found and "deletionTimestamp" not in found[0]["metadata"]:
                    ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
                    now = "2026-01-01T00:00:00Z"
                    conditions = [{**ready, "lastTransitionTime": now}]
                    generation = found[0]["metadata"]["generation"]
                    told = {"conditions": conditions, "observedGeneration": generation}
                    served.do("PATCH", f"{CLUSTERS}/demo/status", {"status": told})
                    return

        threads.append(threading.Thread(target=operate))
        threads[-1].start()

    yield begin
    over.set()
    for thread in threads:
        thread.join()


def stored(served: Served) -> dict[str, Any]:
    (found,) = served.api.objects("rayclusters.ray.io")
    return dict(found)


def test_up_applies_the_manifest_as_written_and_waits_for_ready(
    served: Served, says: Callable[[str, str, str], None], capsys: Capture
) -> None:
    says("True", "RayAlive", "1/1 nodes ready")
    assert run(["up", "demo.yaml", *THERE, "--yes", "--timeout", "20"]) == 0
    err = capsys.readouterr().err
    assert f"demo on Kubernetes: context {CONTEXT}, namespace {NAMESPACE}" in err
    assert "+ apply RayCluster/demo  ObjectMissing: there is no RayCluster 'demo'" in err
    assert "demo is Ready" in err
    container = stored(served)["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    assert container["novel"] == {"kept": True}
    assert [name for name, _ in remembered()] == ["demo"]


def test_up_again_without_a_context_goes_where_the_cluster_lives_and_names_what_differs(
    served: Served, says: Callable[[str, str, str], None], capsys: Capture
) -> None:
    says("True", "RayAlive", "1/1 nodes ready")
    run(["up", "demo.yaml", *THERE, "--yes", "--timeout", "20"])
    assert run(["plan", "demo.yaml"]) == 0
    changed = Path("demo.yaml").read_text().replace("rayStartParams: {}", 'rayStartParams: {num-cpus: "2"}')
    Path("demo.yaml").write_text(changed)
    capsys.readouterr()
    assert run(["plan", "demo.yaml", "-o", "json"]) == 3
    ((action,),) = json.loads(capsys.readouterr().out)["stages"]
    assert action["message"] == "spec.headGroupSpec.rayStartParams.num-cpus: nothing -> 2"
    assert "num-cpus" not in str(stored(served))


def with_groups(**groups: dict[str, Any]) -> dict[str, Any]:
    """The manifest of demo.yaml with worker groups of these names. groups: what is special about each."""
    manifest: dict[str, Any] = yaml.safe_load(Path("demo.yaml").read_text())
    container = {"name": "ray-worker", "image": "rayproject/ray:2.60.0"}
    common = {"rayStartParams": {}, "maxReplicas": 9, "template": {"spec": {"containers": [container]}}}
    specs = [{"groupName": name, **common, **special} for name, special in groups.items()]
    return manifest | {"spec": manifest["spec"] | {"workerGroupSpecs": specs}}


def test_what_kubectl_applied_and_the_file_says_no_more_goes_and_what_others_set_stays(
    served: Served, capsys: Capture
) -> None:
    before = with_groups(a={}, b={"replicas": 1})
    before["spec"]["suspend"] = True
    before["metadata"]["annotations"] = {"team": "one"}
    there = with_groups(a={"replicas": 5}, b={"replicas": 1})  # the autoscaler has chosen those of the first group
    there["spec"]["suspend"] = True
    there["metadata"]["annotations"] = {"team": "one", LAST_APPLIED: json.dumps(before)}
    served.do("POST", CLUSTERS, there)
    Path("demo.yaml").write_text(yaml.safe_dump(with_groups(a={})))
    assert run(["plan", "demo.yaml", *THERE, "-o", "json"]) == 3
    ((action,),) = json.loads(capsys.readouterr().out)["stages"]
    assert "spec.suspend: true -> nothing" in action["message"]
    assert "spec.workerGroupSpecs: 2 entries -> 1 entries" in action["message"]
    assert "metadata.annotations.team: one -> nothing" in action["message"]
    assert LAST_APPLIED not in action["message"]
    assert run(["up", "demo.yaml", *THERE, "--yes", "--timeout", "0"]) == 4, "no operator is there to wait for"
    found = stored(served)
    assert "suspend" not in found["spec"]
    assert [(group["groupName"], group["replicas"]) for group in found["spec"]["workerGroupSpecs"]] == [("a", 5)]
    noted = json.loads(found["metadata"]["annotations"][LAST_APPLIED])
    assert [group["groupName"] for group in noted["spec"]["workerGroupSpecs"]] == ["a"]
    assert run(["plan", "demo.yaml"]) == 0


def test_plan_and_the_question_of_up_show_what_the_operator_would_do(served: Served, capsys: Capture) -> None:
    # Kubernetes itself drops what it doesn't know, and so the operator never sees it.
    Path("demo.yaml").write_text(Path("demo.yaml").read_text().replace(", novel: {kept: true}", ""))
    assert run(["plan", "demo.yaml", *THERE]) == 3
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "then its operator:"
    assert "+ start demo-head-*****" in out
    assert "note: no operator holds a Lease here: this is what Shoal's would do" in err
    asked = [seen.verb for seen in served.api.requests if seen.resource == "rayclusters.ray.io"]
    assert asked == ["get"], "both are of one dry run, and of one look before it"
    assert run(["up", "demo.yaml", *THERE]) == 2  # there is no terminal to ask on
    said = capsys.readouterr().err
    assert (
        said.index("+ apply RayCluster/demo") < said.index("then its operator:") < said.index("+ start demo-head-*****")
    )
    assert served.api.objects("rayclusters.ray.io") == []


def test_what_blocks_is_what_the_operator_says_and_the_deadline_has_its_exit_code(
    served: Served, says: Callable[[str, str, str], None], capsys: Capture
) -> None:
    says("False", "ImagePull", "0/1 nodes ready; demo-head: image 'x' can't be pulled; mend the image's name")
    assert run(["up", "demo.yaml", *THERE, "--yes", "--timeout", "1"]) == 4
    assert "error[E301]: demo: not ready after 1 s: 0/1 nodes ready; demo-head: image 'x'" in capsys.readouterr().err


def test_without_an_operator_up_ends_with_what_to_do(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(backend, "OPERATOR_PATIENCE_S", 0.1)
    assert run(["up", "demo.yaml", *THERE, "--yes", "--timeout", "20"]) == 1
    err = capsys.readouterr().err
    assert "error[E733]: demo: nothing acts on RayClusters here" in err
    assert f"shoal operator install --context {CONTEXT}" in err


def test_a_namespace_that_is_not_there_is_told_from_a_kind_that_is_not(served: Served, capsys: Capture) -> None:
    assert run(["up", "demo.yaml", *THERE, "-n", "nowhere", "--yes"]) == 1
    assert "kubectl create namespace nowhere" in capsys.readouterr().err


def test_two_namespaces_are_one_too_many(served: Served, capsys: Capture) -> None:
    manifest = Path("demo.yaml").read_text().replace("{name: demo}", "{name: demo, namespace: one}")
    Path("demo.yaml").write_text(manifest)
    assert run(["up", "demo.yaml", *THERE, "-n", "two", "--yes"]) == 2
    assert "error[E735]" in capsys.readouterr().err


def test_a_clusterfile_is_sent_to_convert(served: Served, capsys: Capture) -> None:
    Path("c.yaml").write_text("cluster_name: c\nprovider: {type: local, head_ip: localhost}\n")
    assert run(["up", "c.yaml", *THERE, "--yes"]) == 2
    assert "shoal convert c.yaml" in capsys.readouterr().err


def test_a_name_in_two_places_is_not_guessed_at(demo: Served, capsys: Capture, tmp_path: Path) -> None:
    run(["status", "demo", *THERE])
    (tmp_path / "home/.local/state/shoal/clusters/demo").mkdir(parents=True)
    assert run(["down", "demo", "--yes"]) == 2
    err = capsys.readouterr().err
    assert "error[E736]: there are several clusters 'demo': this machine; context there, namespace team" in err
    assert run(["down", "demo", "--context", "", "--yes"]) == 0
    assert stored(demo)


def test_down_waits_until_the_pods_are_gone_and_forgets(demo: Served, capsys: Capture) -> None:
    ended: list[float] = []

    def collect() -> None:
        while demo.api.objects("rayclusters.ray.io"):
            time.sleep(0.02)
        time.sleep(0.3)
        demo.do("DELETE", f"{PODS}/demo-head")
        ended.append(time.monotonic())
        demo.api.kubelet.end_pods()

    collector = threading.Thread(target=collect)
    collector.start()
    assert run(["down", "demo", *THERE, "--yes", "--timeout", "20"]) == 0
    collector.join()
    assert ended
    assert "demo is gone\n" in capsys.readouterr().err
    assert remembered() == ()
    assert run(["down", "demo", *THERE, "--yes"]) == 2
