"""The Helm chart and the kustomization give what `shoal operator install` gives, by the real tools."""

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube import BUILT, Cluster, run_lab
from lab.build import program
from lab.modules import HELM
from shoal.install.manifests import definitions, operator
from shoal.install.options import MANAGED_BY, Options

pytestmark = pytest.mark.kube

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/shoal-operator"
KUBERNETES = "1.34.0"
OF_HELM = (MANAGED_BY, "helm.sh/chart", "helm.sh/resource-policy")
Manifest = dict[str, Any]

INSTALLATIONS: dict[str, tuple[Options, dict[str, Any]]] = {
    "as it comes": (Options(), {}),
    "compat": (Options(profile="compat"), {"profile": "compat"}),
    "two namespaces": (Options("ops", watch=("a", "b")), {"watchNamespaces": ["a", "b"]}),
    "everything": (
        Options("ops", "compat", ("a",), "registry:5000/shoal:1", 2),
        {
            "profile": "compat",
            "watchNamespaces": ["a"],
            "image": {"repository": "registry:5000/shoal", "tag": "1"},
            "replicas": 2,
        },
    ),
    "by digest": (
        Options(image=f"registry/shoal@sha256:{'0' * 64}"),
        {"image": {"repository": "registry/shoal", "tag": "1", "digest": f"sha256:{'0' * 64}"}},
    ),
}


@pytest.fixture(scope="session")
def helm() -> Path:
    """The real one, built by the lab."""
    run_lab("build")
    return program(HELM, "helm")


def rendered(helm: Path, values: dict[str, Any], folder: Path, *more: str) -> str:
    """What the chart gives."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    command = [str(helm), "template", "x", str(CHART), "--kube-version", KUBERNETES, "-f", str(file), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_place(manifests: list[Manifest]) -> dict[tuple[str, str, str], Manifest]:
    """Each by its kind, namespace and name, without the marks of Helm."""
    found = {}
    for one in manifests:
        meta = one["metadata"]
        place = (one["kind"], meta.get("namespace", ""), meta["name"])
        assert place not in found
        found[place] = plain(one)
    return found


def plain(value: Any) -> Any:
    """The same without the marks of Helm, wherever they stand."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in OF_HELM}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_chart_gives_what_install_gives(helm: Path, tmp_path: Path, name: str) -> None:
    options, values = INSTALLATIONS[name]
    text = rendered(helm, values, tmp_path, "--namespace", options.namespace)
    ours = [one for one in (*definitions(), *operator(options)) if one["kind"] != "Namespace"]
    assert by_place([one for one in yaml.load_all(text, yaml.CSafeLoader) if one]) == by_place(ours)


def test_the_chart_gives_no_definitions_when_asked_not_to(helm: Path, tmp_path: Path) -> None:
    assert "CustomResourceDefinition" not in rendered(helm, {"crds": {"install": False}}, tmp_path)


def test_what_a_person_adds_to_the_pod_is_there(helm: Path, tmp_path: Path) -> None:
    added = {
        "imagePullSecrets": [{"name": "pull"}],
        "priorityClassName": "high",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
    }
    values = {
        **added,
        "podAnnotations": {"note": "1"},
        "resources": {"limits": {"memory": "1Gi"}},
        "crds": {"install": False},
    }
    manifests = yaml.safe_load_all(rendered(helm, values, tmp_path))
    template = next(one for one in manifests if one["kind"] == "Deployment")["spec"]["template"]
    assert {key: template["spec"][key] for key in added} == added
    assert template["metadata"]["annotations"] == {"note": "1"}
    assert template["spec"]["containers"][0]["resources"]["limits"] == {"memory": "1Gi"}


@pytest.mark.parametrize(("version", "expected"), [("1.29.9", False), ("1.30.0-gke.1", True)])
def test_a_policy_is_made_where_the_api_server_knows_such(
    helm: Path, tmp_path: Path, version: str, expected: bool
) -> None:
    text = rendered(helm, {"crds": {"install": False}}, tmp_path, "--kube-version", version)
    assert ("kind: ValidatingAdmissionPolicy\n" in text) is expected


@pytest.mark.parametrize(
    "values",
    [
        {"profil": "compat"},
        {"profile": "open"},
        {"replicas": "2"},
        {"watchNamespaces": ["Not a name"]},
        {"watchNamespaces": ["a", "a"]},
        {"image": {"repository": ""}},
        {"image": {"digest": "latest"}},
        {"crds": {"install": True, "keep": False}},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(helm: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    done = subprocess.run([helm, "template", CHART, "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_helm_finds_nothing_to_criticise(helm: Path) -> None:
    done = subprocess.run([helm, "lint", "--strict", CHART], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kustomize_gives_what_install_gives(helm: Path) -> None:
    kubectl = BUILT / "kubectl"
    done = subprocess.run([kubectl, "kustomize", ROOT / "deploy"], capture_output=True, text=True, check=True)
    found = list(yaml.load_all(done.stdout, yaml.CSafeLoader))
    assert by_place(found) == by_place([*definitions(), *operator(Options())])


@pytest.mark.kwok
def test_helm_installs_upgrades_and_leaves_the_definitions(helm: Path, kwok: Cluster) -> None:
    space = f"test-{uuid.uuid4().hex[:8]}"

    def run(*arguments: str) -> str:
        command = [str(helm), *arguments, "--kubeconfig", str(kwok.kubeconfig), "--namespace", space]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # The definitions may be there already, from another installation, as KubeRay's are for those who come from there.
    chosen = (str(CHART), "--set", f"watchNamespaces={{{space}}}", "--take-ownership", "--wait", "--timeout", "300s")
    try:
        assert "STATUS: deployed" in run("install", "shoal", *chosen, "--create-namespace")
        assert "REVISION: 2" in run("upgrade", "shoal", *chosen, "--set", "replicas=2")
    finally:
        run("uninstall", "shoal", "--wait", "--ignore-not-found")
        kwok.kubectl("delete", "namespace", space, "--wait=false", "--ignore-not-found")
    assert "rayclusters.ray.io" in kwok.kubectl("get", "crd", "-o", "name")
