"""What processes on this machine can't honour: every field is honoured or told."""

import pytest
from lint_cases import CASES

from shoal.desired.cluster import DesiredNode, Role
from shoal.engine.ray_start import node_environment
from shoal.findings import Page, Severity
from shoal.lint.facts import Facts
from shoal.lint.local import PAGES, crowd, places, set_fields, unhonoured
from shoal.spec.parse import parse
from shoal.spec.parsed import Document
from shoal.spec.ray_start import NO_FORK_HANDLERS, PLACING_VARIABLES

EVERYTHING = (CASES / "everything.yaml").read_text()
HONOURED_OF_ALL = {
    "apiVersion",
    "kind",
    "metadata.name",
    "spec.rayVersion",
    "spec.headGroupSpec.rayStartParams.num-cpus",
    "spec.headGroupSpec.rayStartParams.port",
    "spec.headGroupSpec.labels.zone",
    "spec.headGroupSpec.template.spec.containers.0.name",
    "spec.headGroupSpec.template.spec.containers.0.env.0.name",
    "spec.headGroupSpec.template.spec.containers.0.env.0.value",
    "spec.headGroupSpec.template.spec.containers.0.env.1.name",
    "spec.headGroupSpec.template.spec.containers.0.ports.0.name",
    "spec.headGroupSpec.template.spec.containers.0.ports.0.containerPort",
    "spec.workerGroupSpecs.0.groupName",
    "spec.workerGroupSpecs.0.replicas",
    "spec.workerGroupSpecs.0.minReplicas",
    "spec.workerGroupSpecs.0.maxReplicas",
    "spec.workerGroupSpecs.0.resources.special",
    "spec.workerGroupSpecs.0.template.spec.containers.0.name",
}


def only(text: str) -> Document:
    parsed = parse(text, "x.yaml")
    assert not parsed.findings, parsed.findings
    return parsed.documents[0]


def dotted(document: Document) -> tuple[set[str], set[str]]:
    """The fields that are set, and those that a note names."""
    given = {".".join(map(str, path)) for path, _ in set_fields(document.node)}
    told = {".".join(map(str, path)) for paths in places(document).values() for path in paths}
    return given, told


def test_every_field_is_honoured_or_told() -> None:
    given, told = dotted(only(EVERYTHING))
    assert given - told == HONOURED_OF_ALL
    assert told <= given


def test_every_kind_of_thing_is_told_once() -> None:
    notes = unhonoured(only(EVERYTHING))
    codes = [note.code for note in notes]
    assert sorted(codes) == [f"L9{number:02}" for number in range(1, 18)]
    assert {note.severity for note in notes} == {Severity.NOTE}
    assert all(note.mark is not None for note in notes)


def test_a_note_names_its_lines() -> None:
    (note,) = [note for note in unhonoured(only(EVERYTHING)) if note.code == "L901"]
    lines = [number for number, line in enumerate(EVERYTHING.splitlines(), 1) if "image" in line]
    assert note.message.endswith(f"(lines {lines[0]}, {lines[1]}, {lines[2]})")


def test_a_manifest_that_asks_for_nothing_else_has_no_notes() -> None:
    text = """
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: plain}
spec:
  enableInTreeAutoscaling: false
  headGroupSpec:
    rayStartParams: {num-cpus: "1", block: "true", dashboard-port: "8300"}
    template: {spec: {containers: [{name: ray, ports: [{name: client, containerPort: 10001}]}]}}
  workerGroupSpecs: []
"""
    assert unhonoured(only(text)) == ()


def test_a_port_option_of_a_worker_is_not_honoured() -> None:
    text = """
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: plain}
spec:
  headGroupSpec: {template: {spec: {containers: [{name: ray}]}}}
  workerGroupSpecs:
    - groupName: a
      rayStartParams: {port: "1234"}
      template: {spec: {containers: [{name: ray}]}}
"""
    assert [note.code for note in unhonoured(only(text))] == ["L910"]


CLUSTER_FILE = """
cluster_name: x
max_workers: 2
idle_timeout_minutes: 1
provider: {type: local, head_ip: localhost, worker_ips: [127.0.0.1, 10.0.0.7]}
auth: {ssh_user: me}
docker: {image: "rayproject/ray:2.60.0"}
head_node_type: a
available_node_types:
  a: {resources: {CPU: 2}, min_workers: 1, labels: {zone: b}, node_config: {x: 1}, idle_timeout_s: 3}
file_mounts: {/a: /b}
setup_commands: [pip install x]
metadata: {owner: me}
"""


def test_every_field_of_a_cluster_file_is_honoured_or_told() -> None:
    given, told = dotted(only(CLUSTER_FILE))
    assert given - told == {
        "cluster_name",
        "provider.type",
        "provider.head_ip",
        "provider.worker_ips.0",
        "head_node_type",
        "available_node_types.a.resources.CPU",
        "available_node_types.a.min_workers",
        "available_node_types.a.labels.zone",
    }
    codes = sorted(note.code for note in unhonoured(only(CLUSTER_FILE)))
    assert codes == ["L929", "L931", "L932", "L933", "L934", "L935", "L936"]


def test_other_kinds_are_told_as_a_whole() -> None:
    (note,) = unhonoured(only("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"))
    assert (note.code, note.message) == ("L920", "the ConfigMap is not made: only RayCluster and cluster.yaml run here")


def test_no_variable_of_a_manifest_opens_or_moves_a_node_and_notes_name_them_all() -> None:
    manifest = dict.fromkeys(PLACING_VARIABLES, "ours") | {"OWN": "kept"}
    node = DesiredNode("head", Role.HEAD, "headgroup", {}, env=manifest)
    variables = node_environment(node, "cluster", "launch", "token")
    assert "ours" not in variables.values()
    assert variables.pop("OWN") == "kept"
    assert set(variables) <= PLACING_VARIABLES | set(NO_FORK_HANDLERS)


def test_far_more_nodes_than_cpus_are_told_and_nothing_where_the_cpus_are_unknown() -> None:
    (note,) = crowd(9, Facts(cpus=2))
    assert (note.code, note.severity) == ("L921", Severity.NOTE)
    assert note.message.endswith("9 on 2")
    assert crowd(8, Facts(cpus=2)) == crowd(500, Facts()) == ()


def test_every_note_has_a_page() -> None:
    codes = {note.code for text in (EVERYTHING, CLUSTER_FILE) for note in unhonoured(only(text))} | {
        "L920",
        "L921",
        "L950",
    }
    assert {page.code for page in PAGES} == codes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_says_more_than_its_title(page: Page) -> None:
    assert len(page.body) > 40
